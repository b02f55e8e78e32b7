"""
What a process of production that has served nothing yet must not have loaded.

Start and idle memory are the sum of what is imported. A library that is needed for one command,
one kind of database or one page is imported by what needs it.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.processes import (
    PATIENCE,
    doorward,
    environment,
    free_port,
    wait_for_line,
    wait_for_status,
)

# Doorward's own command, which tells its modules when it is asked to.
PROGRAM = """
import sys, threading

def tell():
    sys.stdin.readline()
    print(*sorted(sys.modules), file=sys.stderr, flush=True)

threading.Thread(target=tell, daemon=True).start()
from entrypoints.cli.start import main
main()
"""

NEVER_IDLE = {
    "OpenSSL": "webauthn's",
    "adapters.memory": "the store of a service without a database",
    "adapters.mime": "mails, which an SMTP_URL is needed for",
    "adapters.smtp": "the same",
    "adapters.sqlalchemy.inspection": "doorward check",
    "adapters.sqlalchemy.mail.mailbox": "the mailbox of development",
    "adapters.webauthn.options": "passkeys, once one is asked for",
    "adapters.webauthn.reading": "the same",
    "adapters.webauthn.verification": "passkeys, once one is shown",
    "aiosmtplib": "mails",
    "alembic": "migrations",
    "application.mail.layout": "mails",
    "cbor2": "webauthn's",
    "segno": "QR codes",
    "dependency_injector.containers": "brings the wiring below",
    "dependency_injector.wiring": "brings every web framework that is installed",
    "difflib": "what a misspelt setting may have meant",
    "email.mime": "mails",
    "entrypoints.cli.accounts": "commands",
    "entrypoints.cli.check": "the same",
    "entrypoints.http.mail.development": "the mailbox of development",
    "entrypoints.http.operations.metrics": "METRICS, which is off",
    "entrypoints.http.testing": "routes for tests of products",
    "entrypoints.testing": "the plugin for tests of products",
    "hypothesis": "the tests",
    "jinja2": "pages",
    "mako": "migrations",
    "migrations.runner": "migrations",
    "prometheus_client": "METRICS, which is off",
    "pydantic.v1": "FastAPI's, to refuse it, where it works out a route",
    "pygments": "rich's",
    "pytest": "the tests",
    "rich": "help and tables on a terminal",
    "sqlalchemy.ext.asyncio": "brings the ORM",
    "sqlalchemy.orm": "not used at all",
    "webauthn": "passkeys, once one is shown",
    "werkzeug": "the wiring's",
}
"""Module, and all below it: what it is for."""

ONLY_HTTP = {
    "entrypoints.http": "the API",
    "fastapi": "the same",
    "opentelemetry": "FastAPI's",
    "starlette": "the same",
    "uvicorn": "the same",
}
DRIVERS = {"sqlite": {"aiosqlite", "sqlite3"}, "postgres": {"asyncpg"}}


type _Process = subprocess.Popen[str]


@pytest.fixture(params=sorted(DRIVERS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def production(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> dict[str, str]:
    """
    The settings of a production over a migrated database of this kind.
    """
    settings = {
        "ENVIRONMENT": "production",
        "PUBLIC_URL": "https://auth.example.com",
        "DATABASE_URL": f"sqlite:///{tmp_path}/doorward.db",
        "ARGON2_MEMORY_KIB": "19456",
        "ARGON2_TIME_COST": "2",
    }
    if kind == "postgres":
        settings["DATABASE_URL"] = str(request.getfixturevalue("postgres_url"))
    else:
        done = doorward("migrate", folder=tmp_path, **settings)
        assert done.returncode == 0, done.stderr
    return settings


@contextmanager
def _running(command: str, folder: Path, settings: dict[str, str]) -> Iterator[_Process]:
    """
    Run the command of the installed program; its log is the file beside the database.
    """
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, command],
            cwd=folder,
            env=environment(folder, settings),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0


def _modules(process: _Process) -> set[str]:
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write("tell\n")
    process.stdin.flush()
    return set(process.stderr.readline().split())


def _with_parents(modules: set[str]) -> set[str]:
    """
    Return the modules and the packages that they are in, in which they can be named.
    """
    parts = [name.split(".") for name in modules]
    return {".".join(each[: length + 1]) for each in parts for length in range(len(each))}


def _of_other_databases(kind: str, loaded: set[str]) -> set[str]:
    others = set[str]().union(*(names for other, names in DRIVERS.items() if other != kind))
    # Coverage, where the run is measured, keeps what it finds in a file of SQLite's.
    return others - {"sqlite3"} if "coverage" in loaded else others


def test_an_idle_service_has_loaded_what_it_uses(
    kind: str, production: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    with _running("serve", tmp_path, {**production, "PORT": str(port)}) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/live", 200, process)
        loaded = _with_parents(_modules(process))
    assert loaded >= {"fastapi", "sqlalchemy", *DRIVERS[kind]}
    assert loaded & {*NEVER_IDLE, *_of_other_databases(kind, loaded)} == set()


def test_an_idle_worker_has_loaded_no_web_framework(
    kind: str, production: dict[str, str], tmp_path: Path
) -> None:
    with _running("worker", tmp_path, production) as process:
        wait_for_line(tmp_path / "log", "worker_started", process)
        loaded = _with_parents(_modules(process))
    assert loaded >= {"sqlalchemy", *DRIVERS[kind]}
    assert loaded & {*NEVER_IDLE, *ONLY_HTTP, *_of_other_databases(kind, loaded)} == set()


def test_all_that_must_not_be_loaded_exists() -> None:
    """
    Else a module that has another name by now would never be found.
    """
    named = {*NEVER_IDLE, *ONLY_HTTP, *set().union(*DRIVERS.values())}
    assert {name for name in named if importlib.util.find_spec(name) is None} == set()
