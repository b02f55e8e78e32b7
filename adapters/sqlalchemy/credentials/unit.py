"""What credentials can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.api_keys.unit import SqlAlchemyApiKeysUnit
from adapters.sqlalchemy.credentials.attempts import SqlAlchemySignInAttemptsRepository
from adapters.sqlalchemy.credentials.one_time_tokens import SqlAlchemyOneTimeTokenRepository
from adapters.sqlalchemy.credentials.passwords import SqlAlchemyCredentialRepository
from application.credentials.ports import (
    CredentialRepository,
    CredentialsUnit,
    OneTimeTokenRepository,
    SignInAttemptsRepository,
)


class SqlAlchemyCredentialsUnit(SqlAlchemyApiKeysUnit, CredentialsUnit):
    """A unit of work with what credentials touch."""

    @cached_property
    def credentials(self) -> CredentialRepository:
        """Made when it is first asked for."""
        return SqlAlchemyCredentialRepository(self._execution)

    @cached_property
    def one_time_tokens(self) -> OneTimeTokenRepository:
        """Made when it is first asked for."""
        return SqlAlchemyOneTimeTokenRepository(self._execution)

    @cached_property
    def attempts(self) -> SignInAttemptsRepository:
        """Made when it is first asked for."""
        return SqlAlchemySignInAttemptsRepository(self._execution)
