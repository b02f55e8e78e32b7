"""Which pages of others may call the API, and what a browser is told about it (HD-2).

The headers stand on every answer to a named origin, whichever layer gives it, since they are
added by the outermost one. A preflight is answered from the routes that there are, with the
lists that the browser compares its request with; so its console says what is missing.
"""

from collections.abc import Sequence
from typing import Any, Final

from starlette.responses import Response
from starlette.types import Scope

_ASKED_METHOD: Final = b"access-control-request-method"
_REQUEST_HEADERS: Final = (
    "Accept, Accept-Language, Authorization, Baggage, Content-Language, Content-Type, "
    "Idempotency-Key, If-Match, If-None-Match, Traceparent, Tracestate, X-CSRF-Token, X-Request-ID"
)
_ANSWER_HEADERS: Final = (
    "Allow, ETag, Idempotency-Replayed, Location, RateLimit-Limit, RateLimit-Remaining, "
    "RateLimit-Reset, Retry-After, WWW-Authenticate, X-Request-ID"
)
_MAX_AGE: Final = 600
_VARY: Final = b"vary"

type RawHeaders = list[tuple[bytes, bytes]]


class Cors:
    """Answers pages of exactly these origins.

    Credentials are allowed since cookie mode needs them; the origins are never a wildcard.
    """

    def __init__(self, origins: Sequence[str]) -> None:
        if "*" in origins or "null" in origins:
            raise ValueError("origins have to be exact")
        self._origins = frozenset(origin.encode("ascii") for origin in origins)

    def named_origin(self, scope: Scope) -> bytes | None:
        """Return the origin that the request comes from, if it is one of these; else None."""
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        return origins[0] if len(origins) == 1 and origins[0] in self._origins else None

    def add_to(self, headers: RawHeaders, origin: bytes | None) -> None:
        """Add what a browser has to see, and what a cache has to know."""
        if origin is not None:
            headers += [
                (b"access-control-allow-origin", origin),
                (b"access-control-allow-credentials", b"true"),
                (b"access-control-expose-headers", _ANSWER_HEADERS.encode("ascii")),
            ]
        headers.append((_VARY, b"Origin"))


def is_preflight(scope: Scope) -> bool:
    """Tell whether a browser asks in advance (Fetch, section 3.3.5)."""
    return scope["method"] == "OPTIONS" and any(
        name == _ASKED_METHOD for name, _ in scope["headers"]
    )


def preflight_answer(methods: Sequence[str]) -> Response:
    """Return what a path with these methods may be asked; the origin is added as to any answer."""
    headers: dict[str, Any] = {
        "access-control-allow-methods": ", ".join(methods),
        "access-control-allow-headers": _REQUEST_HEADERS,
        "access-control-max-age": str(_MAX_AGE),
        "allow": ", ".join(methods),
        "vary": "Access-Control-Request-Method, Access-Control-Request-Headers",
    }
    return Response(headers=headers)
