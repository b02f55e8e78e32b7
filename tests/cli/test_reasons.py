"""What an operator is told when a part cannot be used: the class and the cure, by every command.

Each case is a real server or a real file, as it is found in the field.
"""

import asyncio
import json
import os
import signal
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from sqlalchemy import make_url

from tests.adapters.smtp.test_mailer import Inbox, serving
from tests.http.client import running_api, settings_for
from tests.support.command_line import command
from tests.support.databases import administer
from tests.support.logging_state import captured_records
from tests.support.postgres import PostgresServer
from tests.support.processes import (
    PATIENCE,
    doorward,
    free_port,
    started,
    wait_for_line,
    wait_for_status,
)
from tests.worker.test_worker import sign_up

SECRET = "hunter2"


@dataclass(frozen=True)
class Trouble:
    """An address that does not work, and what every command has to say about it."""

    url: str
    reason: str
    code: str | None = None
    ends_start: bool = False
    """Whether `serve` and `worker` refuse to start; else they wait."""
    exit_code: int = 1


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[PostgresServer]:
    """A server with databases and roles that are not fit for use, each in one way."""
    with PostgresServer() as server:
        admin = server.url()
        for statement in (
            f"CREATE ROLE poor LOGIN PASSWORD '{SECRET}'",
            f"CREATE ROLE crowd LOGIN PASSWORD '{SECRET}' CONNECTION LIMIT 0",
            "CREATE DATABASE empty",
            "CREATE DATABASE foreign_users",
            "CREATE DATABASE standby",
            "ALTER DATABASE standby SET default_transaction_read_only = on",
            "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0",
            "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
            "CREATE DATABASE closed",
            "REVOKE CONNECT ON DATABASE closed FROM public",
        ):
            await administer(admin, statement)
        await administer(server.url("foreign_users"), "CREATE TABLE users (id int, name text)")
        yield server


def troubles(server: PostgresServer, folder: Path) -> dict[str, Trouble]:
    """Return the cases by their names."""
    place = f"127.0.0.1:{server.port}"
    admin = make_url(server.url())
    login = f"{admin.username}:{admin.password}"
    (folder / "letter.db").write_bytes(b"Dear Jane, this is no database. " * 40)
    (folder / "folder.db").mkdir()
    newer = folder / "newer.db"
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("CREATE TABLE a (b)")
        connection.commit()
    newer.write_bytes(newer.read_bytes()[:18] + b"\x09\x09" + newer.read_bytes()[20:])
    os.mkfifo(folder / "pipe.db")
    os.mknod(folder / "socket.db", stat.S_IFSOCK | 0o600)
    (folder / "nowhere.db").symlink_to(folder / "gone" / "nowhere.db")
    (folder / "itself.db").symlink_to("itself.db")
    for name in ("UTF-16le", "UTF-16be"):
        with closing(sqlite3.connect(folder / f"{name}.db")) as connection:
            connection.execute(f"PRAGMA encoding = '{name}'")
            connection.execute("CREATE TABLE alembic_version (version_num)")
            connection.commit()
    with closing(sqlite3.connect(folder / "foreign.db")) as connection:
        connection.execute("CREATE TABLE users (id INTEGER PRIMARY KEY)")
        connection.commit()
    return {
        "wrong password": Trouble(
            f"postgresql://poor:{SECRET}x@{place}/empty", "password_refused", "28P01"
        ),
        "missing database": Trouble(
            f"postgresql://{login}@{place}/{SECRET}", "no_such_database", "3D000"
        ),
        "no TLS": Trouble(f"postgresql://{login}@{place}/empty?sslmode=require", "tls_refused"),
        "no right to connect": Trouble(
            f"postgresql://poor:{SECRET}@{place}/closed", "no_right", "42501"
        ),
        "no right to create tables": Trouble(
            f"postgresql://poor:{SECRET}@{place}/empty", "no_right", "42501"
        ),
        "too many connections": Trouble(
            f"postgresql://crowd:{SECRET}@{place}/empty",
            "too_many_connections",
            "53300",
            exit_code=75,
        ),
        "a standby": Trouble(f"postgresql://{login}@{place}/standby", "read_only", "25006"),
        "foreign tables": Trouble(
            f"postgresql://{login}@{place}/foreign_users", "foreign_tables", ends_start=True
        ),
        "ASCII": Trouble(f"postgresql://{login}@{place}/ascii", "wrong_encoding", ends_start=True),
        "Latin": Trouble(f"postgresql://{login}@{place}/latin", "wrong_encoding", ends_start=True),
        "UTF-16": Trouble(f"sqlite:///{folder}/UTF-16le.db", "wrong_encoding", ends_start=True),
        "UTF-16, the other": Trouble(
            f"sqlite:///{folder}/UTF-16be.db", "wrong_encoding", ends_start=True
        ),
        "unknown host": Trouble(f"postgresql://{login}@{SECRET}.invalid/empty", "host_unknown"),
        "nothing listens": Trouble(
            f"postgresql://{login}@127.0.0.1:1/empty", "refused", "ECONNREFUSED", exit_code=75
        ),
        "no certificate file": Trouble(
            f"postgresql://{login}@{place}/empty?sslmode=verify-full&sslrootcert=/{SECRET}",
            "tls_files",
        ),
        "no database file": Trouble(
            f"sqlite:///{folder}/letter.db", "no_database_file", "SQLITE_NOTADB", ends_start=True
        ),
        "a newer file": Trouble(
            f"sqlite:///{folder}/newer.db", "no_database_file", "SQLITE_NOTADB", ends_start=True
        ),
        "a folder": Trouble(f"sqlite:///{folder}/folder.db", "a_folder", "EISDIR", ends_start=True),
        "no folder": Trouble(
            f"sqlite:///{folder}/letter.db/a.db", "cannot_open", "ENOTDIR", ends_start=True
        ),
        "a foreign file": Trouble(
            f"sqlite:///{folder}/foreign.db", "foreign_tables", ends_start=True
        ),
        "a pipe": Trouble(f"sqlite:///{folder}/pipe.db", "no_regular_file", ends_start=True),
        "a socket": Trouble(f"sqlite:///{folder}/socket.db", "no_regular_file", ends_start=True),
        "a link to nowhere": Trouble(
            f"sqlite:///{folder}/nowhere.db", "cannot_open", "ENOENT", ends_start=True
        ),
        "a link to itself": Trouble(
            f"sqlite:///{folder}/itself.db", "cannot_open", "ELOOP", ends_start=True
        ),
        "a long name": Trouble(
            f"sqlite:///{folder}/{'a' * 300}.db", "cannot_open", "ENAMETOOLONG", ends_start=True
        ),
        "no schema": Trouble(
            f"postgresql://{login}@{place}/empty?options=-c%20search_path%3Dnowhere",
            "no_schema",
            "3F000",
        ),
        "a file for a socket's folder": Trouble(
            f"postgresql://{login}@/empty?host={folder}/letter.db", "no_socket", exit_code=75
        ),
    }


