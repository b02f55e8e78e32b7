"""What may be done with other users' documents. One's own take no permission."""

from domain.principal import Permission

DOCUMENTS_READ = Permission("documents:read")
DOCUMENTS_WRITE = Permission("documents:write")

PERMISSIONS = (DOCUMENTS_READ, DOCUMENTS_WRITE)
