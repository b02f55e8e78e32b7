"""The permissions of API keys."""

from domain.principal import Permission

API_KEYS_READ = Permission("api-keys:read")
API_KEYS_REVOKE = Permission("api-keys:revoke")
TOKENS_INTROSPECT = Permission("tokens:introspect")
PERMISSIONS = (API_KEYS_READ, API_KEYS_REVOKE, TOKENS_INTROSPECT)
