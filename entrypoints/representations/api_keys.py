"""How API keys look from outside."""

from typing import Any

from application.api_keys.listing import ShownKey
from application.api_keys.making import NewKey
from entrypoints.representations.formats import instant


def api_key_body(shown: ShownKey) -> dict[str, Any]:
    """Return a key as its owner and administrators see it: never its text, nor its digest."""
    key = shown.key
    return {
        "id": str(key.id),
        "name": key.name,
        "hint": key.hint,
        "permissions": sorted(key.permissions),
        "effective_permissions": sorted(shown.effective),
        "created_at": instant(key.created_at),
        "expires_at": instant(key.expires_at),
        "last_used_at": instant(key.last_used_at),
        "last_used_ip": key.last_used_ip,
        "created_by": None if key.created_by is None else str(key.created_by),
    }


def new_key_body(new: NewKey) -> dict[str, Any]:
    """Return a key that was just made, with the text that is shown this once."""
    return {**api_key_body(new.shown), "key": str(new.text)}
