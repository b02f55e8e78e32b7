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
    """There is a new role, with these permissions."""

    name = "role.defined"
    permissions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChanged(RoleEvent):
    """A role gives these permissions from now on."""

    name = "role.changed"
    permissions: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRemoved(RoleEvent):
    """A role was removed."""

    name = "role.removed"
