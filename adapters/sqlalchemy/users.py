"""Users, and the passwords by which they prove who they are."""

from datetime import datetime

from sqlalchemy import bindparam, delete, func, literal, select, update

from adapters.sqlalchemy.account_rows import (
    CREDENTIAL,
    ROLES,
    USER,
    credential_from,
    credential_values,
    roles_from,
    user_from,
    user_values,
)
from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.statements import Statement, exclusive, insert_into, save_in
from adapters.sqlalchemy.tables import password_credentials, user_roles, users
from adapters.sqlalchemy.user_search import number_of, page_of
from application.ports.repositories import CredentialRepository, UserRepository
from application.ports.user_search import UserPlace, UserQuery
from domain.access import ADMINISTRATOR
from domain.credential import PasswordCredential
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from domain.identifiers import UserId
from domain.user import EmailAlreadyRegistered, User

_ADD_USER = insert_into(users)
_GET_USER = Statement(select(*USER).where(users.c.id == bindparam("id")))
_FIND_USER = Statement(select(*USER).where(users.c.email_key == bindparam("email_key")))
# Answers with the roles as they were, so that only what changed about them is written.
_SAVE_USER = Statement(save_in(users, key="id", but=["last_signed_in_at"]).returning(ROLES))
_RECORD_SIGN_IN = Statement(
    update(users)
    .where(users.c.id == bindparam("id"), users.c.version == bindparam("version"))
    .values(last_signed_in_at=bindparam("last_signed_in_at"))
)
# The lock is on the question and not on rows, of which there may be none.
_HOLD_ADMINISTRATORS = exclusive(6_003_417_897)
_COUNT_ADMINISTRATORS = Statement(
    select(func.count())
    .select_from(users.join(user_roles, user_roles.c.user_id == users.c.id))
    .where(
        user_roles.c.role == literal(ADMINISTRATOR.name),
        users.c.suspended_at.is_(None),
        users.c.email_verified_at.is_not(None),
    )
)
_REMOVE_USER = Statement(delete(users).where(users.c.id == bindparam("id")))
_ADD_ROLE = insert_into(user_roles)
_REMOVE_ROLE = Statement(
    delete(user_roles).where(
        user_roles.c.user_id == bindparam("user_id"), user_roles.c.role == bindparam("role")
    )
)

_OF_USER = password_credentials.c.user_id == bindparam("user_id")
_ADD_CREDENTIAL = insert_into(password_credentials)
_GET_CREDENTIAL = Statement(select(*CREDENTIAL).where(_OF_USER))
_SAVE_CREDENTIAL = Statement(save_in(password_credentials, key="user_id"))
_REMOVE_CREDENTIAL = Statement(delete(password_credentials).where(_OF_USER))


class SqlAlchemyUserRepository(UserRepository):
    """Users in ``users`` and ``user_roles``; the unique mailbox is the database's word (DU-4)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, user: User) -> None:
        try:
            await self._execution.run(_ADD_USER, **user_values(user))
        except Taken as taken:
            raise _meaning(taken) from None
        for role in sorted(user.roles):
            await self._execution.run(_ADD_ROLE, user_id=user.id.value, role=role)

    async def get(self, user_id: UserId) -> User | None:
        row = await self._execution.first(_GET_USER, id=user_id.value)
        return None if row is None else user_from(row)

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
        for role in sorted(before - user.roles):
            await self._execution.run(_REMOVE_ROLE, user_id=user.id.value, role=role)
        for role in sorted(user.roles - before):
            await self._execution.run(_ADD_ROLE, user_id=user.id.value, role=role)
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

    async def hold_administrators(self) -> int:
        await self._execution.all(_HOLD_ADMINISTRATORS)
        return await self._execution.number(_COUNT_ADMINISTRATORS)

    async def remove(self, user_id: UserId) -> None:
        await self._execution.run(_REMOVE_USER, id=user_id.value)


class SqlAlchemyCredentialRepository(CredentialRepository):
    """Password credentials in ``password_credentials``."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, credential: PasswordCredential) -> None:
        try:
            await self._execution.run(_ADD_CREDENTIAL, **credential_values(credential))
        except Taken:
            raise ConcurrentChange from None

    async def get(self, user_id: UserId) -> PasswordCredential | None:
        row = await self._execution.first(_GET_CREDENTIAL, user_id=user_id.value)
        return None if row is None else credential_from(row)

    async def save(self, credential: PasswordCredential) -> None:
        if not await self._execution.run(_SAVE_CREDENTIAL, **credential_values(credential)):
            raise ConcurrentChange
        credential.version += 1

    async def remove(self, user_id: UserId) -> None:
        await self._execution.run(_REMOVE_CREDENTIAL, user_id=user_id.value)


def _meaning(taken: Taken) -> Exception:
    """The constraint on PostgreSQL and the column on SQLite both say which value it was."""
    return EmailAlreadyRegistered() if users.c.email_key.name in taken.by else ConcurrentChange()
