"""Users in `users` and `user_roles`."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, exists, func, literal, select, true, update

from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.lists import each_word, is_among, is_word_among
from adapters.sqlalchemy.locks import Lock, exclusive
from adapters.sqlalchemy.statements import Core, InsertInto, Statement, insert_into, save_in
from adapters.sqlalchemy.users.rows import USER, user_from, user_values
from adapters.sqlalchemy.users.search import number_of, page_of
from adapters.sqlalchemy.users.tables import password_credentials, user_roles, users
from application.users.ports import UserPlace, UserQuery, UserRepository
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.identifiers import UserId
from domain.principal import ADMINISTRATOR
from domain.users.user import EmailAlreadyRegistered, User

_ADD_USER = insert_into(users)
_GET_USER = Statement(select(*USER).where(users.c.id == bindparam("id")))


def _get_users(insert: InsertInto) -> Core:
    return select(*USER).where(is_among(insert, users.c.id, "ids"))


_GET_USERS = Statement(_get_users, writes=False)
_FIND_USER = Statement(select(*USER).where(users.c.email_key == bindparam("email_key")))
_SAVE_USER = Statement(save_in(users, key="id", but=["last_signed_in_at"]))
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


def _add_roles(insert: InsertInto) -> Core:
    user_id = bindparam("user_id", type_=user_roles.c.user_id.type)
    given = select(user_id, each_word(insert, "roles")).where(true())
    return insert(user_roles).from_select(["user_id", "role"], given).on_conflict_do_nothing()


def _take_other_roles(insert: InsertInto) -> Core:
    return delete(user_roles).where(
        user_roles.c.user_id == bindparam("user_id"),
        ~is_word_among(insert, user_roles.c.role, "roles"),
    )


# What the one adds the other leaves.
_ADD_ROLES = Statement(_add_roles, apart=True)
_TAKE_OTHER_ROLES = Statement(_take_other_roles, apart=True)


class SqlAlchemyUserRepository(UserRepository):
    """Users in ``users`` and ``user_roles``; the unique mailbox is the database's word (DU-4)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, user: User) -> None:
        self._execution.write(_ADD_USER, user_values(user), meaning=_meaning)
        self._write_roles(_ADD_ROLES, user)

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
        self._execution.write(_SAVE_USER, user_values(user), guarded=True, meaning=_meaning)
        self._write_roles(_TAKE_OTHER_ROLES, user)
        self._write_roles(_ADD_ROLES, user)
        user.version += 1

    async def record_sign_in(self, user: User, *, at: datetime) -> None:
        # Written with what depends on it, or before: every save of this user is kept out.
        values = {"id": user.id.value, "version": user.version, "last_signed_in_at": at}
        self._execution.write(_RECORD_SIGN_IN, values, guarded=True)

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

    def _write_roles(self, statement: Statement, user: User) -> None:
        if user.roles or statement is _TAKE_OTHER_ROLES:
            values = {"user_id": user.id.value, "roles": sorted(user.roles)}
            self._execution.write(statement, values)


def _meaning(taken: Taken) -> Exception:
    """The constraint on PostgreSQL and the column on SQLite both say which value it was."""
    return EmailAlreadyRegistered() if users.c.email_key.name in taken.by else ConcurrentChange()