NAMES = [
    "wrong password", "missing database", "no TLS", "no right to connect",
    "no right to create tables", "too many connections", "a standby", "foreign tables", "ASCII",
    "Latin", "UTF-16", "UTF-16, the other", "unknown host", "nothing listens",
    "no certificate file", "no database file",
    "a newer file", "a folder", "no folder", "a foreign file", "a pipe", "a socket",
    "a link to nowhere", "a link to itself", "a long name", "no schema",
    "a file for a socket's folder",
]  # fmt: skip


def ensure_told(text: str, trouble: Trouble) -> None:
    """Fail unless the text names the class and holds a cure, and nothing of the address."""
    assert trouble.code is None or trouble.code in text
    assert "Traceback" not in text
    for private in (SECRET, "poor", "crowd", "letter.db", "folder.db", "foreign.db"):
        assert private not in text


@pytest.mark.parametrize("name", NAMES)
async def test_every_command_names_the_class_and_the_cure(
    server: PostgresServer, tmp_path: Path, name: str
) -> None:
    """LG-1: never the server's words, an address or a secret, and no traceback."""
    trouble = troubles(server, tmp_path)[name]
    settings = {"DATABASE_URL": trouble.url, "MIGRATE_ON_START": "true"}
    checked = command("check", "--json", folder=tmp_path, **settings)
    assert checked.returncode == 1
    found = [each for each in json.loads(checked.stdout) if each["level"] == "error"]
    assert trouble.reason in {each["reason"] for each in found}
    assert all(each["message"] and each["cure"] for each in found)
    ensure_told(json.dumps(found) + checked.stderr, Trouble("", ""))
    for arguments in (("migrate",), ("users", "list")):
        done = command(*arguments, folder=tmp_path, **settings)
        assert done.returncode == trouble.exit_code
        ensure_told(done.stderr, trouble)
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.count(". ") >= 1, "what happened, and the cure"
    planned = command("migrate", "--plan", folder=tmp_path, **settings)
    if name not in {"no right to create tables", "a standby", "no schema"}:
        assert planned.returncode == trouble.exit_code
    ensure_told(planned.stderr, Trouble("", ""))


OTHERS = [
    "no database file", "a newer file", "UTF-16", "a foreign file", "a pipe", "a socket",
    "a folder",
]  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
async def test_what_is_not_ours_stays_as_it_is(
    server: PostgresServer, tmp_path: Path, name: str
) -> None:
    """A mistyped address may name any file of the machine: its content, rights and neighbours."""
    trouble = troubles(server, tmp_path)[name]
    for each in tmp_path.glob("*.db"):
        if each.is_file():
            each.chmod(0o644)
    before = state_of(tmp_path)
    for migrating in ("true", "false"):
        settings = {
            "DATABASE_URL": trouble.url,
            "MIGRATE_ON_START": migrating,
            "SECRET_KEY": "a key of these tests, long enough for all that is sealed",
        }
        for arguments in (("check",), ("migrate",), ("users", "list")):
            done = command(*arguments, folder=tmp_path, **settings)
            assert done.returncode == 1, done.stderr
        started_in_vain = doorward("worker", folder=tmp_path, **settings)
        assert started_in_vain.returncode == 1, started_in_vain.stderr
    assert state_of(tmp_path) == before


