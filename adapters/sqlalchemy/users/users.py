"""Users in `users` and `user_roles`."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, func, literal, select, update

from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.locks import Lock, exclusive
from adapters.sqlalchemy.statements import (
    Core,
    InsertInto,
    Statement,
    insert_into,
    is_among,
    save_in,
)
from adapters.sqlalchemy.users.rows import ROLES, USER, roles_from, user_from, user_values
from adapters.sqlalchemy.users.search import number_of, page_of
from adapters.sqlalchemy.users.tables import password_credentials, user_roles, users
from application.users.ports import UserPlace, UserQuery, UserRepository
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.identifiers import UserId
from domain.principal import ADMINISTRATOR, RoleName
from domain.users.user import EmailAlreadyRegistered, User

_ADD_USER = insert_into(users)
_GET_USER = Statement(select(*USER).where(users.c.id == bindparam("id")))


def _get_users(insert: InsertInto) -> Core:
    return select(*USER).where(is_among(insert, users.c.id, "ids"))


_GET_USERS = Statement(_get_users, writes=False)
_FIND_USER = Statement(select(*USER).where(users.c.email_key == bindparam("email_key")))
# Answers with the roles as they were, so that only what changed about them is written.
_SAVE_USER = Statement(save_in(users, key="id", but=["last_signed_in_at"]).returning(ROLES))
_RECORD_SIGN_IN = Statement(
    update(users)
    .where(users.c.id == bindparam("id"), users.c.version == bindparam("version"))
    .values(last_signed_in_at=bindparam("last_signed_in_at"))
)
# The lock is on the question and not on rows, of which there may be none.
_HOLD_ADMINISTRATORS = exclusive(Lock.ADMINISTRATORS)
_COUNT_ADMINISTRATORS = Statement(
    select(func.count())
    .select_from(users.join(user_roles, user_roles.c.user_id == users.c.id))
    .where(
        user_roles.c.role == literal(ADMINISTRATOR),
        users.c.suspended_at.is_(None),
        users.c.email_verified_at.is_not(None),
        users.c.id != bindparam("but"),
        exists().where(
            password_credentials.c.user_id == users.c.id,
            password_credentials.c.contested.is_(False),
        ),
    )
)
_REMOVE_USER = Statement(delete(users).where(users.c.id == bindparam("id")))
_ADD_ROLE = insert_into(user_roles)
_REMOVE_ROLE = Statement(
    delete(user_roles).where(
        user_roles.c.user_id == bindparam("user_id"), user_roles.c.role == bindparam("role")
    )
)


class SqlAlchemyUserRepository(UserRepository):
    """Users in ``users`` and ``user_roles``; the unique mailbox is the database's word (DU-4)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, user: User) -> None:
        try:
            await self._execution.run(_ADD_USER, **user_values(user))
        except Taken as taken:
            raise _meaning(taken) from None
        await self._set(_ADD_ROLE, user, user.roles)

    async def get(self, user_id: UserId) -> User | None:
        row = await self._execution.first(_GET_USER, id=user_id.value)
        return None if row is None else user_from(row)

    async def get_many(self, user_ids: Collection[UserId]) -> dict[UserId, User]:
        ids = [user_id.value for user_id in user_ids]
        found = (user_from(row) for row in await self._execution.all(_GET_USERS, ids=ids))
        return {user.id: user for user in found}

    async def find_by_email(self, email: EmailAddress) -> User | None:
        row = await self._execution.first(_FIND_USER, email_key=email.key)
        return None if row is None else user_from(row)

    async def save(self, user: User) -> None:
        try:
            saved = await self._execution.first(_SAVE_USER, **user_values(user))
        except Taken as taken:
            raise _meaning(taken) from None
        if saved is None:
            raise ConcurrentChange
        before = roles_from(saved[0])
        await self._set(_REMOVE_ROLE, user, before - user.roles)
        await self._set(_ADD_ROLE, user, user.roles - before)
        user.version += 1

    async def record_sign_in(self, user: User, *, at: datetime) -> None:
        # The row stays locked until the commit, which keeps every save of this user out.
        found = await self._execution.run(
            _RECORD_SIGN_IN, id=user.id.value, version=user.version, last_signed_in_at=at
        )
        if not found:
            raise ConcurrentChange

    async def search(
        self, query: UserQuery, *, limit: int, after: UserPlace | None = None
    ) -> list[User]:
        statement, values = page_of(query, after)
        rows = await self._execution.all(statement, limit=limit, **values)
        return [user_from(row) for row in rows]

    async def count(self, query: UserQuery) -> int:
        statement, values = number_of(query)
        return await self._execution.number(statement, **values)

    async def hold_administrators(self, *, but: UserId) -> int:
        await self._execution.all(_HOLD_ADMINISTRATORS)
        return await self._execution.number(_COUNT_ADMINISTRATORS, but=but.value)

    async def remove(self, user_id: UserId) -> None:
        await self._execution.run(_REMOVE_USER, id=user_id.value)

    async def _set(self, statement: Statement, user: User, roles: Collection[RoleName]) -> None:
        rows = [{"user_id": user.id.value, "role": role} for role in sorted(roles)]
        await self._execution.run_each(statement, rows)


def _meaning(taken: Taken) -> Exception:
    """The constraint on PostgreSQL and the column on SQLite both say which value it was."""
    return EmailAlreadyRegistered() if users.c.email_key.name in taken.by else ConcurrentChange()
