"""What sessions need from outside: where they are kept."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from application.audit.ports import AuditUnit
from application.mail.ports import MailUnit
from application.users.ports import UsersUnit
from domain.identifiers import SessionId, UserId
from domain.sessions.session import EndReason, Session
from domain.users.user import User


class SessionRepository(Protocol):
    """Sessions."""

    @abstractmethod
    async def add(self, session: Session) -> None:
        """Keep a new session."""

    @abstractmethod
    async def get(self, session_id: SessionId) -> Session | None:
        """Return the session, living or ended, or None."""

    @abstractmethod
    async def get_with_user(self, session_id: SessionId) -> tuple[Session, User] | None:
        """Return the session and its user, read in one statement, or None."""

    @abstractmethod
    async def list_living(
        self, user_id: UserId, *, now: datetime, limit: int, before: SessionId | None = None
    ) -> list[Session]:
        """Return up to that many of the user's living sessions, the newest first.

        The order is that of the identifiers, which sort by time; ``before`` starts behind the
        session that it names, whether or not that one still lives.
        """

    @abstractmethod
    async def count_living(self, user_id: UserId, *, now: datetime) -> int:
        """Return how many living sessions the user has."""

    @abstractmethod
    async def list_kept(
        self, user_id: UserId, *, limit: int, before: SessionId | None = None
    ) -> list[Session]:
        """Return up to that many of the user's sessions, living or ended, the newest first.

        ``before`` starts behind the session that it names.
        """

    @abstractmethod
    async def save(self, session: Session) -> None:
        """Write every field but those that a session keeps for life."""

    @abstractmethod
    async def end_all(
        self,
        user_id: UserId,
        reason: EndReason,
        *,
        now: datetime,
        keep: SessionId | None = None,
        keep_newest: int = 0,
    ) -> int:
        """End the user's living sessions but those to keep; return how many were ended.

        ``keep`` names one that stays; ``keep_newest`` says how many of the newest stay. A session
        stays if either says so.
        """

    @abstractmethod
    async def purge(self, *, over_before: datetime, limit: int) -> int:
        """Remove up to that many sessions that had ended before then; return how many."""

    @abstractmethod
    async def wipe_successors(self, *, rotated_before: datetime, limit: int) -> int:
        """Wipe up to that many sealed successors from before then; return how many.

        Their grace has passed.
        """


class SessionsUnit(UsersUnit, AuditUnit, MailUnit, Protocol):
    """What sessions touch."""

    @property
    @abstractmethod
    def sessions(self) -> SessionRepository:
        """Sessions."""
