"""What can happen to a user."""

from dataclasses import dataclass

from domain.events import DomainEvent
from domain.identifiers import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEvent(DomainEvent):
    """Something happened to a user."""

    about = ("user_id", "user")
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
class UserErased(UserEvent):
    """The account and all personal data are gone; only the bare identifier is left."""

    name = "user.erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChanged(UserEvent):
    """The account has another address, and its owner proved it."""

    name = "email.changed"


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
