"""Roles over one memory transaction."""

from collections.abc import Collection
from datetime import datetime

from adapters.memory.access.tables import INVITATIONS, is_living
from adapters.memory.service_accounts.tables import SERVICE_ACCOUNTS
from adapters.memory.store import Transaction
from adapters.memory.users.tables import ROLES, USERS
from application.access.ports import RoleRepository
from domain.access.role import Role, RoleAlreadyExists, RoleInUse
from domain.errors import ConcurrentChange
from domain.principal import RoleName


class MemoryRoleRepository(RoleRepository):
    """Roles in a dictionary, by name; the store's lock is what holds one."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._roles = transaction.table(ROLES)

    async def add(self, role: Role) -> None:
        await self._transaction.writing()
        if self._roles.get(role.name) is not None:
            raise RoleAlreadyExists
        self._roles.put(role.name, role)

    async def get(self, name: RoleName) -> Role | None:
        await self._transaction.reading()
        return self._roles.get(name)

    async def get_many(self, names: Collection[RoleName]) -> dict[RoleName, Role]:
        await self._transaction.reading()
        return {name: role for name in names if (role := self._roles.get(name)) is not None}

    async def list_all(self) -> list[Role]:
        await self._transaction.reading()
        return sorted(self._roles.select(lambda _: True).values(), key=lambda role: role.name)

    async def hold(self, name: RoleName) -> Role | None:
        await self._transaction.writing()
        return self._roles.get(name)

    async def save(self, role: Role) -> None:
        await self._transaction.writing()
        kept = self._roles.get(role.name)
        if kept is None or kept.version != role.version:
            raise ConcurrentChange
        role.version += 1
        self._roles.put(role.name, role)

    async def remove(self, name: RoleName, *, now: datetime) -> None:
        await self._transaction.writing()
        promised = self._transaction.table(INVITATIONS).select(
            lambda each: name in each.roles and is_living(self._transaction, each, now)
        )
        users = self._transaction.table(USERS).count("role", name)
        services = self._transaction.table(SERVICE_ACCOUNTS).count("role", name)
        if promised or users or services:
            raise RoleInUse
        self._roles.remove(name)
