"""Roles at run time: seeing, defining, changing and removing them (AZ-3)."""

from collections.abc import Iterable, Mapping, Sequence

from application.access.ports import AccessUnit
from application.audit.recording import Recorder
from application.expectations import UNCHANGED, Expected, Unchanged, require_expected
from application.paging import Cursors, Page, PageRequest
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from domain.access.permissions import ROLES_READ, ROLES_WRITE
from domain.access.role import BuiltInRole, Role, RoleNotFound
from domain.assurance import Level
from domain.origin import Origin
from domain.principal import (
    ADMINISTRATOR,
    BUILT_IN,
    Permission,
    PermissionDenied,
    Principal,
    RoleName,
)


class ListRoles:
    """Show every role: the built-in ones and those defined at run time."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccessUnit],
        cursors: Cursors,
        built_in: Mapping[RoleName, BuiltInRole],
    ) -> None:
        self._unit_of_work, self._cursors, self._built_in = unit_of_work, cursors, built_in

    async def __call__(
        self, *, principal: Principal, asked: PageRequest
    ) -> Page[Role | BuiltInRole]:
        """Return a page, by name. Raises PermissionDenied and InvalidCursor."""
        principal.require(ROLES_READ)
        async with self._unit_of_work.read_only() as unit:
            defined = await unit.roles.list_all()
        roles: list[Role | BuiltInRole] = [*self._built_in.values(), *defined]
        query = f"roles for {principal.account_id}"
        return self._cursors.page_of_all(roles, asked, query=query, position=lambda role: role.name)


class ShowRole:
    """Show one role."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccessUnit],
        built_in: Mapping[RoleName, BuiltInRole],
    ) -> None:
        self._unit_of_work, self._built_in = unit_of_work, built_in

    async def __call__(self, *, principal: Principal, name: str) -> Role | BuiltInRole:
        """Return the role. Raises PermissionDenied and RoleNotFound."""
        principal.require(ROLES_READ)
        if (built_in := self._built_in.get(RoleName(name))) is not None:
            return built_in
        async with self._unit_of_work.read_only() as unit:
            role = await unit.roles.get(RoleName(name))
        if role is None:
            raise RoleNotFound
        return role


class ListPermissions:
    """Show every permission: Doorward's own, and those of products that some role gives."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccessUnit],
        cursors: Cursors,
        built_in: Mapping[RoleName, BuiltInRole],
    ) -> None:
        self._unit_of_work, self._cursors, self._built_in = unit_of_work, cursors, built_in

    async def __call__(self, *, principal: Principal, asked: PageRequest) -> Page[Permission]:
        """Return a page, by name. Raises PermissionDenied and InvalidCursor."""
        principal.require(ROLES_READ)
        async with self._unit_of_work.read_only() as unit:
            roles = await unit.roles.list_all()
        permissions = set(self._built_in[ADMINISTRATOR].permissions).union(
            *(role.permissions for role in roles)
        )
        query = f"permissions for {principal.account_id}"
        return self._cursors.page_of_all(permissions, asked, query=query, position=str)


class DefineRole:
    """Make a new role, of permissions that its maker has."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[AccessUnit], clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        name: str,
        description: str | None,
        permissions: Iterable[str],
        required_acr: Level | None = None,
        origin: Origin,
    ) -> Role:
        """Return the new role, which counts in sessions of ``required_acr`` at least.

        Raises PermissionDenied, StepUpRequired, ValidationFailed and RoleAlreadyExists.
        """
        principal.require(ROLES_WRITE)
        role, event = Role.define(
            name=name,
            description=description,
            permissions=permissions,
            required_acr=required_acr,
            now=self._clock.now(),
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
        self, *, unit_of_work: UnitOfWorkFactory[AccessUnit], clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        name: str,
        description: str | None,
        permissions: Sequence[str],
        required_acr: Level | Unchanged | None = UNCHANGED,
        expected: Expected[Role] | None,
        origin: Origin,
    ) -> Role:
        """Return the role as it is now.

        The level that it asks for is lowered or taken off only in a session that reaches it.

        Raises PermissionDenied (also for a built-in role), StepUpRequired, ValidationFailed,
        RoleNotFound and ChangedMeanwhile.
        """
        role_name = _changeable(principal, name)

        async def change() -> Role:
            async with self._unit_of_work() as unit:
                role = await unit.roles.hold(role_name)
                if role is None:
                    raise RoleNotFound
                require_expected(role, expected)
                level = role.required_acr if required_acr is UNCHANGED else required_acr
                _require_all(principal, role, is_weakened=role.would_be_weaker(level))
                event = role.redefine(
                    description=description,
                    permissions=permissions,
                    required_acr=level,
                    now=self._clock.now(),
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
    """Remove a role that no user has, and that no living invitation names."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[AccessUnit], clock: Clock, recorder: Recorder
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
        """Return once it is gone; one that asks for a level takes a session that reaches it.

        Raises PermissionDenied (also for a built-in role), StepUpRequired, RoleNotFound,
        ChangedMeanwhile and RoleInUse.
        """
        role_name = _changeable(principal, name)
        async with self._unit_of_work() as unit:
            role = await unit.roles.hold(role_name)
            if role is None:
                raise RoleNotFound
            require_expected(role, expected)
            _require_all(principal, role, is_weakened=True)  # it may come back without its level
            now = self._clock.now()
            await unit.roles.remove(role_name, now=now)
            event = role.removed(now=now)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()


def _changeable(principal: Principal, name: str) -> RoleName:
    principal.require(ROLES_WRITE)
    if RoleName(name) in BUILT_IN:
        raise PermissionDenied
    return RoleName(name)


def _require_all(principal: Principal, role: Role, *, is_weakened: bool = False) -> None:
    """Raise PermissionDenied for a role with a permission that the principal lacks (AZ-3).

    Raise StepUpRequired where it takes a session of a higher level: of the one that the role asks
    for, if that is to be lowered.
    """
    principal.require(*sorted(role.permissions), acr=role.required_acr if is_weakened else None)
