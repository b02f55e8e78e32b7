"""How roles and decisions look from outside."""

from collections.abc import Container
from typing import Any

from application.access.authorization import Decision, EffectivePermissions
from domain.access.role import BuiltInRole, Role
from domain.principal import Permission, RoleName
from entrypoints.representations.formats import instant
from entrypoints.representations.users import dormant_roles_body


def decision_body(decision: Decision) -> dict[str, Any]:
    """Return a decision; an explanation stands in it only where it was asked for."""
    explanation = decision.explanation
    if explanation is None:
        return {"allowed": decision.allowed}
    told: dict[str, Any] = {"granted_by": [{"role": role} for role in explanation.granted_by]}
    if explanation.dormant:
        told["dormant_roles"] = dormant_roles_body(explanation.dormant)
    if explanation.missing is not None:
        givers = [{"role": role} for role in explanation.would_be_granted_by]
        told["missing"] = {"permission": explanation.missing, "would_be_granted_by": givers}
    return {"allowed": decision.allowed, "explanation": told}


def effective_permissions_body(found: EffectivePermissions) -> dict[str, Any]:
    """Return what a user may do, and by which roles; one that asks for a level says so."""
    levels = found.guards.roles

    def giver(role: RoleName) -> dict[str, Any]:
        level = levels.get(role)
        return {"role": role} if level is None else {"role": role, "required_acr": level.value}

    return {
        "user_id": str(found.user.id),
        "roles": sorted(found.user.roles),
        "permissions": [
            {"permission": permission, "granted_by": [giver(role) for role in roles]}
            for permission, roles in found.granted_by.items()
        ],
    }


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
        "required_acr": None if role.required_acr is None else role.required_acr.value,
        "built_in": made is None,
        "created_at": instant(made.created_at) if made else None,
        "updated_at": instant(made.updated_at) if made else None,
    }
