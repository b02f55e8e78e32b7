"""How factors and devices are shown on the account's pages."""

from datetime import datetime
from typing import Any

from application.factors.listing import ListedFactor
from domain.factors.device import TrustedDevice
from domain.factors.factor import Passkey, RecoveryCodes
from entrypoints.http.account_pages.texts import ENGLISH


def shown_factor(listed: ListedFactor) -> dict[str, Any]:
    """Return what a template shows of it; nothing that proves anything."""
    factor = listed.factor
    return {
        "id": str(factor.id),
        "kind": ENGLISH.kinds[factor.kind.value],
        "name": factor.name,
        "added": _day(factor.created_at),
        "used": None if factor.last_used_at is None else _day(factor.last_used_at),
        "usable": listed.usable,
        "synced": isinstance(factor, Passkey) and factor.synced,
        "left": (
            ENGLISH.security.left.format(count=len(factor.tags))
            if isinstance(factor, RecoveryCodes)
            else None
        ),
    }


def shown_device(device: TrustedDevice) -> dict[str, Any]:
    """Return what a template shows of it."""
    return {"id": str(device.id), "what": device.user_agent, "until": _day(device.expires_at)}


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
