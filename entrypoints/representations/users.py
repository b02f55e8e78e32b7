"""How a user looks from outside."""

from collections.abc import Mapping
from typing import Any

from domain.assurance import Level
from domain.principal import Authority, Principal, RoleName
from domain.users.user import User
from entrypoints.representations.formats import instant


def own_user_body(user: User, authority: Authority | Principal) -> dict[str, Any]:
    """Return a user as they see themselves in a session, in which that much counts.

    Which of their roles are dormant is told to those alone who have a role that asks for a level.
    """
    body = user_body(user)
    if authority.guards.roles:
        body["dormant_roles"] = dormant_roles_body(authority.dormant)
    return body


def dormant_roles_body(dormant: Mapping[RoleName, Level]) -> list[dict[str, str]]:
    """Return the roles that do not count, each with the level from which on it would."""
    return [{"role": role, "required_acr": level.value} for role, level in dormant.items()]


def user_body(user: User) -> dict[str, Any]:
    """Return a user as clients see it."""
    return {
        "id": str(user.id),
        "email": user.email.value,
        "display_name": user.display_name,
        "status": user.status.value,
        "email_verified_at": instant(user.email_verified_at),
        "roles": sorted(user.roles),
        "created_at": instant(user.created_at),
        "updated_at": instant(user.updated_at),
        "last_signed_in_at": instant(user.last_signed_in_at),
    }