def state_of(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return the rights and the content of everything in the folder."""
    return {
        each.name: (each.lstat().st_mode, each.read_bytes() if each.is_file() else b"")
        for each in folder.iterdir()
    }


PROCESSES = [
    ("serve", "wrong password"), ("serve", "no right to create tables"), ("serve", "ASCII"),
    ("serve", "no database file"), ("worker", "missing database"), ("worker", "no TLS"),
    ("worker", "foreign tables"), ("worker", "a folder"),
]  # fmt: skip


@pytest.mark.parametrize(("process", "name"), PROCESSES)
async def test_the_log_of_every_process_names_the_class_and_the_cure(
    server: PostgresServer, tmp_path: Path, name: str, process: str
) -> None:
    """DB-5: what may be mended elsewhere is waited for; what is not fit for use ends the start."""
    trouble = troubles(server, tmp_path)[name]
    log = tmp_path / "log"
    event = "start_refused" if trouble.ends_start else "database_away"
    settings = {"DATABASE_URL": trouble.url, "MIGRATE_ON_START": "true"}
    with started(process, folder=tmp_path, PORT=str(free_port()), **settings) as running:
        if trouble.ends_start:
            assert running.wait(PATIENCE) == 1
        else:
            wait_for_line(log, event, running)
            running.send_signal(signal.SIGTERM)
            running.wait(PATIENCE)
    text = log.read_text()
    ensure_told(text, trouble)
    assert f"127.0.0.1:{server.port}" not in text
    records = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    record = next(each for each in records if each["event"] == event)
    assert record["reason"] == trouble.reason
    assert record["why"]
    assert record["cure"]
    if trouble.code is not None:
        codes = [record.get(kind) for kind in ("sqlstate", "errno", "sqlite", "tls")]
        assert trouble.code in codes


def nobody(*_: Any) -> AuthResult:
    """Refuse every sign-in, as aiosmtpd wants it."""
    return AuthResult(success=False, handled=False)


async def test_a_mail_server_that_refuses_the_password_is_told(tmp_path: Path) -> None:
    """By `check` before, and by the log and the outbox when mail waits for it."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    async with serving(Inbox(), authenticator=nobody, auth_require_tls=False) as mail:
        settings = {
            "DATABASE_URL": f"sqlite:///{tmp_path}/mail.db",
            "SMTP_URL": f"smtp://jane:{SECRET}@127.0.0.1:{mail}",
        }
        checked = await asyncio.to_thread(command, "check", "--json", folder=tmp_path, **settings)
        found = [each for each in json.loads(checked.stdout) if each["level"] == "error"]
        assert [(each["setting"], each["reason"]) for each in found] == [
            ("mail server", "password_refused")
        ]
        log = tmp_path / "log"
        with started("serve", folder=tmp_path, PORT=str(port), **settings) as running:
            await asyncio.to_thread(wait_for_status, f"{base}/health/ready", 200, running)
            await asyncio.to_thread(sign_up, base, "ada@example.com")
            await asyncio.to_thread(wait_for_line, log, "mail_not_sent", running)
        listed = await asyncio.to_thread(
            command, "outbox", "list", "--status", "waiting", "--json", folder=tmp_path, **settings
        )
    text = log.read_text()
    records = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    record = next(each for each in records if each["event"] == "mail_not_sent")
    assert (record["reason"], record["smtp_reply"]) == ("password_refused", "535 5.7.8")
    assert "SMTP_URL" in record["cure"]
    assert "password_refused (535 5.7.8)" in listed.stdout
    for said in (text, checked.stdout, listed.stdout, listed.stderr):
        assert SECRET not in said
        assert "Traceback" not in said


async def test_a_request_that_met_it_names_it_in_its_line(own_postgres: PostgresServer) -> None:
    """LG-1, IN-4: the log has the class, the client has no more than the code."""
    settings = settings_for(own_postgres.url(), migrate_on_start=True)
    with captured_records() as records:
        async with running_api(settings) as api:
            tokens = await api.signed_in_user()
            await asyncio.to_thread(own_postgres.stop)
            answer = await api.get("/api/v1/users/me", access=tokens.access)
    assert answer.status_code == 503
    assert "refused" not in answer.text.lower()
    [line] = [each for each in records if each["event"] == "request" and each["status"] == 503]
    assert line.get("reason"), line
