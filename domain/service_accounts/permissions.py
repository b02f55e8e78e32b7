"""The permissions of service accounts."""

from domain.principal import Permission

SERVICE_ACCOUNTS_READ = Permission("service-accounts:read")
SERVICE_ACCOUNTS_WRITE = Permission("service-accounts:write")
PERMISSIONS = (SERVICE_ACCOUNTS_READ, SERVICE_ACCOUNTS_WRITE)
