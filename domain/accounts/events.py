"""What can happen to an account beside what happens to its user."""

from dataclasses import dataclass

from domain.users.events import UserEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class UserExported(UserEvent):
    """A copy of everything held about the user was handed out."""

    name = "user.exported"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeRequested(UserEvent):
    """The user asked to move to another address, which has yet to be proven."""

    name = "email.change_requested"
