"""How a service account looks from outside."""

from typing import Any

from domain.service_accounts.service_account import ServiceAccount
from entrypoints.representations.formats import instant


def service_account_body(account: ServiceAccount) -> dict[str, Any]:
    """Return a service account as administrators see it."""
    return {
        "id": str(account.id),
        "name": account.name,
        "description": account.description,
        "status": account.status.value,
        "roles": sorted(account.roles),
        "created_at": instant(account.created_at),
        "updated_at": instant(account.updated_at),
        "created_by": None if account.created_by is None else str(account.created_by),
    }
