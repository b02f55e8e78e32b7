"""What mail can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.mail.circuits import SqlAlchemyCircuitRepository
from adapters.sqlalchemy.mail.ledger import SqlAlchemyOutboxLedger
from adapters.sqlalchemy.mail.outbox import SqlAlchemyOutbox
from adapters.sqlalchemy.mail.secrets import SqlAlchemyOutboxSecrets
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnit
from application.mail.ports import CircuitRepository, MailUnit, Outbox, OutboxLedger, OutboxSecrets


class SqlAlchemyMailUnit(SqlAlchemyUnit, MailUnit):
    """A unit of work with what mail touches."""

    @cached_property
    def outbox(self) -> Outbox:
        """Made when it is first asked for."""
        return SqlAlchemyOutbox(self._execution)

    @cached_property
    def outbox_ledger(self) -> OutboxLedger:
        """Made when it is first asked for."""
        return SqlAlchemyOutboxLedger(self._execution)

    @cached_property
    def outbox_secrets(self) -> OutboxSecrets:
        """Made when it is first asked for."""
        return SqlAlchemyOutboxSecrets(self._execution)

    @cached_property
    def circuits(self) -> CircuitRepository:
        """Made when it is first asked for."""
        return SqlAlchemyCircuitRepository(self._execution)
