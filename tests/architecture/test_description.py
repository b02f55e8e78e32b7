"""Names in the description of the API: clients are generated with them, and call by them."""

import re
from collections import Counter
from typing import Any

import pytest

from entrypoints.http.app import CHAPTERS, ROOMS, create_app
from entrypoints.http.mail.routes import DEVELOPMENT_ROOM
from entrypoints.http.room import Room, Tag, chapters
from entrypoints.lifecycle import build_container
from entrypoints.settings import Settings
from tests.architecture import snapshots


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return what the service says of itself in development, where there is a mailbox."""
    settings = Settings.model_validate(
        {"database_url": "memory://", "environment": "development", "secret_key": "k" * 48}
    )
    return create_app(build_container(settings)).openapi()


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every operation."""
    return [each for item in document["paths"].values() for each in item.values()]


def test_operation_ids_are_a_snapshot(document: dict[str, Any]) -> None:
    """Append-only: each is the name of a function in the clients of others."""
    names = Counter(operation["operationId"] for operation in operations(document))
    assert [name for name, count in names.items() if count > 1] == []
    assert snapshots.OPERATIONS - names.keys() == set(), "an operation that clients call was lost"
    assert names.keys() - snapshots.OPERATIONS == set(), "add it to the capability's snapshot"


def test_operation_ids_follow_their_grammar(document: dict[str, Any]) -> None:
    """A verb and what it is done to, as clients write it: ``signUp``, ``readJwks``."""
    pattern = re.compile(r"[a-z]+([A-Z][a-z]+)+")
    names = [operation["operationId"] for operation in operations(document)]
    assert [name for name in names if not pattern.fullmatch(name)] == []


def test_every_tag_is_declared_once_beside_its_room_and_used(document: dict[str, Any]) -> None:
    """A chapter without operations would be empty, one that is not declared comes last."""
    declared = [tag.name for room in (*ROOMS, DEVELOPMENT_ROOM) for tag in room.tags]
    assert len(declared) == len(set(declared))
    assert {tag for operation in operations(document) for tag in operation["tags"]} == set(declared)
    assert [tag for tag in CHAPTERS if tag not in declared] == []


def test_tags_stand_in_the_order_of_a_users_life(document: dict[str, Any]) -> None:
    """Sign-up first; what only development has comes last."""
    names = [tag["name"] for tag in document["tags"]]
    assert names[:4] == ["Sign-up", "Sessions", "Passwords", "My account"]
    assert names == [*CHAPTERS, "Development"]


def test_a_teams_own_tags_come_after_ours() -> None:
    """In the order in which the team declares them."""
    rooms = (
        Room(routers=(), tags=(Tag("Zebras", "Striped."), Tag("Apes", "Not striped."))),
        Room(routers=(), tags=(Tag("Sessions", "Ours."), Tag("Sign-up", "Ours, too."))),
    )
    names = [tag.name for tag in chapters(rooms, CHAPTERS)]
    assert names == ["Sign-up", "Sessions", "Zebras", "Apes"]
