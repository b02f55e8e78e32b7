"""How the packages are laid out: what the contracts rely on, and what keeps modules readable."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.architecture.source import (
    PACKAGES,
    ROOT,
    files_of,
    imports_in,
    module_of,
    place_of,
    tree_of,
)

REVISIONS = "migrations/versions"
NO_PACKAGE: Mapping[str, str] = {
    REVISIONS: "Alembic loads revisions by their path; no module imports them",
}
"""Folders without ``__init__.py``. import-linter cannot see into them."""

VAGUE_NAMES = {
    *("base", "common", "generic", "misc", "shared", "stuff"),
    *("helper", "helpers", "lib", "manager", "managers", "tools", "util", "utils"),
}

MOST_LINES = 350
SHORTER: Mapping[str, int] = {"entrypoints/container.py": 280, "tests/application/service.py": 150}
"""What says at a glance how everything is put together, and must stay so."""
LONGER: Mapping[str, tuple[int, str]] = {}
"""Modules that may be longer: how long, and why."""

DYNAMIC_IMPORTS: Mapping[str, str] = {
    "migrations/tables.py": "a capability's tables are found by their place, to be compared",
}
"""Modules that may import by name, and why. No contract sees such an import."""

LIBRARY_HOMES: Mapping[str, tuple[str, ...]] = {
    "aiosmtplib": ("adapters.smtp",),
    "alembic": ("migrations",),
    "argon2": ("adapters.argon2",),
    "asyncpg": ("adapters.sqlalchemy.postgresql",),
    "cryptography": ("adapters.encryption", "adapters.jwt"),
    "cyclopts": ("entrypoints.cli",),
    "dependency_injector": ("entrypoints.container",),
    "dotenv": ("entrypoints.settings.loading",),
    "fastapi": ("entrypoints.http",),
    "httptools": ("entrypoints.http.edge.patience", "entrypoints.http.edge.skimming"),
    "jinja2": ("entrypoints.http.pages.rendering",),
    "jwt": ("adapters.jwt",),
    "orjson": ("adapters.jwt", "entrypoints"),
    "prometheus_client": ("entrypoints.http.operations.metrics",),
    "pydantic": ("entrypoints.http", "entrypoints.settings"),
    "pydantic_core": (
        "entrypoints.http.edge.parameters",
        "entrypoints.http.factors.requests",
        "entrypoints.settings",
    ),
    "pydantic_settings": ("entrypoints.settings",),
    "pytest": ("entrypoints.testing.plugin",),
    "rich": ("entrypoints.cli.tables",),
    "segno": ("entrypoints.http.factors.qr_code",),
    "sqlalchemy": ("adapters.sqlalchemy", "migrations"),
    "starlette": ("entrypoints.http",),
    "structlog": ("entrypoints.logging",),
    "uvicorn": (
        "entrypoints.http.edge.connection",
        "entrypoints.http.edge.patience",
        "entrypoints.http.edge.stalling",
        "entrypoints.http.server",
    ),
    "webauthn": ("adapters.webauthn.verification",),
}
"""Where each third-party library may be imported. The contracts name the frameworks; this, all."""


def folders_without_init(root: Path, *packages: str) -> list[str]:
    """Return the folders that hold Python files and are no package."""
    folders = {file.parent for package in packages for file in (root / package).rglob("*.py")}
    return sorted(
        folder.relative_to(root).as_posix()
        for folder in folders
        if not (folder / "__init__.py").exists()
    )


def vague_parts(place: str) -> set[str]:
    """Return the nouns in a path that say nothing about what stands there.

    The noun is the last word: ``common_passwords`` are passwords, ``password_utils`` is anything.
    """
    nouns = (part.split("_")[-1] for part in place.removesuffix(".py").split("/"))
    return VAGUE_NAMES & set(nouns)


def dynamic_imports(tree: ast.Module) -> Iterator[str]:
    """Yield every way to import something by a name that is made at run time."""
    for module, name, line in imports_in(tree):
        root, _, rest = module.partition(".")
        loads = name is None if not rest else rest not in {"metadata", "resources"}
        named = f"{module}.{name}"
        if root in {"imp", "pkgutil", "runpy", "zipimport"} or (root == "importlib" and loads):
            yield f"line {line}: {module}"
        elif named in {"importlib.import_module", "importlib.reload", "importlib.util"}:
            yield f"line {line}: {named}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in {"__import__", "compile", "eval", "exec"}:
            yield f"line {node.lineno}: {node.id}"
        if isinstance(node, ast.Attribute) and node.attr in {"import_module", "import_string"}:
            yield f"line {node.lineno}: {node.attr}"


def third_party(tree: ast.Module) -> set[str]:
    """Return the libraries that the code imports."""
    roots = {module.split(".")[0] for module, _, _ in imports_in(tree)}
    return roots - sys.stdlib_module_names - set(PACKAGES)


def within(module: str, homes: tuple[str, ...]) -> bool:
    """Tell whether the module is one of the homes or stands in one."""
    return any(f"{module}.".startswith(f"{home}.") for home in homes)


def test_every_folder_with_code_is_a_package() -> None:
    """import-linter does not see a folder without ``__init__.py``, so no contract holds there."""
    assert folders_without_init(ROOT, *PACKAGES) == sorted(NO_PACKAGE)


def test_revisions_stand_alone() -> None:
    """A revision that imports our tables would change whenever they do."""
    allowed = {"alembic", "sqlalchemy"}
    for file in files_of(REVISIONS):
        roots = {module.split(".")[0] for module, _, _ in imports_in(tree_of(file))}
        assert roots - sys.stdlib_module_names <= allowed, place_of(file)


def test_every_module_is_named_after_what_it_holds() -> None:
    """What is put into ``utils`` is never found again."""
    assert [place_of(file) for file in files_of(*PACKAGES) if vague_parts(place_of(file))] == []


def test_no_module_is_too_long_to_read() -> None:
    """Up to 350 lines, and a written reason for each that is longer."""
    lengths = {
        place_of(file): len(file.read_text(encoding="utf-8").splitlines())
        for file in files_of(*PACKAGES)
    }
    most = {place: LONGER.get(place, (MOST_LINES, ""))[0] for place in lengths}
    assert {place: n for place, n in lengths.items() if n > most[place]} == {}
    assert [place for place in LONGER if lengths.get(place, 0) <= MOST_LINES] == [], "not needed"


def test_the_wiring_can_be_seen_at_a_glance() -> None:
    """One wiring: the container chooses adapters, the tests' service takes the memory ones."""
    lengths = {
        place: len((ROOT / place).read_text(encoding="utf-8").splitlines()) for place in SHORTER
    }
    assert {place: n for place, n in lengths.items() if n >= SHORTER[place]} == {}


