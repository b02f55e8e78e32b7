"""Service accounts in `service_accounts` and `service_account_roles`."""

from collections.abc import Collection

from sqlalchemy import Integer, bindparam, delete, func, select, true, update

from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.lists import each_word, is_among, is_word_among
from adapters.sqlalchemy.service_accounts.tables import service_account_roles, service_accounts
from adapters.sqlalchemy.statements import (
    AFTER_ALL,
    BEFORE_ALL,
    Core,
    InsertInto,
    Row,
    Statement,
    Written,
    insert_into,
    save_in,
)
from adapters.sqlalchemy.users.rows import guards_from, permissions_from, rights_of, roles_from
from application.service_accounts.ports import ServiceAccountRepository
from domain.errors import ConcurrentChange
from domain.identifiers import ServiceAccountId, UserId
from domain.service_accounts.service_account import (
    ServiceAccount,
    ServiceAccountAlreadyExists,
    name_key,
)

SERVICE_ACCOUNT = (
    service_accounts.c.id,
    service_accounts.c.name,
    service_accounts.c.description,
    service_accounts.c.suspended_at,
    service_accounts.c.suspension_reason,
    service_accounts.c.created_by,
    service_accounts.c.created_at,
    service_accounts.c.updated_at,
    service_accounts.c.version,
    *rights_of(
        service_account_roles, service_account_roles.c.service_account_id, service_accounts.c.id
    ),
)


def service_account_from(row: Row) -> ServiceAccount:
    """Return the service account that a row of ``SERVICE_ACCOUNT`` tells of."""
    (id_, name, description, suspended, reason, created_by, created, updated, version,
     named, given) = row  # fmt: skip
    return ServiceAccount(
        id=ServiceAccountId(id_),
        name=name,
        description=description,
        suspended_at=suspended,
        suspension_reason=reason,
        roles=roles_from(named),
        created_by=None if created_by is None else UserId(created_by),
        created_at=created,
        updated_at=updated,
        version=version,
        defined_permissions=permissions_from(given),
        guards=guards_from(named, given),
    )


def service_account_values(account: ServiceAccount) -> Written:
    """Return all that is written of a service account; roles stand in a table of their own."""
    return {
        "id": account.id.value,
        "name": account.name,
        "name_key": name_key(account.name),
        "description": account.description,
        "suspended_at": account.suspended_at,
        "suspension_reason": account.suspension_reason,
        "created_by": None if account.created_by is None else account.created_by.value,
        "created_at": account.created_at,
        "updated_at": account.updated_at,
        "version": account.version,
    }


_BY_ID = service_accounts.c.id == bindparam("id")
_ADD = insert_into(service_accounts)
_GET = Statement(select(*SERVICE_ACCOUNT).where(_BY_ID))
_FIND = Statement(
    select(*SERVICE_ACCOUNT).where(service_accounts.c.name_key == bindparam("name_key"))
)
_PAGE = Statement(
    select(*SERVICE_ACCOUNT)
    .where(service_accounts.c.id < bindparam("before"))
    .order_by(service_accounts.c.id.desc())
    .limit(bindparam("limit", type_=Integer))
)
_COUNT = Statement(select(func.count()).select_from(service_accounts))
_SAVE = Statement(save_in(service_accounts, key="id", but=["created_by", "created_at"]))
_LIST_BY = Statement(
    select(*SERVICE_ACCOUNT)
    .where(
        service_accounts.c.created_by == bindparam("maker"),
        service_accounts.c.id > bindparam("after"),
    )
    .order_by(service_accounts.c.id)
    .limit(bindparam("limit", type_=Integer))
)
# No new version: nothing of the account itself changes.
_FORGET_MAKER = Statement(
    update(service_accounts)
    .where(service_accounts.c.created_by == bindparam("maker"))
    .values(created_by=None)
)
_REMOVE = Statement(delete(service_accounts).where(_BY_ID))


def _get_many(insert: InsertInto) -> Core:
    return select(*SERVICE_ACCOUNT).where(is_among(insert, service_accounts.c.id, "ids"))


def _add_roles(insert: InsertInto) -> Core:
    account_id = bindparam("account_id", type_=service_accounts.c.id.type)
    given = select(account_id, each_word(insert, "roles")).where(true())
    return (
        insert(service_account_roles)
        .from_select(["service_account_id", "role"], given)
        .on_conflict_do_nothing()
    )


def _take_other_roles(insert: InsertInto) -> Core:
    return delete(service_account_roles).where(
        service_account_roles.c.service_account_id == bindparam("account_id"),
        ~is_word_among(insert, service_account_roles.c.role, "roles"),
    )


_GET_MANY = Statement(_get_many, writes=False)
# What the one adds the other leaves.
_ADD_ROLES = Statement(_add_roles, apart=True)
_TAKE_OTHER_ROLES = Statement(_take_other_roles, apart=True)


class SqlAlchemyServiceAccountRepository(ServiceAccountRepository):
    """Service accounts; the unique name is the database's word."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, account: ServiceAccount) -> None:
        self._execution.write(_ADD, service_account_values(account), meaning=_meaning)
        self._write_roles(_ADD_ROLES, account)

    async def get(self, account_id: ServiceAccountId) -> ServiceAccount | None:
        row = await self._execution.first(_GET, id=account_id.value)
        return None if row is None else service_account_from(row)

    async def get_many(
        self, account_ids: Collection[ServiceAccountId]
    ) -> dict[ServiceAccountId, ServiceAccount]:
        ids = [account_id.value for account_id in account_ids]
        rows = await self._execution.all(_GET_MANY, ids=ids)
        return {account.id: account for account in map(service_account_from, rows)}

    async def find_by_name(self, name: str) -> ServiceAccount | None:
        row = await self._execution.first(_FIND, name_key=name_key(name))
        return None if row is None else service_account_from(row)

    async def page(
        self, *, limit: int, before: ServiceAccountId | None = None
    ) -> list[ServiceAccount]:
        start = AFTER_ALL if before is None else before.value
        rows = await self._execution.all(_PAGE, limit=limit, before=start)
        return [service_account_from(row) for row in rows]

    async def count(self) -> int:
        return await self._execution.number(_COUNT)

    async def save(self, account: ServiceAccount) -> None:
        values = service_account_values(account)
        self._execution.write(_SAVE, values, guarded=True, meaning=_meaning)
        self._write_roles(_TAKE_OTHER_ROLES, account)
        self._write_roles(_ADD_ROLES, account)
        account.version += 1

    async def list_by(
        self, maker: UserId, *, limit: int, after: ServiceAccountId | None = None
    ) -> list[ServiceAccount]:
        start = BEFORE_ALL if after is None else after.value
        rows = await self._execution.all(_LIST_BY, maker=maker.value, limit=limit, after=start)
        return [service_account_from(row) for row in rows]

    async def forget_maker(self, maker: UserId) -> None:
        self._execution.write(_FORGET_MAKER, {"maker": maker.value})

    async def remove(self, account_id: ServiceAccountId) -> bool:
        return bool(await self._execution.run(_REMOVE, id=account_id.value))

    def _write_roles(self, statement: Statement, account: ServiceAccount) -> None:
        if account.roles or statement is _TAKE_OTHER_ROLES:
            values = {"account_id": account.id.value, "roles": sorted(account.roles)}
            self._execution.write(statement, values)


def _meaning(taken: Taken) -> Exception:
    """The constraint on PostgreSQL and the column on SQLite both say which value it was."""
    if service_accounts.c.name_key.name in taken.by:
        return ServiceAccountAlreadyExists()
    return ConcurrentChange()
