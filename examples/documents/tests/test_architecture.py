"""What this package owes: imports that point inwards, its data in every export, no place in the
wheel."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from importlinter.api import read_configuration

from adapters.memory.store import Table
from domain.errors import DomainError
from entrypoints.http.app import ROOMS as DOORWARDS
from entrypoints.http.edge.errors import EDGE_ERRORS
from entrypoints.lifecycle import build_container
from examples.documents.adapters.memory.documents import DOCUMENTS as IN_MEMORY
from examples.documents.domain import document, events
from examples.documents.entrypoints.container import DocumentsContainer
from examples.documents.entrypoints.http.routes import ROOM
from tests.architecture.source import PACKAGES, ROOT, files_of, module_of, place_of, tree_of
from tests.architecture.test_capabilities import trespasses
from tests.contracts.owned_tables import (
    WITHOUT_A_SECTION,
    complaints,
    described,
    described_in_memory,
    memory_tables,
    service_metadata,
)
from tests.http.client import settings_for

HERE = "examples/documents"
CONFIGURATION = f"{HERE}/.importlinter"
CONTRACTS: dict[str, str] = {
    contract["id"]: contract["name"]
    for contract in read_configuration(str(ROOT / CONFIGURATION))["contracts_options"]
}
BREACHES = {
    "direction": (f"{HERE}/adapters/memory/unit.py", "examples.documents.entrypoints.container"),
    "doorward-knows-no-documents": ("domain/principal.py", "examples.documents.domain.events"),
    "domain": (f"{HERE}/domain/events.py", "application.paging"),
    "application": (f"{HERE}/application/owned.py", "adapters.memory.store"),
    "pure-core": (f"{HERE}/application/ports.py", "sqlalchemy"),
    "adapters-behind-ports": (
        f"{HERE}/adapters/sqlalchemy/unit.py",
        "examples.documents.application.reading",
    ),
    "adapters-apart": (
        f"{HERE}/adapters/sqlalchemy/documents.py",
        "examples.documents.adapters.memory.documents",
    ),
    "adapters-named-once": (
        f"{HERE}/entrypoints/http/own.py",
        "examples.documents.adapters.memory.unit",
    ),
    "doorward-adapters-named-once": (
        f"{HERE}/entrypoints/cli/documents.py",
        "adapters.memory.store",
    ),
}
"""For each contract, an import that it is there to refuse."""


def verdicts(folder: Path) -> dict[str, str]:
    """Return what import-linter says of each contract in this tree: kept, or how it is broken."""
    ended = subprocess.run(
        [
            str(Path(sys.executable).with_name("lint-imports")),
            "--no-cache",
            "--config",
            CONFIGURATION,
        ],
        cwd=folder,
        env={**os.environ, "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    kept = dict(re.findall(r"^(.*) (KEPT|BROKEN)(?: .*)?$", ended.stdout, re.MULTILINE))
    assert kept.keys() == set(CONTRACTS.values()), ended.stdout + ended.stderr
    details = ended.stdout.partition("Broken contracts")[2]
    return {
        id_: details.partition(f"\n{name}\n")[2] if kept[name] == "BROKEN" else ""
        for id_, name in CONTRACTS.items()
    }


def test_imports_point_inwards() -> None:
    assert {id_: told for id_, told in verdicts(ROOT).items() if told} == {}


def test_every_contract_refuses_something(tmp_path: Path) -> None:
    """Shown on a copy with one bad line for each of them."""
    assert BREACHES.keys() == CONTRACTS.keys()
    for file in files_of(*PACKAGES, "examples"):
        target = tmp_path / place_of(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    shutil.copyfile(ROOT / CONFIGURATION, tmp_path / CONFIGURATION)
    for place, imported in BREACHES.values():
        file = tmp_path / place
        file.write_text(f"{file.read_text()}\nimport {imported}\n")
    told = verdicts(tmp_path)
    for id_, (place, imported) in BREACHES.items():
        importer = place.removesuffix(".py").replace("/", ".")
        assert re.search(rf"{importer}\b.*{imported}\b", told[id_]), (id_, told[id_])


def test_doorwards_capabilities_are_entered_by_their_doors() -> None:
    """The same rule as inside: ``ports``, and what a capability's ``__init__`` names."""
    found = {
        place_of(file): bad
        for file in files_of(f"{HERE}/application", f"{HERE}/adapters", f"{HERE}/entrypoints")
        if (bad := list(trespasses(module_of(file), tree_of(file))))
    }
    assert found == {}


def test_every_table_has_a_section_that_is_exported_and_erased() -> None:
    container = build_container(settings_for("memory://"), DocumentsContainer)
    sections = {part.section for part in container.service().owned} | {"invitations_sent"}
    memory: list[Table[Any, Any]] = [*memory_tables(), IN_MEMORY]
    for tables in (
        described(service_metadata(DocumentsContainer.branches)),
        described_in_memory(memory),
    ):
        assert complaints(tables, sections=sections, without=WITHOUT_A_SECTION) == []
        (ours,) = [table for table in tables if table.name == "documents"]
        assert (ours.section, bool(ours.personal)) == ("documents", True)


def test_every_error_and_event_has_a_word_that_doorward_does_not_use() -> None:
    taken = {error.code for error in EDGE_ERRORS} | {
        error.code for room in DOORWARDS for error in room.errors
    }
    errors = [
        value
        for value in vars(document).values()
        if isinstance(value, type)
        and issubclass(value, DomainError)
        and value.__module__ == document.__name__
    ]
    assert list(ROOM.errors) == errors
    assert {error.code for error in errors} & taken == set()
    names = [
        vars(value)["name"]
        for value in vars(events).values()
        if isinstance(value, type) and "name" in vars(value)
    ]
    assert names == ["document.created", "document.changed", "document.removed"]


def test_the_story_of_this_package_quotes_it_word_for_word() -> None:
    """docs/extending.md, up to where a fork is told of; ``…`` stands for what is left out."""
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    story = page.partition("### The same as a room in a fork")[0]
    written = {code(line) for file in files_of(HERE) for line in file.read_text().splitlines()}
    blocks = re.findall(r"```python\n(.*?)```", story, re.DOTALL)
    quoted = {code(line) for block in blocks for line in block.splitlines()}
    assert len(quoted) > 50
    assert quoted - written <= {"…"}


def code(line: str) -> str:
    """Return the line without its indentation, and without a comment behind it."""
    return line.partition("  #")[0].strip()


def test_the_wheel_is_the_five_packages_and_says_that_they_are_typed() -> None:
    """What is built on Doorward is not part of it, and sees its types from outside."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel == {"packages": list(PACKAGES)}
    assert [package for package in PACKAGES if not (ROOT / package / "py.typed").exists()] == []
