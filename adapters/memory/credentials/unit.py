"""What credentials can reach in a unit of work."""

from functools import cached_property

from adapters.memory.api_keys.unit import MemoryApiKeysUnit
from adapters.memory.credentials.attempts import MemorySignInAttemptsRepository
from adapters.memory.credentials.one_time_tokens import MemoryOneTimeTokenRepository
from adapters.memory.credentials.passwords import MemoryCredentialRepository
from application.credentials.ports import (
    CredentialRepository,
    CredentialsUnit,
    OneTimeTokenRepository,
    SignInAttemptsRepository,
)


class MemoryCredentialsUnit(MemoryApiKeysUnit, CredentialsUnit):
    """A unit of work with what credentials touch."""

    @cached_property
    def credentials(self) -> CredentialRepository:
        """Made when it is first asked for."""
        return MemoryCredentialRepository(self._transaction)

    @cached_property
    def one_time_tokens(self) -> OneTimeTokenRepository:
        """Made when it is first asked for."""
        return MemoryOneTimeTokenRepository(self._transaction)

    @cached_property
    def attempts(self) -> SignInAttemptsRepository:
        """Made when it is first asked for."""
        return MemorySignInAttemptsRepository(self._transaction)
