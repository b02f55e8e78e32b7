"""The unit of work: all of a change, or nothing of it.

Rollback is the default. The use case commits, at most once, before it builds its answer;
whatever leaves the block without a commit is undone. Nothing slow (hashing, mail) is awaited
inside one.
"""

from abc import abstractmethod
from types import TracebackType
from typing import Protocol, Self

from application.ports.audit import AuditChain, AuditTrail
from application.ports.outbox import Outbox, OutboxLedger
from application.ports.repositories import (
    CircuitRepository,
    CredentialRepository,
    InvitationRepository,
    OneTimeTokenRepository,
    RoleRepository,
    SessionRepository,
    SignInAttemptsRepository,
    SigningKeyRepository,
    UserRepository,
)


class UnitOfWork(Protocol):
    """One transaction over all repositories, from ``async with`` to ``commit``."""

    users: UserRepository
    roles: RoleRepository
    credentials: CredentialRepository
    sessions: SessionRepository
    one_time_tokens: OneTimeTokenRepository
    invitations: InvitationRepository
    attempts: SignInAttemptsRepository
    signing_keys: SigningKeyRepository
    circuits: CircuitRepository
    outbox: Outbox
    outbox_ledger: OutboxLedger
    audit: AuditTrail
    audit_chain: AuditChain

    @abstractmethod
    async def __aenter__(self) -> Self:
        """Begin."""

    @abstractmethod
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Undo everything that was not committed."""

    @abstractmethod
    async def commit(self) -> None:
        """Make the change durable; on return it survives a crash.

        Raises :class:`~domain.errors.ServiceUnavailable` when that is not certain (DB-2).
        """


class UnitOfWorkFactory(Protocol):
    """Opens units of work."""

    @abstractmethod
    def __call__(self) -> UnitOfWork:
        """Return a unit of work that may write."""

    @abstractmethod
    def read_only(self) -> UnitOfWork:
        """Return one that only reads, each statement for itself; ``commit`` is an error.

        Cheaper, and it never waits for a writer.
        """
