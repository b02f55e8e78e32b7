"""What a capability adds to the HTTP service: routes, which of them are public, and its errors."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter

from domain.errors import DomainError


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One capability's part.

    ``public`` are the ``(method, path)`` that need no caller: for OpenAPI, and for the test that
    all others do (AZ-1). ``errors`` are the concrete errors that the capability can raise beside
    those of :data:`entrypoints.http.edge.errors.EDGE_ERRORS`.
    """

    routers: Sequence[APIRouter]
    public: frozenset[tuple[str, str]] = frozenset()
    errors: Sequence[type[DomainError]] = ()
