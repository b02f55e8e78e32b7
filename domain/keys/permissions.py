"""What may be done with signing keys."""

from domain.principal import Permission

KEYS_MANAGE = Permission("keys:manage")

PERMISSIONS = (KEYS_MANAGE,)
