"""What API keys can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.access.unit import SqlAlchemyAccessUnit
from adapters.sqlalchemy.api_keys.keys import SqlAlchemyApiKeyRepository, SqlAlchemyApiKeyUpkeep
from adapters.sqlalchemy.sessions.unit import SqlAlchemySessionsUnit
from application.api_keys.ports import ApiKeyRepository, ApiKeysUnit, ApiKeyUpkeep


class SqlAlchemyApiKeysUnit(SqlAlchemySessionsUnit, SqlAlchemyAccessUnit, ApiKeysUnit):
    """A unit of work with what API keys touch."""

    @cached_property
    def api_keys(self) -> ApiKeyRepository:
        """Made when it is first asked for."""
        return SqlAlchemyApiKeyRepository(self._execution)

    @cached_property
    def api_key_upkeep(self) -> ApiKeyUpkeep:
        """Made when it is first asked for."""
        return SqlAlchemyApiKeyUpkeep(self._execution)
