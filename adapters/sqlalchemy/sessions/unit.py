"""What sessions can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.audit.unit import SqlAlchemyAuditUnit
from adapters.sqlalchemy.mail.unit import SqlAlchemyMailUnit
from adapters.sqlalchemy.sessions.sessions import SqlAlchemySessionRepository
from adapters.sqlalchemy.users.unit import SqlAlchemyUsersUnit
from application.sessions.ports import SessionRepository, SessionsUnit


class SqlAlchemySessionsUnit(
    SqlAlchemyUsersUnit, SqlAlchemyAuditUnit, SqlAlchemyMailUnit, SessionsUnit
):
    """A unit of work with what sessions touch."""

    @cached_property
    def sessions(self) -> SessionRepository:
        """Made when it is first asked for."""
        return SqlAlchemySessionRepository(self._execution)
