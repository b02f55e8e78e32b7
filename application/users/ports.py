"""What is asked about users: where they are kept, and what a list is narrowed down by (AZ-5)."""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from application.ports.unit_of_work import UnitOfWork
from domain.email_address import EmailAddress
from domain.identifiers import UserId
from domain.principal import RoleName
from domain.users.user import User, UserStatus


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


class UserRepository(Protocol):
    """Users, at most one per mailbox."""

    @abstractmethod
    async def add(self, user: User) -> None:
        """Keep a new user; raise EmailAlreadyRegistered if the mailbox has an account."""

    @abstractmethod
    async def get(self, user_id: UserId) -> User | None:
        """Return the user, or None."""

    @abstractmethod
    async def get_many(self, user_ids: Collection[UserId]) -> dict[UserId, User]:
        """Return those of the users that there are, by id, read in one statement."""

    @abstractmethod
    async def find_by_email(self, email: EmailAddress) -> User | None:
        """Return the user whose mailbox this is, or None."""

    @abstractmethod
    async def save(self, user: User) -> None:
        """Write every field but ``last_signed_in_at``; raise EmailAlreadyRegistered as ``add``."""

    @abstractmethod
    async def record_sign_in(self, user: User, *, at: datetime) -> None:
        """Note a sign-in, if nothing about the user was saved since it was loaded.

        Raises ConcurrentChange otherwise. Does not raise the version, so that two sign-ins
        of one user do not disturb each other; but from here to the commit no ``save`` of
        this user can slip in between.
        """

    @abstractmethod
    async def search(
        self, query: UserQuery, *, limit: int, after: UserPlace | None = None
    ) -> list[User]:
        """Return up to that many of the users in question, beginning behind ``after``."""

    @abstractmethod
    async def count(self, query: UserQuery) -> int:
        """Return how many users are in question."""

    @abstractmethod
    async def hold_administrators(self, *, but: UserId) -> int:
        """Return how many users administrate, not counting this one.

        Counted are those who could sign in: with a proven address, not suspended, and with a
        password that is not contested. Others are kept out of here until the unit ends. A use
        case that is about to take an administrator away asks first: of two that do so at once,
        the second one waits for the first one's commit and counts after it (AZ-3).
        """

    @abstractmethod
    async def remove(self, user_id: UserId) -> None:
        """Remove the user with credentials, sessions, tokens and roles."""


class UsersUnit(UnitOfWork, Protocol):
    """What is needed to look a user up, and to save one."""

    @property
    @abstractmethod
    def users(self) -> UserRepository:
        """Users."""
