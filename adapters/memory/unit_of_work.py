"""Units of work over a :class:`~adapters.memory.store.MemoryStore`."""

from typing import Self

from adapters.memory.audit_chain import MemoryAuditChain
from adapters.memory.audit_trail import MemoryAuditTrail
from adapters.memory.circuits import MemoryCircuitRepository
from adapters.memory.invitations import MemoryInvitationRepository
from adapters.memory.outbox import MemoryOutbox
from adapters.memory.outbox_ledger import MemoryOutboxLedger
from adapters.memory.repositories import (
    MemoryCredentialRepository,
    MemoryOneTimeTokenRepository,
    MemorySessionRepository,
    MemorySignInAttemptsRepository,
    MemorySigningKeyRepository,
)
from adapters.memory.roles import MemoryRoleRepository
from adapters.memory.store import MemoryStore, Transaction
from adapters.memory.users import MemoryUserRepository
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class MemoryUnitOfWork(UnitOfWork):
    """A unit of work that changes a memory store in one step, or not at all.

    Whoever writes or commits in a read-only one, does anything in one after its commit, or lets
    one task write in two open units at once gets RuntimeError: on a database that would be lost
    work or a deadlock.
    """

    def __init__(self, store: MemoryStore, *, read_only: bool = False) -> None:
        self._transaction = transaction = Transaction(store, read_only=read_only)
        self.users = MemoryUserRepository(transaction)
        self.roles = MemoryRoleRepository(transaction)
        self.credentials = MemoryCredentialRepository(transaction)
        self.sessions = MemorySessionRepository(transaction)
        self.one_time_tokens = MemoryOneTimeTokenRepository(transaction)
        self.invitations = MemoryInvitationRepository(transaction)
        self.attempts = MemorySignInAttemptsRepository(transaction)
        self.signing_keys = MemorySigningKeyRepository(transaction)
        self.circuits = MemoryCircuitRepository(transaction)
        self.outbox = MemoryOutbox(transaction)
        self.outbox_ledger = MemoryOutboxLedger(transaction)
        self.audit = MemoryAuditTrail(transaction)
        self.audit_chain = MemoryAuditChain(transaction)

    async def __aenter__(self) -> Self:
        self._transaction.begin()
        return self

    async def __aexit__(self, *_what_happened: object) -> None:
        self._transaction.end()

    async def commit(self) -> None:
        await self._transaction.commit()


class MemoryUnitOfWorkFactory(UnitOfWorkFactory):
    """Opens units of work over one store."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store

    def __call__(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self.store)

    def read_only(self) -> MemoryUnitOfWork:
        return MemoryUnitOfWork(self.store, read_only=True)
