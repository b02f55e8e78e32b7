"""What can happen to a role."""

from dataclasses import dataclass

from domain.events import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleEvent(DomainEvent):
    """Something happened to a role itself."""

    about = ("role", "role")
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDefined(RoleEvent):
    """There is a new role, with these permissions, and the level that it asks for, if any."""

    name = "role.defined"
    permissions: str
    required_acr: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanged(RoleEvent):
    """A role gives these permissions from now on.

    ``required_acr`` is the level that it asks for, and ``none`` where it has just ceased to.
    """

    name = "role.changed"
    permissions: str
    required_acr: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRemoved(RoleEvent):
    """A role was removed."""

    name = "role.removed"
