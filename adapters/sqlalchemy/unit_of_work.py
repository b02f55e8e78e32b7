"""Units of work over one database."""

from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.audit_chain import SqlAlchemyAuditChain
from adapters.sqlalchemy.audit_trail import SqlAlchemyAuditTrail
from adapters.sqlalchemy.circuits import SqlAlchemyCircuitRepository
from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.execution import Execution, InTransaction, OneByOne
from adapters.sqlalchemy.invitations import SqlAlchemyInvitationRepository
from adapters.sqlalchemy.outbox import SqlAlchemyOutbox
from adapters.sqlalchemy.outbox_ledger import SqlAlchemyOutboxLedger
from adapters.sqlalchemy.repositories import (
    SqlAlchemyOneTimeTokenRepository,
    SqlAlchemySignInAttemptsRepository,
    SqlAlchemySigningKeyRepository,
)
from adapters.sqlalchemy.roles import SqlAlchemyRoleRepository
from adapters.sqlalchemy.sessions import SqlAlchemySessionRepository
from adapters.sqlalchemy.users import (
    SqlAlchemyCredentialRepository,
    SqlAlchemyUserRepository,
)
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class SqlAlchemyUnitOfWork(UnitOfWork):
    """A unit of work on one connection, which goes back to the pool whatever happens (DU-5)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self.users = SqlAlchemyUserRepository(execution)
        self.roles = SqlAlchemyRoleRepository(execution)
        self.credentials = SqlAlchemyCredentialRepository(execution)
        self.sessions = SqlAlchemySessionRepository(execution)
        self.one_time_tokens = SqlAlchemyOneTimeTokenRepository(execution)
        self.invitations = SqlAlchemyInvitationRepository(execution)
        self.attempts = SqlAlchemySignInAttemptsRepository(execution)
        self.signing_keys = SqlAlchemySigningKeyRepository(execution)
        self.circuits = SqlAlchemyCircuitRepository(execution)
        self.outbox = SqlAlchemyOutbox(execution)
        self.outbox_ledger = SqlAlchemyOutboxLedger(execution)
        self.audit = SqlAlchemyAuditTrail(execution)
        self.audit_chain = SqlAlchemyAuditChain(execution)

    async def __aenter__(self) -> Self:
        await self._execution.begin()
        return self

    async def __aexit__(self, *_what_happened: object) -> None:
        await self._execution.end()

    async def commit(self) -> None:
        await self._execution.commit()


class SqlAlchemyUnitOfWorkFactory(UnitOfWorkFactory):
    """Opens units of work on the engine's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._connections = Connections(engine)

    def __call__(self) -> SqlAlchemyUnitOfWork:
        return SqlAlchemyUnitOfWork(InTransaction(self._connections))

    def read_only(self) -> SqlAlchemyUnitOfWork:
        return SqlAlchemyUnitOfWork(OneByOne(self._connections))
