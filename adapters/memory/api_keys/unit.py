"""What API keys can reach in a unit of work."""

from functools import cached_property

from adapters.memory.access.unit import MemoryAccessUnit
from adapters.memory.api_keys.keys import MemoryApiKeyRepository, MemoryApiKeyUpkeep
from adapters.memory.sessions.unit import MemorySessionsUnit
from application.api_keys.ports import ApiKeyRepository, ApiKeysUnit, ApiKeyUpkeep


class MemoryApiKeysUnit(MemorySessionsUnit, MemoryAccessUnit, ApiKeysUnit):
    """A unit of work with what API keys touch."""

    @cached_property
    def api_keys(self) -> ApiKeyRepository:
        """Made when it is first asked for."""
        return MemoryApiKeyRepository(self._transaction)

    @cached_property
    def api_key_upkeep(self) -> ApiKeyUpkeep:
        """Made when it is first asked for."""
        return MemoryApiKeyUpkeep(self._transaction)
