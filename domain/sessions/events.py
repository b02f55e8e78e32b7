"""What can happen to a session."""

from dataclasses import dataclass

from domain.events import DomainEvent
from domain.identifiers import SessionId, UserId
from domain.users.events import UserEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRefused(DomainEvent):
    """A sign-in was refused."""

    name = "session.refused"
    outcome = "failure"
    about = ("user_id", "user")
    user_id: UserId | None = None
    because: str

    @property
    def reason(self) -> str | None:
        """The code of the refusal."""
        return self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent(DomainEvent):
    """Something happened to a session."""

    about = ("session_id", "session")
    session_id: SessionId
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(SessionEvent):
    """A user signed in, and how: the level and the methods, parted by spaces."""

    name = "session.started"
    acr: str
    amr: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRefreshed(SessionEvent):
    """A refresh token was spent for its successor; the session has the time of the last one."""

    name = "session.refreshed"
    routine = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReplayed(SessionEvent):
    """The previous refresh token came again inside the grace; the answer was repeated."""

    name = "session.replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReused(SessionEvent):
    """A spent refresh token came again, so it was copied. The session has ended."""

    name = "session.reused"
    outcome = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(SessionEvent):
    """A session was ended before its time."""

    name = "session.ended"
    because: str

    @property
    def reason(self) -> str | None:
        """Why it ended, as an :class:`~domain.sessions.session.EndReason`."""
        return self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(UserEvent):
    """All sessions of a user, but perhaps the one who asked, were ended at once."""

    name = "session.ended"
    because: str
    count: int

    @property
    def reason(self) -> str | None:
        """Why they ended, as an :class:`~domain.sessions.session.EndReason`."""
        return self.because
