"""What may be done with user accounts."""

from domain.principal import Permission

USERS_DELETE = Permission("users:delete")
USERS_INVITE = Permission("users:invite")
USERS_READ = Permission("users:read")
USERS_WRITE = Permission("users:write")

PERMISSIONS = (USERS_DELETE, USERS_INVITE, USERS_READ, USERS_WRITE)
