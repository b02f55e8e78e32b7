"""What sessions can reach in a unit of work."""

from functools import cached_property

from adapters.memory.audit.unit import MemoryAuditUnit
from adapters.memory.mail.unit import MemoryMailUnit
from adapters.memory.sessions.sessions import MemorySessionRepository
from adapters.memory.users.unit import MemoryUsersUnit
from application.sessions.ports import SessionRepository, SessionsUnit


class MemorySessionsUnit(MemoryUsersUnit, MemoryAuditUnit, MemoryMailUnit, SessionsUnit):
    """A unit of work with what sessions touch."""

    @cached_property
    def sessions(self) -> SessionRepository:
        """Made when it is first asked for."""
        return MemorySessionRepository(self._transaction)
