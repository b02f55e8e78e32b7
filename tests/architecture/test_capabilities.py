"""A capability is entered by its ports, and by what its ``__init__`` names."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, files_of, imports_in, module_of, place_of, tree_of

ROOMS = sorted(
    folder.name for folder in (ROOT / "application").iterdir() if (folder / "wiring.py").exists()
)
PUTS_TOGETHER = {"application.service", "entrypoints.policies"}
"""What may enter by ``wiring``, beside the wiring of other capabilities and its parts."""


def doors_of(room: str) -> set[str]:
    """Return the modules of the room that its ``__init__`` names, and its ports."""
    named: list[str] = import_module(f"application.{room}").__all__
    return {"ports", *named}


def trespasses(module: str, tree: ast.Module) -> Iterator[str]:
    """Yield every import of a part of a room that is no door of it."""
    for source, name, line in imports_in(tree):
        parts = (source if name is None else f"{source}.{name}").split(".")
        if len(parts) < 3 or parts[0] != "application" or parts[1] not in ROOMS:
            continue
        room, part = parts[1], parts[2]
        is_inside = f"{module}.".startswith(f"application.{room}.")
        may_wire = module in PUTS_TOGETHER or module.rpartition(".")[2].startswith("wiring")
        if not (is_inside or part in doors_of(room) or (part == "wiring" and may_wire)):
            yield f"line {line}: application.{room}.{part}"


def test_there_are_rooms() -> None:
    """Else the tests below would be about nothing."""
    assert {"accounts", "sessions", "mail"} <= set(ROOMS)


def test_every_capability_is_entered_by_its_doors() -> None:
    """What stands behind them can change without anybody else noticing."""
    found = {
        place_of(file): bad
        for file in files_of("application", "adapters", "entrypoints")
        if (bad := list(trespasses(module_of(file), tree_of(file))))
    }
    assert found == {}


@pytest.mark.parametrize("room", ROOMS)
def test_every_door_is_used(room: str) -> None:
    """A door that nothing enters by is one more promise to keep."""
    used = {
        (source if name is None else f"{source}.{name}").split(".")[2]
        for file in files_of("application", "entrypoints")
        if not f"{module_of(file)}.".startswith(f"application.{room}.")
        for source, name, _ in imports_in(tree_of(file))
        if f"{source}.".startswith(f"application.{room}.")
        if len((source if name is None else f"{source}.{name}").split(".")) > 2
    }
    assert doors_of(room) - {"ports"} <= used


@pytest.mark.parametrize("room", ROOMS)
def test_a_capability_has_a_room_of_its_name_in_every_layer(room: str) -> None:
    """A stranger who knows one room knows them all."""
    layers = ("domain", "application", "adapters/memory", "adapters/sqlalchemy", "entrypoints/http")
    missing = [layer for layer in layers if not (ROOT / layer / room / "__init__.py").exists()]
    assert missing == []


# --- and the checks themselves can fail -------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "line", "is_found"),
    [
        ("application.accounts.profile", "from application.sessions.refresh import X", True),
        ("application.accounts.profile", "import application.sessions.refresh", True),
        ("application.accounts.profile", "from application.sessions import refresh", True),
        ("application.accounts.profile", "from application.sessions.wiring import X", True),
        ("application.accounts.wiring", "from application.sessions.wiring import X", False),
        ("application.accounts.wiring_parts", "from application.sessions.wiring import X", False),
        ("application.accounts.wiring", "from application.factors.wiring_sign_in import X", True),
        ("application.accounts.profile", "from application.sessions.ending import X", False),
        ("application.accounts.profile", "from application.sessions.ports import X", False),
        ("application.sessions.ending", "from application.sessions.refresh import X", False),
        ("application.accounts.profile", "from application.paging import X", False),
    ],
)
def test_a_trespass_is_found(module: str, line: str, is_found: bool) -> None:
    """In whatever form it is written."""
    assert bool(list(trespasses(module, ast.parse(line)))) is is_found


def test_the_paths_are_real() -> None:
    """The rooms are read from the tree that the tests stand in."""
    assert (Path(ROOT) / "application" / ROOMS[0]).is_dir()
