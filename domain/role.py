"""Roles that administrators define at run time, beside the two that are built in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain.access import BUILT_IN_ROLES, Permission, RoleName
from domain.errors import Conflict, ValidationFailed
from domain.events import RoleChanged, RoleDefined, RoleRemoved

MAX_DESCRIPTION = 500
MAX_PERMISSIONS = 200


class RoleAlreadyExists(Conflict):
    """There is a role of this name, defined or built in."""

    code = "ROLE_ALREADY_EXISTS"
    message = "There is a role of this name already."


class RoleInUse(Conflict):
    """Somebody has the role, or was invited into it."""

    code = "ROLE_IN_USE"
    message = "Somebody has this role. Take it away from everybody first."


@dataclass(slots=True, eq=False, kw_only=True)
class Role:
    """A named set of permissions, Doorward's own and those of products."""

    name: RoleName
    description: str | None
    permissions: frozenset[Permission]
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @classmethod
    def define(
        cls, *, name: str, description: str | None, permissions: Iterable[str], now: datetime
    ) -> tuple["Role", RoleDefined]:
        """Return a new role. Raises ValidationFailed, and RoleAlreadyExists for a built-in name."""
        role_name = RoleName.parse(name)
        if role_name in BUILT_IN_ROLES:
            raise RoleAlreadyExists
        role = cls(
            name=role_name,
            description=_description(description),
            permissions=_permissions(permissions),
            created_at=now,
            updated_at=now,
        )
        return role, RoleDefined(role=role_name, permissions=_listed(role), occurred_at=now)

    def redefine(
        self, *, description: str | None, permissions: Iterable[str], now: datetime
    ) -> RoleChanged | None:
        """Give the role another description and other permissions; None if they are the same."""
        text, given = _description(description), _permissions(permissions)
        if (text, given) == (self.description, self.permissions):
            return None
        self.description, self.permissions, self.updated_at = text, given, now
        return RoleChanged(role=self.name, permissions=_listed(self), occurred_at=now)

    def removed(self, *, now: datetime) -> RoleRemoved:
        """Return what is to be said once the role is gone."""
        return RoleRemoved(role=self.name, occurred_at=now)


def _description(text: str | None) -> str | None:
    stripped = text.strip() if text else None
    if stripped and (len(stripped) > MAX_DESCRIPTION or not stripped.isprintable()):
        message = f"Use up to {MAX_DESCRIPTION} printable characters."
        raise ValidationFailed.of("description", "INVALID", message)
    return stripped or None


def _permissions(texts: Iterable[str]) -> frozenset[Permission]:
    permissions = frozenset(Permission.parse(text) for text in texts)
    if len(permissions) > MAX_PERMISSIONS:
        message = f"Use at most {MAX_PERMISSIONS} permissions."
        raise ValidationFailed.of("permissions", "TOO_LONG", message)
    return permissions


def _listed(role: Role) -> str:
    return ",".join(sorted(role.permissions))
