"""What a capability adds to the HTTP service: routes, which of them are public, and its errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from fastapi import APIRouter  # noqa: TID251 - a team may bring one

from domain.errors import DomainError


@dataclass(frozen=True, slots=True)
class Tag:
    """A chapter of the description: routers name it, and the room that it is about declares it."""

    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One capability's part.

    ``public`` are the ``(method, path)`` that need no caller: for OpenAPI, and for the test that
    all others do (AZ-1). ``errors`` are the concrete errors that the capability can raise beside
    those of :data:`entrypoints.http.edge.errors.EDGE_ERRORS`. ``tags`` are
    chapters of the description.
    """

    routers: Sequence[APIRouter]
    public: frozenset[tuple[str, str]] = frozenset()
    errors: Sequence[type[DomainError]] = ()
    tags: Sequence[Tag] = ()


def chapters(rooms: Sequence[Room], order: Sequence[str]) -> list[Tag]:
    """Return the tags of the rooms in this order; those that it does not name come last."""
    places = {name: place for place, name in enumerate(order)}
    tags = chain.from_iterable(room.tags for room in rooms)
    return sorted(tags, key=lambda tag: places.get(tag.name, len(places)))
