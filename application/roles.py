"""Roles at run time: seeing, defining, changing and removing them (AZ-3)."""

from collections.abc import Iterable, Sequence

from application.expectations import Expected, require_expected
from application.paging import Cursors, Page, PageRequest
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.recording import Recorder
from application.retrying import retry_on_conflict
from domain.access import (
    BUILT_IN_ROLES,
    PERMISSIONS,
    BuiltInRole,
    Permission,
    PermissionDenied,
    Principal,
    RoleName,
    RoleNotFound,
)
from domain.audit import Origin
from domain.role import Role

READ = Permission("roles:read")
WRITE = Permission("roles:write")


class ListRoles:
    """Show every role: the built-in ones and those defined at run time."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, cursors: Cursors) -> None:
        self._unit_of_work, self._cursors = unit_of_work, cursors

    async def __call__(
        self, *, principal: Principal, asked: PageRequest
    ) -> Page[Role | BuiltInRole]:
        """Return a page, by name. Raises PermissionDenied and InvalidCursor."""
        principal.require(READ)
        async with self._unit_of_work.read_only() as unit:
            defined = await unit.roles.list_all()
        roles: list[Role | BuiltInRole] = [*BUILT_IN_ROLES.values(), *defined]
        query = f"roles for {principal.user_id}"
        return self._cursors.page_of_all(roles, asked, query=query, position=lambda role: role.name)


class ShowRole:
    """Show one role."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory) -> None:
        self._unit_of_work = unit_of_work

    async def __call__(self, *, principal: Principal, name: str) -> Role | BuiltInRole:
        """Return the role. Raises PermissionDenied and RoleNotFound."""
        principal.require(READ)
        if (built_in := BUILT_IN_ROLES.get(RoleName(name))) is not None:
            return built_in
        async with self._unit_of_work.read_only() as unit:
            role = await unit.roles.get(RoleName(name))
        if role is None:
            raise RoleNotFound
        return role


class ListPermissions:
    """Show every permission: Doorward's own, and those of products that some role gives."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, cursors: Cursors) -> None:
        self._unit_of_work, self._cursors = unit_of_work, cursors

    async def __call__(self, *, principal: Principal, asked: PageRequest) -> Page[Permission]:
        """Return a page, by name. Raises PermissionDenied and InvalidCursor."""
        principal.require(READ)
        async with self._unit_of_work.read_only() as unit:
            roles = await unit.roles.list_all()
        permissions = {*PERMISSIONS}.union(*(role.permissions for role in roles))
        query = f"permissions for {principal.user_id}"
        return self._cursors.page_of_all(permissions, asked, query=query, position=str)


class DefineRole:
    """Make a new role, of permissions that its maker has."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        name: str,
        description: str | None,
        permissions: Iterable[str],
        origin: Origin,
    ) -> Role:
        """Return the new role.

        Raises PermissionDenied, ValidationFailed and RoleAlreadyExists.
        """
        principal.require(WRITE)
        role, event = Role.define(
            name=name, description=description, permissions=permissions, now=self._clock.now()
        )
        _require_all(principal, role)
        async with self._unit_of_work() as unit:
            await unit.roles.add(role)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
        return role


class ChangeRole:
    """Give a role another description and other permissions, effective on the next request."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        name: str,
        description: str | None,
        permissions: Sequence[str],
        expected: Expected[Role] | None,
        origin: Origin,
    ) -> Role:
        """Return the role as it is now.

        Raises PermissionDenied (also for a built-in role), ValidationFailed, RoleNotFound and
        ChangedMeanwhile.
        """
        role_name = _changeable(principal, name)

        async def change() -> Role:
            async with self._unit_of_work() as unit:
                role = await unit.roles.hold(role_name)
                if role is None:
                    raise RoleNotFound
                require_expected(role, expected)
                _require_all(principal, role)
                event = role.redefine(
                    description=description, permissions=permissions, now=self._clock.now()
                )
                if event is None:
                    return role
                _require_all(principal, role)
                await unit.roles.save(role)
                await self._recorder.record(unit, event, actor=principal, origin=origin)
                await unit.commit()
            return role

        return await retry_on_conflict(change)


class RemoveRole:
    """Remove a role that nobody has."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        name: str,
        expected: Expected[Role] | None,
        origin: Origin,
    ) -> None:
        """Return once it is gone.

        Raises PermissionDenied (also for a built-in role), RoleNotFound, ChangedMeanwhile and
        RoleInUse.
        """
        role_name = _changeable(principal, name)
        async with self._unit_of_work() as unit:
            role = await unit.roles.hold(role_name)
            if role is None:
                raise RoleNotFound
            require_expected(role, expected)
            _require_all(principal, role)
            await unit.roles.remove(role_name)
            event = role.removed(now=self._clock.now())
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()


def _changeable(principal: Principal, name: str) -> RoleName:
    principal.require(WRITE)
    if RoleName(name) in BUILT_IN_ROLES:
        raise PermissionDenied
    return RoleName(name)


def _require_all(principal: Principal, role: Role) -> None:
    """Nobody gives, or takes from everybody who has the role, what they lack themselves."""
    for permission in sorted(role.permissions):
        principal.require(permission)