def test_nothing_is_imported_by_name() -> None:
    """A dynamic import passes every contract unseen."""
    found = {
        place_of(file): findings
        for file in files_of(*PACKAGES)
        if (findings := list(dynamic_imports(tree_of(file))))
    }
    assert found.keys() == DYNAMIC_IMPORTS.keys(), found


def test_every_library_has_a_home() -> None:
    """A library is imported where it belongs; a new one gets a home before its first import."""
    astray = [
        f"{place_of(file)} imports {library}"
        for file in files_of(*PACKAGES)
        for library in sorted(third_party(tree_of(file)))
        if not within(module_of(file), LIBRARY_HOMES.get(library, ()))
    ]
    assert astray == []


def test_no_home_is_empty() -> None:
    """A home in which the library is not imported is a door left open."""
    users = {
        library: [module_of(f) for f in files_of(*PACKAGES) if library in third_party(tree_of(f))]
        for library in LIBRARY_HOMES
    }
    empty = [
        f"{library} in {home}"
        for library, homes in LIBRARY_HOMES.items()
        for home in homes
        if not any(within(module, (home,)) for module in users[library])
    ]
    assert empty == []


# --- and the checks themselves can fail -------------------------------------------------------


def test_a_folder_without_init_is_found(tmp_path: Path) -> None:
    """At any depth."""
    for file in ("a/__init__.py", "a/b/c.py", "a/b/d/__init__.py", "a/e/data.json"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    assert folders_without_init(tmp_path, "a") == ["a/b"]


@pytest.mark.parametrize(
    "place", ["domain/utils.py", "adapters/common/x.py", "domain/user_helpers.py", "a/base.py"]
)
def test_a_vague_name_is_found(place: str) -> None:
    """As a module, as a package, and as a part of a name."""
    assert vague_parts(place)


@pytest.mark.parametrize("place", ["domain/users/user.py", "adapters/wordlist/common_passwords.py"])
def test_a_good_name_is_let_pass(place: str) -> None:
    """Else the test above would say nothing."""
    assert not vague_parts(place)


@pytest.mark.parametrize(
    "line",
    [
        "import importlib",
        "import importlib.util",
        "from importlib import import_module",
        "from importlib import util",
        "from importlib.machinery import SourceFileLoader",
        "__import__('adapters.memory')",
        "load = __import__",
        "exec('import adapters')",
        "eval('1')",
        "import runpy",
        "import pkgutil",
        "x.import_module('adapters')",
    ],
)
def test_a_dynamic_import_is_found(line: str) -> None:
    """In whatever form it is written."""
    assert list(dynamic_imports(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        "from importlib.metadata import version",
        "from importlib.resources import files",
        "import importlib.metadata",
        "re.compile('x')",
        "import adapters.memory",
    ],
)
def test_other_uses_are_let_pass(line: str) -> None:
    """Reading metadata loads no code."""
    assert not list(dynamic_imports(ast.parse(line)))


def test_libraries_are_told_from_the_rest() -> None:
    """Ours and the standard library's are none."""
    code = "import os, httpx.x\nfrom domain.user import User\ndef f():\n    from yaml import load\n"
    assert third_party(ast.parse(code)) == {"httpx", "yaml"}
    assert within("entrypoints.http.app", ("entrypoints.http",))
    assert not within("entrypoints.httpx", ("entrypoints.http",))
