"""How roles and decisions look from outside."""

from collections.abc import Container
from typing import Any

from application.access.authorization import Decision
from domain.access.role import BuiltInRole, Role
from domain.principal import Permission
from entrypoints.representations.formats import instant


def decision_body(decision: Decision) -> dict[str, Any]:
    """Return a decision; an explanation stands in it only where it was asked for."""
    explanation = decision.explanation
    if explanation is None:
        return {"allowed": decision.allowed}
    told: dict[str, Any] = {"granted_by": [{"role": role} for role in explanation.granted_by]}
    if explanation.missing is not None:
        givers = [{"role": role} for role in explanation.would_be_granted_by]
        told["missing"] = {"permission": explanation.missing, "would_be_granted_by": givers}
    return {"allowed": decision.allowed, "explanation": told}


def permission_body(permission: Permission, *, own: Container[Permission]) -> dict[str, Any]:
    """Return a permission, and whether it is one of this service's ``own``."""
    return {"name": permission, "built_in": permission in own}


def role_body(role: Role | BuiltInRole) -> dict[str, Any]:
    """Return a role; a built-in one has no times."""
    made = role if isinstance(role, Role) else None
    return {
        "name": role.name,
        "description": role.description,
        "permissions": sorted(role.permissions),
        "built_in": made is None,
        "created_at": instant(made.created_at) if made else None,
        "updated_at": instant(made.updated_at) if made else None,
    }
