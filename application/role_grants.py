"""Which roles somebody may hand out: those that exist, and that give nothing they lack (AZ-3)."""

from collections.abc import Sequence

from domain.access import (
    BUILT_IN_ROLES,
    Permission,
    Principal,
    RoleName,
    RoleNotFound,
    permissions_of,
)


def grantable_roles(principal: Principal, roles: Sequence[str]) -> frozenset[RoleName]:
    """Return the names of the roles, if the principal may grant them all.

    Raises PermissionDenied, ValidationFailed and RoleNotFound.
    """
    if not roles:
        return frozenset()
    principal.require(Permission("roles:grant"))
    names = frozenset(RoleName.parse(role) for role in roles)
    if any(name not in BUILT_IN_ROLES for name in names):
        raise RoleNotFound
    for permission in sorted(permissions_of(names)):
        principal.require(permission)
    return names
