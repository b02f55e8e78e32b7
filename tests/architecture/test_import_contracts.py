"""The walls between the packages stand, and each of them would fall if something ran into it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from importlinter.api import read_configuration

from tests.architecture.source import PACKAGES, ROOT, files_of, place_of

CONFIGURATION = read_configuration(str(ROOT / ".importlinter"))
CONTRACTS: dict[str, Mapping[str, Any]] = {
    contract["id"]: contract for contract in CONFIGURATION["contracts_options"]
}


@dataclass(frozen=True)
class Breach:
    """A line at the end of a file, there or new, that no reviewer should let through."""

    file: str
    line: str


NEW_MODULE = '"""A module that no contract has a place for."""'

BREACHES: dict[str, tuple[Breach, ...]] = {
    "direction": (
        Breach("domain/users/user.py", "import application.users.lookup"),
        Breach("application/users/lookup.py", "import entrypoints.settings"),
        Breach("adapters/system/clock.py", "import migrations.runner"),
        Breach("adapters/system/clock.py", "import entrypoints.settings"),
        Breach("migrations/runner.py", "import entrypoints.settings"),
        # Imports that a reader may overlook count as much.
        Breach("domain/users/user.py", "def late() -> None:\n    import application.users.lookup"),
        Breach(
            "domain/users/user.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import application.ports",
        ),
    ),
    "pure-core": (
        Breach("domain/users/user.py", "import cryptography"),
        Breach("domain/users/user.py", "import structlog"),
        Breach("application/users/lookup.py", "import aiosmtplib"),
        Breach("application/ports/clock.py", "import orjson"),
        Breach("application/users/lookup.py", "import sqlalchemy"),
    ),
    "ranks": (
        Breach("domain/users/user.py", "import domain.sessions.events"),
        Breach("domain/principal.py", "import domain.mail.message"),
        Breach("domain/access/role.py", "import domain.permissions"),
        Breach("application/sessions/refresh.py", "import application.accounts.profile"),
        Breach("application/sessions/refresh.py", "import application.access.granting"),
        Breach("application/keys/keyring.py", "import application.users.lookup"),
        Breach("application/mail/relay.py", "import application.audit.recording"),
        Breach("application/paging.py", "import application.mail.ports"),
        Breach("application/ports/clock.py", "import application.paging"),
        Breach("application/accounts/profile.py", "import application.service"),
        Breach("application/organisations.py", NEW_MODULE),
        Breach("domain/organisations/__init__.py", NEW_MODULE),
    ),
    "ranks-of-stores": (
        Breach("adapters/sqlalchemy/users/rows.py", "import adapters.sqlalchemy.sessions.tables"),
        Breach("adapters/memory/mail/outbox.py", "import adapters.memory.users.tables"),
        Breach("adapters/memory/store.py", "import adapters.memory.users.tables"),
        Breach("adapters/sqlalchemy/schema.py", "import adapters.sqlalchemy.mail.tables"),
        Breach("adapters/sqlalchemy/organisations/__init__.py", NEW_MODULE),
        Breach("adapters/memory/organisations.py", NEW_MODULE),
    ),
    "ranks-of-routes": (
        Breach("entrypoints/http/sessions/own.py", "import entrypoints.http.accounts.me"),
        Breach("entrypoints/http/edge/errors.py", "import entrypoints.http.users.answers"),
        Breach("entrypoints/http/edge/body.py", "import entrypoints.http.app"),
        Breach("entrypoints/http/organisations.py", NEW_MODULE),
    ),
    "ranks-of-commands": (
        Breach("entrypoints/cli/sessions.py", "import entrypoints.cli.accounts"),
        Breach("entrypoints/cli/printing.py", "import entrypoints.cli.keys"),
        Breach("entrypoints/representations/users.py", "import entrypoints.representations.keys"),
        Breach("entrypoints/cli/organisations.py", NEW_MODULE),
        Breach("entrypoints/representations/organisations.py", NEW_MODULE),
    ),
    "adapters-apart": (
        Breach("adapters/jwt/access_tokens.py", "import adapters.encryption.secret_box"),
        Breach("adapters/memory/clock.py", "import adapters.system.clock"),
        Breach("adapters/webauthn/__init__.py", "import adapters.memory.store"),
    ),
    "adapters-named-once": (
        Breach("entrypoints/lifecycle.py", "import adapters.system.clock"),
        Breach("entrypoints/http/app.py", "import adapters.memory.store"),
        Breach("entrypoints/worker/main.py", "import adapters"),
        Breach("migrations/runner.py", "import adapters.memory.store"),
        Breach("application/users/lookup.py", "import adapters.memory.store"),
    ),
    "adapters-behind-ports": (
        Breach("adapters/smtp/mailer.py", "import application.mail.notifications"),
        Breach("adapters/memory/store.py", "from application.audit import recording"),
        Breach("migrations/runner.py", "import application.ports.clock"),
    ),
    "wiring-in-one-place": (
        Breach("entrypoints/lifecycle.py", "import dependency_injector"),
        Breach(
            "entrypoints/http/edge/dependencies.py",
            "from dependency_injector.wiring import inject",
        ),
        Breach("adapters/memory/store.py", "import dependency_injector"),
    ),
    "web-framework-at-the-edge": (
        Breach("entrypoints/cli/main.py", "import uvicorn"),
        Breach("entrypoints/lifecycle.py", "from fastapi import FastAPI"),
        Breach("entrypoints/container.py", "import starlette.requests"),
        Breach("adapters/memory/store.py", "from starlette import status"),
    ),
    "templates-in-the-pages": (
        Breach("entrypoints/http/mail/development.py", "from jinja2 import Template"),
        Breach("entrypoints/cli/main.py", "import jinja2"),
        Breach("adapters/smtp/mailer.py", "import jinja2"),
    ),
    "sql-in-one-adapter": (
        Breach("adapters/memory/store.py", "from sqlalchemy.ext.asyncio import AsyncEngine"),
        Breach("entrypoints/container.py", "import sqlalchemy"),
    ),
    "jwt-in-one-adapter": (
        Breach("adapters/memory/keys/access_tokens.py", "import jwt"),
        Breach("entrypoints/http/edge/dependencies.py", "from jwt import decode"),
    ),
    "argon2-in-one-adapter": (
        Breach("adapters/memory/credentials/hashing.py", "import argon2"),
        Breach("entrypoints/container.py", "from argon2 import Type"),
    ),
    "webauthn-in-one-adapter": (
        Breach("adapters/memory/factors/passkeys.py", "import webauthn"),
        Breach("application/factors/totp.py", "from webauthn.helpers import parse_cbor"),
    ),
    "qr-codes-in-one-place": (
        Breach("application/factors/totp.py", "import segno"),
        Breach("entrypoints/http/app.py", "from segno import make"),
    ),
    "pydantic-at-the-edge": (
        Breach("adapters/memory/store.py", "import pydantic"),
        Breach("adapters/smtp/mailer.py", "import pydantic_settings"),
        Breach("migrations/runner.py", "import pydantic_core"),
    ),
    "entrypoints-inside": (
        Breach("entrypoints/worker/main.py", "import entrypoints.http.server"),
        Breach("entrypoints/http/app.py", "import entrypoints.worker.main"),
        Breach("entrypoints/http/app.py", "import entrypoints.cli.exits"),
        Breach("entrypoints/worker/main.py", "import entrypoints.cli.exits"),
        Breach("entrypoints/container.py", "import entrypoints.lifecycle"),
        Breach("entrypoints/policies.py", "import entrypoints.container"),
        Breach("entrypoints/logging.py", "import entrypoints.container"),
        Breach("entrypoints/settings/addresses.py", "import entrypoints.lifecycle"),
        Breach("entrypoints/grpc.py", NEW_MODULE),
        Breach("entrypoints/grpc/__init__.py", NEW_MODULE),
    ),
    "no-cycles": (
        Breach("application/audit/seals.py", "import application.audit.recording"),
        Breach("adapters/sqlalchemy/errors.py", "import adapters.sqlalchemy.connections"),
        Breach("domain/sessions/events.py", "import domain.sessions.session"),
        Breach("entrypoints/settings/addresses.py", "import entrypoints.settings.findings"),
        Breach("migrations/runner.py", "import migrations.env"),
    ),
}
"""What each contract is there to refuse. A contract without an entry fails the first test."""

# Runs in the copy, which import-linter puts first on the path: one report per breach, each on the
# tree with that one line more, and one on the untouched tree before and after them.
LINT_EACH = """
import json, sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from importlinter.cli import lint_imports

