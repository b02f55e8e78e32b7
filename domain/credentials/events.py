"""What can happen to passwords, and to guesses at them."""

from dataclasses import dataclass

from domain.events import DomainEvent
from domain.users.events import UserEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUnlocked(UserEvent):
    """An administrator had the wrong guesses at the account forgotten."""

    name = "user.unlocked"


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
class UserLocked(UserEvent):
    """So many attempts failed at the user's address that more are refused for a while."""

    name = "user.locked"
    outcome = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptsLimited(DomainEvent):
    """So many attempts failed at an address without an account that more are refused."""

    name = "attempts.limited"
    outcome = "failure"
