"""What may be done with roles, and who may ask what users may do."""

from domain.principal import Permission

AUTHORIZATION_CHECK = Permission("authorization:check")
ROLES_GRANT = Permission("roles:grant")
ROLES_READ = Permission("roles:read")
ROLES_WRITE = Permission("roles:write")

PERMISSIONS = (AUTHORIZATION_CHECK, ROLES_GRANT, ROLES_READ, ROLES_WRITE)
