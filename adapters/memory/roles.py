"""Roles over one memory transaction."""

from dataclasses import replace

from adapters.memory.store import Transaction
from application.ports.repositories import RoleRepository
from domain.access import ADMINISTRATOR, Permission, RoleName
from domain.errors import ConcurrentChange
from domain.role import Role, RoleAlreadyExists, RoleInUse
from domain.user import User


class MemoryRoleRepository(RoleRepository):
    """Roles in a dictionary, by name; the store's lock is what holds one."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._roles = transaction.roles

    async def add(self, role: Role) -> None:
        await self._transaction.writing()
        if self._roles.get(role.name) is not None:
            raise RoleAlreadyExists
        self._roles.put(role.name, role)

    async def get(self, name: RoleName) -> Role | None:
        await self._transaction.reading()
        return self._roles.get(name)

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

    async def remove(self, name: RoleName) -> None:
        await self._transaction.writing()
        if self._transaction.users.count("role", name):
            raise RoleInUse
        self._roles.remove(name)


def with_permissions(transaction: Transaction, user: User) -> User:
    """Return the user with what the defined roles give; an administrator has all there are."""
    everything = ADMINISTRATOR.name in user.roles
    roles = transaction.roles.select(lambda role: everything or role.name in user.roles).values()
    given = frozenset[Permission]().union(*(role.permissions for role in roles))
    return replace(user, defined_permissions=given)
