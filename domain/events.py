"""What happened: frozen facts with a stable wire name.

Aggregates return them; the use case writes each to the audit trail in the same commit. The
names are an append-only vocabulary (``shared`` with clients through the audit API).
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar, Literal

from domain.identifiers import Identifier, InvitationId, SessionId, UserId

type Outcome = Literal["success", "failure"]


# The first of these that an event has is what it happened to.
_TARGETS = (
    ("session_id", "session"),
    ("user_id", "user"),
    ("invitation_id", "invitation"),
    ("role", "role"),
    ("kid", "signing_key"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """A fact about one user (if any), at one time (UTC)."""

    name: ClassVar[str]
    outcome: ClassVar[Outcome] = "success"
    occurred_at: datetime

    @property
    def target(self) -> tuple[str, Identifier | str] | None:
        """The thing that it happened to: its kind and its identifier."""
        for key, kind in _TARGETS:
            identifier = getattr(self, key, None)
            if identifier is not None:
                return kind, identifier
        return None

    @property
    def reason(self) -> str | None:
        """Why, as a stable word, where there is a why."""
        return None

    def data(self) -> dict[str, str]:
        """Return what is left to say, as text; never a secret and never an address."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: str(v) for k, v in values.items() if k != "occurred_at" and v is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEvent(DomainEvent):
    """Something happened to a user."""

    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRegistered(UserEvent):
    """An account was made."""

    name = "user.registered"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailVerified(UserEvent):
    """The owner of the address proved it."""

    name = "user.email_verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileChanged(UserEvent):
    """The display name was changed."""

    name = "user.profile_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSuspended(UserEvent):
    """An administrator suspended the account."""

    name = "user.suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReinstated(UserEvent):
    """An administrator lifted a suspension."""

    name = "user.reinstated"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUnlocked(UserEvent):
    """An administrator had the wrong guesses at the account forgotten."""

    name = "user.unlocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserErased(UserEvent):
    """The account and all personal data are gone; only the bare identifier is left."""

    name = "user.erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserExported(UserEvent):
    """A copy of everything held about the user was handed out."""

    name = "user.exported"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInvited(DomainEvent):
    """Somebody was asked to join. The address stands in the invitation and nowhere else."""

    name = "user.invited"
    invitation_id: InvitationId
    roles: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationWithdrawn(DomainEvent):
    """An invitation was taken back before anybody accepted it."""

    name = "user.invitation_withdrawn"
    invitation_id: InvitationId


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationAccepted(UserEvent):
    """Somebody proved the invited address, and has an account now."""

    name = "user.invitation_accepted"
    invitation_id: InvitationId


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeRequested(UserEvent):
    """The user asked to move to another address, which has yet to be proven."""

    name = "email.change_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChanged(UserEvent):
    """The account has another address, and its owner proved it."""

    name = "email.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(UserEvent):
    """The user set a new password, knowing the old one."""

    name = "password.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRequested(UserEvent):
    """A mail that lets its reader set a new password was queued."""

    name = "password.reset_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(UserEvent):
    """A mailed secret was spent for a new password."""

    name = "password.reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationDenied(DomainEvent):
    """Somebody signed in asked for what they may not."""

    name = "authorization.denied"
    outcome = "failure"
    user_id: UserId | None = None
    because: str
    missing: str | None = None

    @property
    def reason(self) -> str | None:
        """The code of the refusal."""
        return self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted(UserEvent):
    """The user was given a role."""

    name = "role.granted"
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked(UserEvent):
    """A role was taken from the user."""

    name = "role.revoked"
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEvent(DomainEvent):
    """Something happened to a role itself."""

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDefined(RoleEvent):
    """There is a new role, with these permissions."""

    name = "role.defined"
    permissions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanged(RoleEvent):
    """A role gives these permissions from now on."""

    name = "role.changed"
    permissions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRemoved(RoleEvent):
    """A role that nobody had is gone."""

    name = "role.removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLocked(UserEvent):
    """So many attempts failed at the user's address that more are refused for a while."""

    name = "user.locked"
    outcome = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsLimited(DomainEvent):
    """So many attempts failed at an address without an account that more are refused."""

    name = "attempts.limited"
    outcome = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRefused(DomainEvent):
    """A sign-in was refused."""

    name = "session.refused"
    outcome = "failure"
    user_id: UserId | None = None
    because: str

    @property
    def reason(self) -> str | None:
        """The code of the refusal."""
        return self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEvent(DomainEvent):
    """Something happened to a session."""

    session_id: SessionId
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(SessionEvent):
    """Somebody signed in."""

    name = "session.started"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRefreshed(SessionEvent):
    """A refresh token was spent for its successor."""

    name = "session.refreshed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReplayed(SessionEvent):
    """The previous refresh token came again inside the grace; the answer was repeated."""

    name = "session.replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReused(SessionEvent):
    """A spent refresh token came again: somebody has a copy. The session is dead."""

    name = "session.reused"
    outcome = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(SessionEvent):
    """A session was ended before its time."""

    name = "session.ended"
    because: str

    @property
    def reason(self) -> str | None:
        """Why it ended, as an :class:`~domain.session.EndReason`."""
        return self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsEnded(UserEvent):
    """All sessions of a user, but perhaps the one who asked, were ended at once."""

    name = "session.ended"
    because: str
    count: int

    @property
    def reason(self) -> str | None:
        """Why they ended, as an :class:`~domain.session.EndReason`."""
        return self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyEvent(DomainEvent):
    """Something happened to a signing key."""

    kid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyPublished(SigningKeyEvent):
    """A new key stands in the JWKS."""

    name = "signing_key.published"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyPromoted(SigningKeyEvent):
    """A key signs from this time on."""

    name = "signing_key.promoted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRetired(SigningKeyEvent):
    """A key was given its successor and a time to leave, which may be moved later."""

    name = "signing_key.retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyRevoked(SigningKeyEvent):
    """A key was taken out of the JWKS at once."""

    name = "signing_key.revoked"
