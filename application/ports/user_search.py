"""What a list of users can be narrowed down by, and in which order it comes (AZ-5)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.access import RoleName
from domain.email_address import EmailAddress
from domain.identifiers import UserId
from domain.user import User, UserStatus


class UserOrder(StrEnum):
    """The orders that there are; each ends in the identifier, so that none is ambiguous."""

    NEWEST = "-created_at"
    OLDEST = "created_at"
    EMAIL = "email"
    EMAIL_DESCENDING = "-email"

    @property
    def by_email(self) -> bool:
        """Whether the order is that of the addresses, and not that of birth."""
        return self in {UserOrder.EMAIL, UserOrder.EMAIL_DESCENDING}

    @property
    def descending(self) -> bool:
        """Whether the last comes first."""
        return self.value.startswith("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserQuery:
    """Which users, and in which order. ``text`` stands literally in address or name."""

    email: EmailAddress | None = None
    text: str | None = None
    status: UserStatus | None = None
    role: RoleName | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    order: UserOrder = UserOrder.NEWEST

    def matches(self, user: User) -> bool:
        """Tell whether the user is among them."""
        return all(
            (
                self.email is None or user.email.key == self.email.key,
                self.text is None or self.text.casefold() in search_text(user),
                self.status is None or user.status is self.status,
                self.role is None or self.role in user.roles,
                self.created_after is None or user.created_at > self.created_after,
                self.created_before is None or user.created_at < self.created_before,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPlace:
    """Where a page ended: behind this user."""

    user_id: UserId
    email_key: str


def search_text(user: User) -> str:
    """Return what a user is searched by, the same on every store."""
    return f"{user.email.key} {user.display_name or ''}".casefold()
