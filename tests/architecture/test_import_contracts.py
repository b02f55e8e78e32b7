"""The walls between the packages stand, and each of them would fall if something ran into it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
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
    """A line that no reviewer should let through, and every contract that it breaks."""

    file: str
    line: str
    also: tuple[str, ...] = ()


NEW_MODULE = '"""A module that nobody gave a place."""'

BREACHES: dict[str, tuple[Breach, ...]] = {
    "direction": (
        Breach("domain/user.py", "import application.users", ("no-cycles",)),
        Breach("application/users.py", "import entrypoints.settings"),
        Breach("adapters/system/clock.py", "import migrations.runner"),
        Breach("adapters/system/clock.py", "import entrypoints.settings"),
        Breach("migrations/runner.py", "import entrypoints.settings"),
        # Imports that a reader may overlook count as much.
        Breach("domain/user.py", "def late() -> None:\n    import application.users"),
        Breach("domain/user.py", "if False:\n    from application.ports import clock"),
    ),
    "pure-core": (
        Breach("domain/user.py", "import cryptography"),
        Breach("domain/user.py", "import structlog"),
        Breach("application/users.py", "import aiosmtplib"),
        Breach("application/ports/clock.py", "import orjson"),
        Breach("application/users.py", "import sqlalchemy", ("sql-in-one-adapter",)),
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
        Breach("application/users.py", "import adapters.memory.store", ("direction",)),
    ),
    "adapters-behind-ports": (
        Breach("adapters/smtp/mailer.py", "import application.notifications"),
        Breach("adapters/memory/store.py", "from application import recording"),
        Breach("migrations/runner.py", "import application.ports.clock"),
    ),
    "wiring-in-one-place": (
        Breach("entrypoints/lifecycle.py", "import dependency_injector"),
        Breach("entrypoints/http/dependencies.py", "from dependency_injector.wiring import inject"),
        Breach("adapters/memory/store.py", "import dependency_injector"),
    ),
    "web-framework-at-the-edge": (
        Breach("entrypoints/cli/main.py", "import uvicorn"),
        Breach("entrypoints/lifecycle.py", "from fastapi import FastAPI"),
        Breach("entrypoints/container.py", "import starlette.requests"),
        Breach("adapters/memory/store.py", "from starlette import status"),
    ),
    "sql-in-one-adapter": (
        Breach("adapters/memory/store.py", "from sqlalchemy.ext.asyncio import AsyncEngine"),
        Breach("entrypoints/container.py", "import sqlalchemy"),
    ),
    "jwt-in-one-adapter": (
        Breach("adapters/memory/tokens.py", "import jwt"),
        Breach("entrypoints/http/dependencies.py", "from jwt import decode"),
    ),
    "argon2-in-one-adapter": (
        Breach("adapters/memory/passwords.py", "import argon2"),
        Breach("entrypoints/container.py", "from argon2 import Type"),
    ),
    "pydantic-at-the-edge": (
        Breach("adapters/memory/store.py", "import pydantic"),
        Breach("adapters/smtp/mailer.py", "import pydantic_settings"),
        Breach("migrations/runner.py", "import pydantic_core"),
    ),
    "entrypoints-inside": (
        Breach("entrypoints/worker/main.py", "import entrypoints.http.server"),
        Breach("entrypoints/http/app.py", "import entrypoints.worker.main"),
        Breach("entrypoints/http/app.py", "import entrypoints.cli.exits", ("no-cycles",)),
        Breach("entrypoints/worker/main.py", "import entrypoints.cli.exits", ("no-cycles",)),
        Breach("entrypoints/container.py", "import entrypoints.lifecycle", ("no-cycles",)),
        Breach("entrypoints/logging.py", "import entrypoints.container"),
        Breach("entrypoints/settings/addresses.py", "import entrypoints.lifecycle", ("no-cycles",)),
        Breach("entrypoints/grpc.py", NEW_MODULE),
        Breach("entrypoints/grpc/__init__.py", NEW_MODULE),
    ),
    "application-inside": (
        Breach("application/users.py", "import application.registration"),
        Breach("application/sessions.py", "import application.authentication"),
        Breach("application/attempts.py", "import application.users"),
        Breach("application/recording.py", "import application.limits"),
        Breach("application/ports/clock.py", "import application.mail_texts"),
        Breach("application/organisations.py", NEW_MODULE),
        Breach("application/organisations/__init__.py", NEW_MODULE),
    ),
    "routers-apart": (
        Breach("entrypoints/http/routers/me.py", "import entrypoints.http.routers.sessions"),
        Breach("entrypoints/http/routers/tenants.py", "import entrypoints.http.routers.me"),
    ),
    "no-cycles": (
        Breach("domain/errors.py", "import domain.user"),
        Breach("adapters/memory/store.py", "import adapters.memory.unit_of_work"),
        Breach("application/ports/outbox.py", "import application.ports.unit_of_work"),
        Breach("entrypoints/settings/addresses.py", "import entrypoints.settings.findings"),
        Breach("migrations/runner.py", "import migrations.env"),
    ),
}
"""What each contract is there to refuse. A contract without an entry fails the first test."""

# Runs in the copy: one report per breach, each on the tree with that one line more.
LINT_EACH = """
import json, sys
from pathlib import Path

from importlinter.api import read_configuration  # also sets import-linter up
from importlinter.application.use_cases import create_report, read_user_options
from importlinter.application import use_cases

options = read_user_options(".importlinter")
use_cases._register_contract_types(options)
ids = {c["name"]: c["id"] for c in read_configuration(".importlinter")["contracts_options"]}

def broken():
    report = create_report(options, cache_dir=None)
    assert not report.could_not_run, report.invalid_contract_options
    return sorted(ids[c.name] for c, check in report.get_contracts_and_checks() if not check.kept)

answers = [broken()]
for file, line in json.load(sys.stdin):
    path = Path(file)
    before = path.read_text() if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before or ''}\\n{line}\\n")
    answers.append(broken())
    if before is None:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()
    else:
        path.write_text(before)
answers.append(broken())
Path("answers.json").write_text(json.dumps(answers))
"""


@dataclass(frozen=True)
class Verdicts:
    """Which contracts were broken: by the tree as it is, before and after, and by each breach."""

    untouched: tuple[list[str], list[str]]
    broken_by: dict[Breach, list[str]]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    """Try every breach on a copy of the tree, in one process of its own."""
    copy = tmp_path_factory.mktemp("tree")
    for file in files_of(*PACKAGES):
        target = copy / place_of(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    shutil.copyfile(ROOT / ".importlinter", copy / ".importlinter")
    every = [breach for breaches in BREACHES.values() for breach in breaches]
    run = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(copy)!r})\n{LINT_EACH}"],
        cwd=copy,
        input=json.dumps([(breach.file, breach.line) for breach in every]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    first, *each, last = json.loads((copy / "answers.json").read_text())
    return Verdicts((first, last), dict(zip(every, each, strict=True)))


def test_every_contract_is_kept(tmp_path: Path) -> None:
    """The command that ``make check`` runs, on the tree as it is, finds nothing."""
    run = subprocess.run(
        [sys.executable, "-m", "importlinter.cli", "--no-cache"]
        if find_spec("importlinter.__main__")
        else [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports; raise SystemExit(lint_imports("
            f"config_filename={str(ROOT / '.importlinter')!r}, no_cache=True, no_logo=True))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{len(CONTRACTS)} kept, 0 broken" in run.stdout
