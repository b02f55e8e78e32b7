"""What audit can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.audit.chain import SqlAlchemyAuditChain
from adapters.sqlalchemy.audit.retired_keys import SqlAlchemyRetiredAuditKeys
from adapters.sqlalchemy.audit.trail import SqlAlchemyAuditTrail
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnit
from application.audit.ports import AuditChain, AuditTrail, AuditUnit, RetiredAuditKeys


class SqlAlchemyAuditUnit(SqlAlchemyUnit, AuditUnit):
    """A unit of work with what audit touches."""

    @cached_property
    def audit(self) -> AuditTrail:
        """Made when it is first asked for."""
        return SqlAlchemyAuditTrail(self._execution)

    @cached_property
    def audit_chain(self) -> AuditChain:
        """Made when it is first asked for."""
        return SqlAlchemyAuditChain(self._execution)

    @cached_property
    def retired_audit_keys(self) -> RetiredAuditKeys:
        """Made when it is first asked for."""
        return SqlAlchemyRetiredAuditKeys(self._execution)