def report():
    with redirect_stdout(StringIO()) as said:
        lint_imports(no_cache=True, no_logo=True)
    return said.getvalue()

reports = [report()]
for place, line in json.load(sys.stdin):
    file = Path(place)
    before = file.read_text() if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{before or ''}\\n{line}\\n")
    reports.append(report())
    if before is None:
        file.unlink()
        if file.name == "__init__.py":
            file.parent.rmdir()
    else:
        file.write_text(before)
reports.append(report())
json.dump(reports, sys.stdout)
"""


def broken_in(report: str) -> set[str]:
    """Return the ids of the contracts that a report of import-linter calls broken."""
    verdict = dict(re.findall(r"^(.*) (KEPT|BROKEN)(?: .*)?$", report, re.MULTILINE))
    assert len(verdict) == len(CONTRACTS), report  # else it did not come so far as to check
    return {id_ for id_, contract in CONTRACTS.items() if verdict[contract["name"]] == "BROKEN"}


def run(*command: str, cwd: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in the folder, with lines as wide as they come."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "1000"},
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[Breach | str, set[str]]:
    """What every breach breaks, tried on a copy of the tree in a process of its own."""
    copy = tmp_path_factory.mktemp("tree")
    for file in files_of(*PACKAGES):
        target = copy / place_of(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    shutil.copyfile(ROOT / ".importlinter", copy / ".importlinter")
    every = [breach for breaches in BREACHES.values() for breach in breaches]
    given = json.dumps([(breach.file, breach.line) for breach in every])
    ended = run(sys.executable, "-c", LINT_EACH, cwd=copy, given=given)
    assert ended.returncode == 0, ended.stderr
    labels: list[Breach | str] = ["before", *every, "after"]
    return dict(zip(labels, map(broken_in, json.loads(ended.stdout)), strict=True))


def test_every_contract_is_kept() -> None:
    """What ``make check`` runs finds nothing in the tree as it is."""
    ended = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache", cwd=ROOT)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert broken_in(ended.stdout) == set()


def test_every_contract_has_an_example_of_what_it_refuses() -> None:
    """A contract that nothing is known to break could be one that cannot break."""
    assert sorted(BREACHES) == sorted(CONTRACTS)
    assert all(BREACHES.values())


def test_the_copy_is_sound(reports: dict[Breach | str, set[str]]) -> None:
    """Nothing is broken before the first breach and after the last, so each speaks for itself."""
    assert reports["before"] == set()
    assert reports["after"] == set()


@pytest.mark.parametrize(
    ("contract", "breach"),
    [
        pytest.param(contract, breach, id=f"{contract}-{number}")
        for contract, breaches in BREACHES.items()
        for number, breach in enumerate(breaches)
    ],
)
def test_a_breach_breaks_its_contract(
    contract: str, breach: Breach, reports: dict[Breach | str, set[str]]
) -> None:
    """Every wall falls to a single bad line."""
    assert contract in reports[breach]


@pytest.mark.parametrize("contract", BREACHES)
def test_no_contract_is_idle(contract: str, reports: dict[Breach | str, set[str]]) -> None:
    """Each contract refuses something that no other one would have refused."""
    assert {contract} in [reports[breach] for breach in BREACHES[contract]]


def test_every_package_is_watched() -> None:
    """A top-level package that no contract knows could import and be imported at will."""
    assert tuple(CONFIGURATION["session_options"]["root_packages"]) == PACKAGES
    folders = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    assert folders - {"benchmarks", "examples", "tests"} == set(PACKAGES)


def test_every_forbidden_library_exists() -> None:
    """import-linter says nothing about a forbidden name that is misspelt."""
    names = CONTRACTS["pure-core"]["forbidden_modules"]
    assert [name for name in names if find_spec(name) is None] == []


@pytest.mark.parametrize(
    "contract",
    ["entrypoints-inside", "ranks", "ranks-of-stores", "ranks-of-routes", "ranks-of-commands"],
)
def test_every_module_has_a_place(contract: str) -> None:
    """Without ``exhaustive`` a new module would stand outside of the layers."""
    assert CONTRACTS[contract]["exhaustive"] == "True"


def test_no_contract_looks_away() -> None:
    """Imports for the type checker count, and only these exceptions are written down."""
    assert "exclude_type_checking_imports" not in CONFIGURATION["session_options"]
    ignored = {
        id_: contract["ignore_imports"]
        for id_, contract in CONTRACTS.items()
        if "ignore_imports" in contract
    }
    assert ignored == {
        "adapters-apart": [
            "adapters.** -> adapters.addresses.**",
            "adapters.** -> adapters.mime.**",
            "adapters.** -> adapters.network.**",
        ],
        "adapters-named-once": [
            "migrations.** -> adapters.sqlalchemy.**",
            "migrations.** -> adapters.addresses.**",
            "entrypoints.settings.addresses -> adapters.addresses.**",
        ],
        "adapters-behind-ports": [
            "adapters.** -> application.ports.**",
            "adapters.** -> application.*.ports",
        ],
    }
