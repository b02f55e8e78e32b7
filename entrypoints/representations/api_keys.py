"""How API keys, and what is told of them, look from outside."""

from typing import Any

from application.api_keys.access_tokens import KeyToken
from application.api_keys.introspection import LiveToken
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


def key_token_body(token: KeyToken) -> dict[str, Any]:
    """Return an access token that was got with an API key."""
    return {
        "access_token": token.text,
        "token_type": "Bearer",
        "expires_in": token.expires_in,
    }


def introspection_body(live: LiveToken | None, *, issuer: str) -> dict[str, Any]:
    """Return what is told of a token (RFC 7662, 2.2); of one that is not live, that alone.

    Where there is no list of permissions, `claims_omitted` names what is left out, as in tokens.
    """
    if live is None:
        return {"active": False}
    body: dict[str, Any] = {
        "active": True,
        "sub": str(live.subject),
        "sub_kind": live.kind.value,
        "roles": sorted(live.roles),
        "acr": live.acr.value,
        "iat": int(live.issued_at.timestamp()),
        "iss": issuer,
        "sid": str(live.sid),
        "token_type": "Bearer",
    }
    if live.permissions is None:
        body["claims_omitted"] = ["permissions", "scope"]
    else:
        body["permissions"] = permissions = sorted(live.permissions)
        body["scope"] = " ".join(permissions)
    if live.expires_at is not None:
        body["exp"] = int(live.expires_at.timestamp())
    return body
