"""How a token that was got with an API key looks, and what is told of tokens and keys."""

from typing import Any

from application.api_keys.access_tokens import KeyToken
from application.api_keys.introspection import LiveToken


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
