"""How a signing key looks from outside."""

from datetime import datetime
from typing import Any

from domain.keys.signing_key import SigningKey
from entrypoints.representations.formats import instant


def signing_key_body(key: SigningKey, *, now: datetime) -> dict[str, Any]:
    """Return a signing key without its private half, which is sealed anyway (TK-4)."""
    return {
        "kid": key.kid,
        "algorithm": key.algorithm.value,
        "state": key.state(now).value,
        "published_at": instant(key.published_at),
        "activates_at": instant(key.activates_at),
        "retires_at": instant(key.retires_at),
        "gone_at": instant(key.gone_at),
    }
