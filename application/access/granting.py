"""Giving roles to users, and taking them away (AZ-3)."""

from collections.abc import Iterable, Sequence

from application.access.mails import ROLES_CHANGED
from application.access.ports import AccessUnit
from application.audit.recording import Recorder
from application.expectations import Expected, require_expected
from application.freshness import Freshness
from application.mail.notifications import Notifications
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.users.administrators import ensure_administrator_remains
from application.users.lookup import existing_user
from domain.access.permissions import ROLES_GRANT
from domain.access.role import Role, RoleNotFound
from domain.assurance import Level
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import (
    ADMINISTRATOR,
    BUILT_IN,
    Permission,
    PermissionDenied,
    Principal,
    RoleName,
)
from domain.users.user import User


class RoleGrants:
    """Says which roles a principal may hand out: no role that gives what they lack (AZ-3).

    ``administrator_acr`` is the level that the administrator's asks for.
    """

    def __init__(self, *, freshness: Freshness, administrator_acr: Level | None) -> None:
        self._freshness, self._administrator_acr = freshness, administrator_acr

    async def grantable(
        self,
        unit: AccessUnit,
        principal: Principal,
        roles: Sequence[str],
        *,
        away: bool = False,
        field: str = "roles",
    ) -> frozenset[RoleName]:
        """Return the names of the roles, if the principal may grant them all, or take them away.

        To grant one that asks for a level takes a recent proof of who the principal is (HD-6).

        A role that is dormant in the principal's own session is not theirs to hand on: its name
        alone may be worth something to a product.

        Raises PermissionDenied, StepUpRequired, ValidationFailed about ``field``, and RoleNotFound.
        """
        if not roles:
            return frozenset()
        principal.require(ROLES_GRANT)
        names = frozenset(RoleName.parse(role, field=field) for role in roles)
        defined = await self._defined(unit, names)
        given = frozenset[Permission]().union(*(role.permissions for role in defined))
        principal.require(*sorted(given), awake=names)
        if ADMINISTRATOR in names and ADMINISTRATOR not in principal.roles:
            # That role has every permission, also one that no role gives yet.
            raise PermissionDenied
        levels = [role.required_acr for role in defined]
        if ADMINISTRATOR in names:
            levels.append(self._administrator_acr)
        if not away and any(levels):
            self._freshness.ensure(principal)
        return names

    async def given_by(self, unit: AccessUnit, names: Iterable[RoleName]) -> frozenset[Permission]:
        """Return what those of the roles give that are not built in.

        Raises RoleNotFound for one that there is not.
        """
        defined = await self._defined(unit, names)
        return frozenset[Permission]().union(*(role.permissions for role in defined))

    async def _defined(self, unit: AccessUnit, names: Iterable[RoleName]) -> list[Role]:
        found = []
        for name in sorted(set(names) - BUILT_IN):
            role = await unit.roles.get(name)
            if role is None:
                raise RoleNotFound
            found.append(role)
        return found

    async def hold(self, unit: AccessUnit, names: Iterable[RoleName]) -> None:
        """Keep the roles from being removed until the unit of work ends.

        Raises RoleNotFound if one is gone.
        """
        for name in sorted(set(names) - BUILT_IN):
            if await unit.roles.hold(name) is None:
                raise RoleNotFound


class SetRole:
    """Give a user a role or take it away; either takes the permissions that it gives (AZ-3)."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[AccessUnit],
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        grants: RoleGrants,
    ) -> None:
        self._unit_of_work, self._clock, self._grants = unit_of_work, clock, grants
        self._recorder, self._notifications = recorder, notifications

    async def __call__(
        self,
        *,
        principal: Principal,
        user_id: UserId,
        role: str,
        held: bool,
        origin: Origin,
        expected: Expected[User] | None = None,
    ) -> None:
        """Return once the user has the role, or has it no more; the owner is told (HD-7).

        Raises PermissionDenied, StepUpRequired, ValidationFailed, RoleNotFound, UserNotFound,
        ChangedMeanwhile and LastAdministrator.
        """
        await retry_on_conflict(lambda: self._set(principal, user_id, role, held, origin, expected))

    async def _set(
        self,
        principal: Principal,
        user_id: UserId,
        name: str,
        held: bool,
        origin: Origin,
        expected: Expected[User] | None,
    ) -> None:
        async with self._unit_of_work() as unit:
            (role,) = await self._grants.grantable(
                unit, principal, [name], away=not held, field="role"
            )
            await self._grants.hold(unit, [role])
            user, now = await existing_user(unit, user_id), self._clock.now()
            require_expected(user, expected)
            if not held and role == ADMINISTRATOR:
                await ensure_administrator_remains(unit, user)
            event = user.grant(role, now=now) if held else user.revoke(role, now=now)
            if event is None:
                return
            await unit.users.save(user)
            notice = self._notifications.notice(
                ROLES_CHANGED,
                user.email,
                now=now,
                parameters={"role": role, "change": "given to" if held else "taken from"},
            )
            await unit.outbox.enqueue(notice)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
