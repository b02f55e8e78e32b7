"""What a half-done page has to know when its form comes back, sealed into the form itself.

So the server keeps nothing, and what comes back is what was sent (AT-5).
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import Request

from application.ports.crypto import SealBroken
from entrypoints.container import Container
from entrypoints.http.account_pages.places import Place


def sealed_state(request: Request, place: Place, facts: Mapping[str, Any]) -> str:
    """Return the facts as text that only this page of this service can read or make."""
    sealed = _container(request).secret_box().seal(orjson.dumps(facts), purpose=_purpose(place))
    return _text(sealed)


def opened_state(request: Request, place: Place, text: str) -> dict[str, Any] | None:
    """Return the facts; None for any other text, and for any other spelling of it (TK-2).

    How old they are is not looked at.
    """
    try:
        sealed = urlsafe_b64decode(text.encode("ascii"))
        if _text(sealed) != text:
            return None
        plain = _container(request).secret_box().open(sealed, purpose=_purpose(place))
    except (ValueError, SealBroken):
        return None
    facts: dict[str, Any] = orjson.loads(plain)
    return facts


def _purpose(place: Place) -> str:
    return f"page {place} v1"


def _text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode()


def _container(request: Request) -> Container:
    container: Container = request.app.state.container
    return container
