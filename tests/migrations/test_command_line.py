"""Alembic's own command line, as a developer uses it in a clone."""

import asyncio
import io
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from alembic.config import CommandLine, Config

from migrations.branches import OURS, heads_of
from migrations.runner import current
from tests.migrations.conftest import FreshDatabase

ROOT = Path(__file__).parents[2]


def process(*arguments: str, url: str | None) -> str:
    """Run the command in the clone, as a process of its own, and return what it prints."""
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    if url is not None:
        environment["DATABASE_URL"] = url
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def alembic(*arguments: str, url: str, ini: Path = ROOT / "alembic.ini") -> str:
    """Run the command in this process, which saves its start, and return what it prints."""
    line = CommandLine(prog="alembic")
    options, printed, path = line.parser.parse_args(arguments), io.StringIO(), list(sys.path)
    config = Config(ini, stdout=printed, cmd_opts=options)
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a process prints them and goes on
        patch.setenv("DATABASE_URL", url)
        try:
            # In a thread, because the command starts an event loop of its own.
            await asyncio.to_thread(line.run_cmd, config, options)
        except SystemExit as end:
            pytest.fail(f"alembic ended with {end.code}: {printed.getvalue()}")
        finally:
            sys.path[:] = path
    return printed.getvalue()


async def test_the_commands_of_a_developer_work(fresh: FreshDatabase) -> None:
    url = (await fresh()).replace("+asyncpg", "").replace("+aiosqlite", "")  # as people write it
    await alembic("upgrade", "head", url=url)
    assert await current(url) == heads_of(OURS)
    assert "No new upgrade operations" in await alembic("check", url=url)
    await alembic("downgrade", "0001", url=url)  # -1 is ambiguous where two lines were joined
    assert await current(url) != heads_of(OURS)
    await alembic("upgrade", "head", url=url)
    (head,) = heads_of(OURS)
    assert head in await alembic("current", url=url)


async def test_a_new_revision_gets_a_name_of_its_own_and_needs_nothing_of_ours(
    fresh: FreshDatabase, tmp_path: Path
) -> None:
    url = await fresh()
    (tmp_path / "migrations").mkdir()
    for name in ("env.py", "script.py.mako"):
        (tmp_path / "migrations" / name).write_text((ROOT / "migrations" / name).read_text())
    (tmp_path / "migrations" / "versions").mkdir()
    ini = tmp_path / "alembic.ini"
    ini.write_text((ROOT / "alembic.ini").read_text())

    await alembic("revision", "-m", "an empty one", "--head", "base", url=url, ini=ini)
    (empty,) = (tmp_path / "migrations" / "versions").glob("*.py")
    assert re.fullmatch(r"20\d{6}_\d{4}_[0-9a-f]{8}_an_empty_one\.py", empty.name)
    empty.unlink()
    await alembic("revision", "--autogenerate", "-m", "a first try", url=url, ini=ini)
    (written,) = (tmp_path / "migrations" / "versions").glob("*.py")
    assert re.fullmatch(r"20\d{6}_\d{4}_[0-9a-f]{8}_a_first_try\.py", written.name)
    text = written.read_text()
    compile(text, str(written), "exec")
    assert "adapters" not in text
    assert "postgresql.JSONB()" in text
    assert "sa.DateTime(timezone=True)" in text


def test_the_sql_can_be_printed_instead_of_run() -> None:
    text = process("upgrade", "head", "--sql", url="postgresql://nobody@nowhere.invalid/none")
    assert "CREATE TABLE users" in text
    assert "TIMESTAMP WITH TIME ZONE" in text


def test_without_an_address_it_is_the_file_that_make_run_uses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Of the first one only: a later one may have to read the table that it makes anew.
    text = process("upgrade", "0001", "--sql", url=None)
    assert "CREATE TABLE users" in text
    assert "TIMESTAMP WITH" not in text
