"""Who may do what: permissions, roles, and the principal who asks."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from domain.errors import Forbidden, NotFound, ValidationFailed
from domain.identifiers import SessionId, UserId

_PERMISSION = re.compile(r"[a-z][a-z0-9_-]{0,31}:[a-z][a-z0-9_-]{0,31}")
_ROLE_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


class PermissionDenied(Forbidden):
    """The principal is known and lacks the permission."""

    code = "PERMISSION_DENIED"
    message = "You may not do this."

    def __init__(self, missing: "Permission | None" = None) -> None:
        """Take what is missing, for the audit trail; None where no permission would do."""
        super().__init__()
        self.missing = missing


class RoleNotFound(NotFound):
    """No role has this name."""

    code = "ROLE_NOT_FOUND"
    message = "There is no such role."


class Permission(str):
    """The right to do one kind of thing, written ``namespace:action``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "Permission":
        """Return the permission, or raise :class:`ValidationFailed`."""
        if not _PERMISSION.fullmatch(text):
            raise ValidationFailed.of(
                "permission", "INVALID_PERMISSION", "A permission is written namespace:action."
            )
        return cls(text)


class RoleName(str):
    """The name of a role."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "RoleName":
        """Return the name, or raise :class:`ValidationFailed`."""
        if not _ROLE_NAME.fullmatch(text):
            raise ValidationFailed.of(
                "role", "INVALID_ROLE_NAME", "A role's name is lower-case letters, digits, - and _."
            )
        return cls(text)


PERMISSIONS: tuple[Permission, ...] = tuple(
    Permission(name)
    for name in (
        "audit:read",
        "authorization:check",
        "keys:manage",
        "roles:grant",
        "roles:read",
        "roles:write",
        "sessions:read",
        "sessions:revoke",
        "users:delete",
        "users:invite",
        "users:read",
        "users:write",
    )
)
"""Doorward's own permissions: alphabetical and append-only, since products store these words."""


@dataclass(frozen=True, slots=True)
class BuiltInRole:
    """A role that cannot be changed or removed. Others are :class:`domain.role.Role`."""

    name: RoleName
    description: str
    permissions: frozenset[Permission]


ADMINISTRATOR = BuiltInRole(RoleName("administrator"), "May do everything.", frozenset(PERMISSIONS))
USER = BuiltInRole(RoleName("user"), "Has an account, and nothing else.", frozenset())
BUILT_IN_ROLES: dict[RoleName, BuiltInRole] = {role.name: role for role in (ADMINISTRATOR, USER)}


def allows(held: frozenset[Permission], permission: Permission) -> bool:
    """Tell whether who has these permissions may do that.

    Who has all of Doorward's own has every one, also a product's that no role gives yet.
    """
    return permission in held or held.issuperset(PERMISSIONS)


@lru_cache(maxsize=1024)
def built_in_permissions(roles: frozenset[RoleName]) -> frozenset[Permission]:
    """Return every permission that the built-in roles among ``roles`` give."""
    granted = (BUILT_IN_ROLES[name].permissions for name in roles if name in BUILT_IN_ROLES)
    return frozenset[Permission]().union(*granted)


class PrincipalKind(StrEnum):
    """What stands behind a request."""

    ANONYMOUS = "anonymous"
    USER = "user"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks. HTTP builds it from the access token; command line and worker have their own."""

    kind: PrincipalKind
    user_id: UserId | None = None
    session_id: SessionId | None = None
    roles: frozenset[RoleName] = frozenset()
    permissions: frozenset[Permission] = frozenset()

    def may(self, permission: Permission) -> bool:
        """Tell whether the principal has the permission.

        Who has all of Doorward's own has every one, also a product's that no role gives yet.
        """
        return allows(self.permissions, permission)

    def require(self, permission: Permission) -> None:
        """Return if the principal has the permission, else raise :class:`PermissionDenied`."""
        if not self.may(permission):
            raise PermissionDenied(permission)


ANONYMOUS = Principal(kind=PrincipalKind.ANONYMOUS)
OPERATOR = Principal(kind=PrincipalKind.OPERATOR, permissions=frozenset(PERMISSIONS))
SYSTEM = Principal(kind=PrincipalKind.SYSTEM, permissions=frozenset(PERMISSIONS))
