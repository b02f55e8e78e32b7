"""Users over one memory transaction."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from adapters.memory.store import Transaction
from adapters.memory.users.tables import CREDENTIALS, ROLES, USERS
from application.users.ports import UserOrder, UserPlace, UserQuery, UserRepository
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.identifiers import UserId
from domain.principal import ADMINISTRATOR, Guards, Permission, RoleName
from domain.users.user import EmailAlreadyRegistered, User


def with_permissions(transaction: Transaction, user: User) -> User:
    """Return the user with what the user's defined roles give, and from which level on."""
    given, guards = given_by(transaction, user.roles)
    return replace(user, defined_permissions=given, guards=guards)


def given_by(
    transaction: Transaction, names: Collection[RoleName]
) -> tuple[frozenset[Permission], Guards]:
    """Return what those of the roles give that are defined, and from which level on."""
    roles = transaction.table(ROLES).select(lambda role: role.name in names).values()
    given = frozenset[Permission]().union(*(role.permissions for role in roles))
    guards = Guards.of(
        roles={role.name: role.required_acr for role in roles if role.required_acr is not None},
        given=((each, role.required_acr) for role in roles for each in role.permissions),
    )
    return given, guards


class MemoryUserRepository(UserRepository):
    """Users in a dictionary, found by mailbox through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._users = transaction.table(USERS)

    async def add(self, user: User) -> None:
        await self._transaction.writing()
        self._refuse_double(user)
        if self._users.get(user.id) is not None:
            raise ConcurrentChange
        self._users.put(user.id, user)

    async def get(self, user_id: UserId) -> User | None:
        await self._transaction.reading()
        user = self._users.get(user_id)
        return None if user is None else with_permissions(self._transaction, user)

    async def get_many(self, user_ids: Collection[UserId]) -> dict[UserId, User]:
        await self._transaction.reading()
        found = [self._users.get(user_id) for user_id in user_ids]
        return {user.id: with_permissions(self._transaction, user) for user in found if user}

    async def find_by_email(self, email: EmailAddress) -> User | None:
        await self._transaction.reading()
        user = next(iter(self._users.find("mailbox", email.key)), None)
        return None if user is None else with_permissions(self._transaction, user)

    async def save(self, user: User) -> None:
        await self._transaction.writing()
        kept = self._unchanged(user)
        self._refuse_double(user)
        user.version += 1
        self._users.put(user.id, replace(user, last_signed_in_at=kept.last_signed_in_at))

    async def record_sign_in(self, user: User, *, at: datetime) -> None:
        await self._transaction.writing()
        kept = self._unchanged(user)
        self._users.put(user.id, replace(kept, last_signed_in_at=at))

    async def search(
        self, query: UserQuery, *, limit: int, after: UserPlace | None = None
    ) -> list[User]:
        await self._transaction.reading()
        found = sorted(
            self._users.select(query.matches).values(),
            key=lambda user: _place(query.order, user.email.key, user.id),
            reverse=query.order.descending,
        )
        if after is not None:
            behind = _place(query.order, after.email_key, after.user_id)
            found = [
                user
                for user in found
                if _is_behind(query.order, _place(query.order, user.email.key, user.id), behind)
            ]
        return [with_permissions(self._transaction, user) for user in found[:limit]]

    async def count(self, query: UserQuery) -> int:
        await self._transaction.reading()
        return len(self._users.select(query.matches))

    async def hold_administrators(self, *, but: UserId) -> int:
        await self._transaction.writing()
        passwords = self._transaction.table(CREDENTIALS)
        others = self._users.find(
            "role", ADMINISTRATOR, where=lambda user: user.administrates and user.id != but
        )
        kept = (passwords.get(user.id) for user in others)
        return sum(password is not None and not password.contested for password in kept)

    async def remove(self, user_id: UserId) -> None:
        await self._transaction.writing()
        self._transaction.remove_owned(user_id)

    def _unchanged(self, user: User) -> User:
        kept = self._users.get(user.id)
        if kept is None or kept.version != user.version:
            raise ConcurrentChange
        return kept

    def _refuse_double(self, user: User) -> None:
        if self._users.find("mailbox", user.email.key, where=lambda other: other.id != user.id):
            raise EmailAlreadyRegistered


def _place(order: UserOrder, email_key: str, user_id: UserId) -> tuple[str, UserId]:
    return (email_key if order.by_email else "", user_id)


def _is_behind(order: UserOrder, place: tuple[str, UserId], behind: tuple[str, UserId]) -> bool:
    return place < behind if order.descending else place > behind


def require_user(transaction: Transaction, user_id: UserId) -> None:
    """Raise ConcurrentChange as a foreign key does: the user was removed meanwhile."""
    if transaction.table(USERS).get(user_id) is None:
        raise ConcurrentChange
