"""Which roles somebody may hand out: those that exist, and that give nothing they lack (AZ-3)."""

from collections.abc import Iterable, Sequence

from application.ports.unit_of_work import UnitOfWork
from domain.access import (
    BUILT_IN_ROLES,
    Permission,
    Principal,
    RoleName,
    RoleNotFound,
)

GRANT = Permission("roles:grant")


async def grantable_roles(
    unit: UnitOfWork, principal: Principal, roles: Sequence[str]
) -> frozenset[RoleName]:
    """Return the names of the roles, if the principal may grant them all.

    Raises PermissionDenied, ValidationFailed and RoleNotFound.
    """
    if not roles:
        return frozenset()
    principal.require(GRANT)
    names = frozenset(RoleName.parse(role) for role in roles)
    for permission in sorted(await permissions_given_by(unit, names)):
        principal.require(permission)
    return names


async def permissions_given_by(
    unit: UnitOfWork, names: Iterable[RoleName]
) -> frozenset[Permission]:
    """Return what the roles give together. Raises RoleNotFound for one that there is not."""
    given: set[Permission] = set()
    for name in sorted(names):
        if (built_in := BUILT_IN_ROLES.get(name)) is not None:
            given |= built_in.permissions
        elif (role := await unit.roles.get(name)) is not None:
            given |= role.permissions
        else:
            raise RoleNotFound
    return frozenset(given)


async def hold_roles(unit: UnitOfWork, names: Iterable[RoleName]) -> None:
    """Keep the roles from being removed until the end. Raises RoleNotFound for one that is gone."""
    for name in sorted(names):
        if name not in BUILT_IN_ROLES and await unit.roles.hold(name) is None:
            raise RoleNotFound
