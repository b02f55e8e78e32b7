"""Roles: the two that are built in, and those that administrators define."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.access.events import RoleChanged, RoleDefined, RoleRemoved
from domain.assurance import Level
from domain.description import normalise_description
from domain.errors import Conflict, NotFound, ValidationFailed
from domain.principal import ADMINISTRATOR, BUILT_IN, USER, Permission, RoleName


class RoleNotFound(NotFound):
    """No role has this name."""

    code = "ROLE_NOT_FOUND"
    message = "There is no such role."
    meaning = "There is no such role."


@dataclass(frozen=True, slots=True)
class BuiltInRole:
    """A role that cannot be changed or removed. Others are :class:`Role`."""

    name: RoleName
    description: str
    permissions: frozenset[Permission]
    required_acr: Level | None = None


def built_in_roles(
    own: Iterable[Permission], *, administrator_acr: Level | None = None
) -> Mapping[RoleName, BuiltInRole]:
    """Return the built-in roles by name; ``own`` are the permissions of this service.

    ``administrator_acr`` is the level below which the administrator's is dormant.

    An administrator may do more than that: also what only a defined role gives, and what no role
    gives yet (:func:`domain.principal.permits`).
    """
    return {
        ADMINISTRATOR: BuiltInRole(
            ADMINISTRATOR, "May do everything.", frozenset(own), administrator_acr
        ),
        USER: BuiltInRole(USER, "Has an account, and nothing else.", frozenset()),
    }


GUARDS = (Level.AAL2, Level.PHR)
"""The levels that a role may ask for; every session has the one below them."""
_NONE = "none"
MAX_PERMISSIONS = 200


class RoleAlreadyExists(Conflict):
    """There is a role of this name, defined or built in."""

    code = "ROLE_ALREADY_EXISTS"
    message = "There is a role of this name already."
    meaning = "There is a role of this name."


class RoleInUse(Conflict):
    """A user has the role, or an invitation promises it."""

    code = "ROLE_IN_USE"
    message = "Users have this role, or invitations name it. Take it away, or withdraw them, first."
    meaning = "Users still have the role, or an open invitation names it."


@dataclass(slots=True, eq=False, kw_only=True)
class Role:
    """A named set of permissions, Doorward's own and those of products.

    In a session below ``required_acr`` the role is dormant: it stands in no token and gives
    nothing. None: it counts in every session.
    """

    name: RoleName
    description: str | None
    permissions: frozenset[Permission]
    required_acr: Level | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 0

    @classmethod
    def define(
        cls,
        *,
        name: str,
        description: str | None,
        permissions: Iterable[str],
        required_acr: Level | None = None,
        now: datetime,
    ) -> tuple["Role", RoleDefined]:
        """Return a new role. Raises ValidationFailed, and RoleAlreadyExists for a built-in name."""
        role_name = RoleName.parse(name, field="name")
        if role_name in BUILT_IN:
            raise RoleAlreadyExists
        role = cls(
            name=role_name,
            description=normalise_description(description),
            permissions=_permissions(permissions),
            required_acr=_guard(required_acr),
            created_at=now,
            updated_at=now,
        )
        event = RoleDefined(
            role=role_name,
            permissions=_listed(role),
            required_acr=role.required_acr,
            occurred_at=now,
        )
        return role, event

    def redefine(
        self,
        *,
        description: str | None,
        permissions: Iterable[str],
        required_acr: Level | None,
        now: datetime,
    ) -> RoleChanged | None:
        """Give the role another description, other permissions and another level.

        None if they are the same.
        """
        text, given, before = (
            normalise_description(description),
            _permissions(permissions),
            self.required_acr,
        )
        # A level that a newer version has written stays; as a new one it is refused.
        level = before if required_acr == before else _guard(required_acr)
        if (text, given, level) == (self.description, self.permissions, before):
            return None
        self.description, self.permissions, self.updated_at = text, given, now
        self.required_acr = level
        return RoleChanged(
            role=self.name,
            permissions=_listed(self),
            required_acr=level or (_NONE if before else None),
            occurred_at=now,
        )

    def would_be_weaker(self, required_acr: Level | None) -> bool:
        """Tell whether the role would count in sessions in which it is dormant now."""
        before = self.required_acr
        return before is not None and (
            required_acr is None or (required_acr != before and not required_acr.reaches(before))
        )

    def removed(self, *, now: datetime) -> RoleRemoved:
        """Return the event of its removal."""
        return RoleRemoved(role=self.name, occurred_at=now)


def _permissions(texts: Iterable[str]) -> frozenset[Permission]:
    permissions = frozenset(Permission.parse(text, field="permissions") for text in texts)
    if len(permissions) > MAX_PERMISSIONS:
        message = f"Use at most {MAX_PERMISSIONS} permissions."
        raise ValidationFailed.of("permissions", "TOO_LONG", message)
    return permissions


def _guard(level: Level | None) -> Level | None:
    if level is not None and level not in GUARDS:
        message = f"Use {' or '.join(GUARDS)}, or none."
        raise ValidationFailed.of("required_acr", "NOT_ALLOWED", message)
    return level


def _listed(role: Role) -> str:
    return ",".join(sorted(role.permissions))
