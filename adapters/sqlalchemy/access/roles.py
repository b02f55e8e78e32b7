"""Roles that were defined at run time."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql

from adapters.sqlalchemy.access.tables import invitations, is_living
from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.lists import each_word, is_word_among
from adapters.sqlalchemy.service_accounts.tables import service_account_roles
from adapters.sqlalchemy.statements import (
    Core,
    InsertInto,
    Row,
    Statement,
    Written,
    insert_into,
    save_in,
)
from adapters.sqlalchemy.users.tables import role_permissions, roles, user_roles
from application.access.ports import RoleRepository
from domain.access.role import Role, RoleAlreadyExists, RoleInUse
from domain.assurance import Level
from domain.errors import ConcurrentChange
from domain.principal import Permission, RoleName
from domain.vocabulary import word_of

_ROLE = (
    roles.c.name,
    roles.c.description,
    roles.c.created_at,
    roles.c.updated_at,
    roles.c.version,
    roles.c.required_acr,
)
_BY_NAME = roles.c.name == bindparam("name")
_ADD = insert_into(roles)
_GET = Statement(select(*_ROLE).where(_BY_NAME))
_LIST = Statement(select(*_ROLE).order_by(roles.c.name))
# A removal of this role, or another change of it, waits until the commit.
_HOLD = Statement(select(*_ROLE).where(_BY_NAME).with_for_update(), writes=True)
_SAVE = Statement(save_in(roles, key="name"))
_REMOVE = Statement(delete(roles).where(_BY_NAME))
_PERMISSIONS = Statement(
    select(role_permissions.c.permission).where(role_permissions.c.role == bindparam("name"))
)
_ALL_PERMISSIONS = Statement(select(role_permissions.c.role, role_permissions.c.permission))
_CLEAR_PERMISSIONS = Statement(
    delete(role_permissions).where(role_permissions.c.role == bindparam("name"))
)


def _has_holder(holders: Table) -> ColumnElement[bool]:
    return exists(select(literal_column("1")).where(holders.c.role == bindparam("name")))


_IS_HELD = Statement(select(or_(_has_holder(user_roles), _has_holder(service_account_roles))))


def _add_permissions(insert: InsertInto) -> Core:
    given = select(bindparam("role", type_=roles.c.name.type), each_word(insert, "permissions"))
    return insert(role_permissions).from_select(["role", "permission"], given)


_ADD_PERMISSIONS = Statement(_add_permissions, apart=True)


def _get_many(insert: InsertInto) -> Core:
    return select(*_ROLE).where(is_word_among(insert, roles.c.name, "names"))


def _permissions_of_many(insert: InsertInto) -> Core:
    pair = (role_permissions.c.role, role_permissions.c.permission)
    return select(*pair).where(is_word_among(insert, role_permissions.c.role, "names"))


_GET_MANY = Statement(_get_many, writes=False)
_PERMISSIONS_OF_MANY = Statement(_permissions_of_many, writes=False)


def _promised(insert: InsertInto) -> Core:
    named: ColumnElement[bool]
    if insert is postgresql.insert:
        named = func.jsonb_exists(invitations.c.roles, bindparam("name", type_=String))
    else:
        words = func.json_each(invitations.c.roles).table_valued("value")
        named = exists(select(words.c.value).where(words.c.value == bindparam("name")))
    return select(invitations.c.id).where(*is_living(), named).limit(1)


_PROMISED = Statement(_promised, writes=False)


class SqlAlchemyRoleRepository(RoleRepository):
    """Roles in ``roles`` and ``role_permissions``."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, role: Role) -> None:
        try:
            await self._execution.run(_ADD, **_values(role))
        except Taken:
            raise RoleAlreadyExists from None
        self._write_permissions(role)

    async def get(self, name: RoleName) -> Role | None:
        return await self._found(await self._execution.first(_GET, name=name))

    async def get_many(self, names: Collection[RoleName]) -> dict[RoleName, Role]:
        if not names:
            return {}
        listed = sorted(names)
        rows = await self._execution.all(_GET_MANY, names=listed)
        pairs = await self._execution.all(_PERMISSIONS_OF_MANY, names=listed)
        return {role.name: role for role in _roles_from(rows, pairs)}

    async def list_all(self) -> list[Role]:
        rows = await self._execution.all(_LIST)
        return _roles_from(rows, await self._execution.all(_ALL_PERMISSIONS))

    async def hold(self, name: RoleName) -> Role | None:
        return await self._found(await self._execution.first(_HOLD, name=name))

    async def save(self, role: Role) -> None:
        if not await self._execution.run(_SAVE, **_values(role)):
            raise ConcurrentChange
        self._execution.write(_CLEAR_PERMISSIONS, {"name": role.name})
        self._write_permissions(role)
        role.version += 1

    async def remove(self, name: RoleName, *, now: datetime) -> None:
        await self._execution.first(_HOLD, name=name)
        (row,) = await self._execution.all(_IS_HELD, name=name)
        if row[0] or await self._execution.first(_PROMISED, name=name, now=now):
            raise RoleInUse
        await self._execution.run(_REMOVE, name=name)

    async def _found(self, row: Row | None) -> Role | None:
        if row is None:
            return None
        rows = await self._execution.all(_PERMISSIONS, name=row[0])
        return _role_from(row, [Permission(permission) for (permission,) in rows])

    def _write_permissions(self, role: Role) -> None:
        values = {"role": role.name, "permissions": sorted(role.permissions)}
        self._execution.write(_ADD_PERMISSIONS, values)


def _roles_from(rows: Iterable[Row], pairs: Iterable[Row]) -> list[Role]:
    given: dict[str, list[Permission]] = {}
    for role, permission in pairs:
        given.setdefault(role, []).append(Permission(permission))
    return [_role_from(row, given.get(row[0], [])) for row in rows]


def _role_from(row: Row, permissions: list[Permission]) -> Role:
    name, description, created_at, updated_at, version, level = row
    return Role(
        name=RoleName(name),
        description=description,
        permissions=frozenset(permissions),
        required_acr=None if level is None else word_of(Level, level),
        created_at=created_at,
        updated_at=updated_at,
        version=version,
    )


def _values(role: Role) -> Written:
    return {
        "name": role.name,
        "description": role.description,
        "created_at": role.created_at,
        "updated_at": role.updated_at,
        "version": role.version,
        "required_acr": None if role.required_acr is None else role.required_acr.value,
    }
