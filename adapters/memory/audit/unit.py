"""What audit can reach in a unit of work."""

from functools import cached_property

from adapters.memory.audit.chain import MemoryAuditChain
from adapters.memory.audit.retired_keys import MemoryRetiredAuditKeys
from adapters.memory.audit.trail import MemoryAuditTrail
from adapters.memory.unit_of_work import MemoryUnit
from application.audit.ports import AuditChain, AuditTrail, AuditUnit, RetiredAuditKeys


class MemoryAuditUnit(MemoryUnit, AuditUnit):
    """A unit of work with what audit touches."""

    @cached_property
    def audit(self) -> AuditTrail:
        """Made when it is first asked for."""
        return MemoryAuditTrail(self._transaction)

    @cached_property
    def audit_chain(self) -> AuditChain:
        """Made when it is first asked for."""
        return MemoryAuditChain(self._transaction)

    @cached_property
    def retired_audit_keys(self) -> RetiredAuditKeys:
        """Made when it is first asked for."""
        return MemoryRetiredAuditKeys(self._transaction)
