"""Headers of answers, as OpenAPI tells them."""

from collections.abc import Mapping
from typing import Any, Final

ETAG: Final = ("ETag",)
LOCATION: Final = ("Location",)
RATE_LIMIT: Final = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
"""What a route with a :func:`~entrypoints.http.edge.dependencies.limited` says in every answer."""

HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ETag": {
        "description": "A strong validator of `data`, for `If-Match`.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Location": {
        "description": "Where the new thing is.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "RateLimit-Limit": {
        "description": "Requests in the window. The three are left out where no limit is set.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Remaining": {
        "description": "Requests that are left in it.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Reset": {
        "description": "Seconds until it is full again.",
        "schema": {"type": "integer"},
    },
    "Retry-After": {
        "description": "Seconds to wait, at least one.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "`Bearer`, and what was wrong with the token (RFC 6750).",
        "schema": {"type": "string"},
    },
    "X-Request-ID": {
        "description": "The request's id: the caller's own if it fits, else one that was made.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
}


def headers(*names: str) -> dict[str, dict[str, str]]:
    """Return the references that declare these headers of an answer."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def with_headers(status: int, *names: str) -> dict[int | str, dict[str, Any]]:
    """Return what a route's ``responses=`` declares for the headers of its success."""
    return {status: {"headers": headers(*names)}}
