"""How a user looks from outside."""

from typing import Any

from domain.users.user import User
from entrypoints.representations.formats import instant


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
