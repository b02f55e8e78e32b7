"""What mail can reach in a unit of work."""

from functools import cached_property

from adapters.memory.mail.circuits import MemoryCircuitRepository
from adapters.memory.mail.ledger import MemoryOutboxLedger
from adapters.memory.mail.outbox import MemoryOutbox
from adapters.memory.mail.secrets import MemoryOutboxSecrets
from adapters.memory.unit_of_work import MemoryUnit
from application.mail.ports import CircuitRepository, MailUnit, Outbox, OutboxLedger, OutboxSecrets


class MemoryMailUnit(MemoryUnit, MailUnit):
    """A unit of work with what mail touches."""

    @cached_property
    def outbox(self) -> Outbox:
        """Made when it is first asked for."""
        return MemoryOutbox(self._transaction)

    @cached_property
    def outbox_ledger(self) -> OutboxLedger:
        """Made when it is first asked for."""
        return MemoryOutboxLedger(self._transaction)

    @cached_property
    def outbox_secrets(self) -> OutboxSecrets:
        """Made when it is first asked for."""
        return MemoryOutboxSecrets(self._transaction)

    @cached_property
    def circuits(self) -> CircuitRepository:
        """Made when it is first asked for."""
        return MemoryCircuitRepository(self._transaction)
