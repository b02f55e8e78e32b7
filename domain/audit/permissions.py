"""What may be done with the audit trail."""

from domain.principal import Permission

AUDIT_READ = Permission("audit:read")

PERMISSIONS = (AUDIT_READ,)
