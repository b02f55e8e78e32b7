"""Alembic's own command line, as a developer uses it in a clone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from migrations.runner import current, head
from tests.migrations.conftest import FreshDatabase

ROOT = Path(__file__).parents[2]


def alembic(*arguments: str, url: str | None, ini: Path | None = None) -> str:
    """Run the command in the clone and return what it prints."""
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    if url is not None:
        environment["DATABASE_URL"] = url
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-c", str(ini or ROOT / "alembic.ini"), *arguments],
        cwd=ROOT if ini is None else ini.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_the_commands_of_a_developer_work(fresh: FreshDatabase) -> None:
    url = (await fresh()).replace("+asyncpg", "").replace("+aiosqlite", "")  # as people write it
    alembic("upgrade", "head", url=url)
    assert await current(url) == head()
    assert "No new upgrade operations" in alembic("check", url=url)
    alembic("downgrade", "-1", url=url)
    assert await current(url) != head()
    alembic("upgrade", "head", url=url)
    assert head() in alembic("current", url=url)


async def test_a_new_revision_gets_the_next_number_and_needs_nothing_of_ours(
    fresh: FreshDatabase, tmp_path: Path
) -> None:
    url = await fresh()
    (tmp_path / "migrations").mkdir()
    for name in ("env.py", "script.py.mako"):
        (tmp_path / "migrations" / name).write_text((ROOT / "migrations" / name).read_text())
    (tmp_path / "migrations" / "versions").mkdir()
    ini = tmp_path / "alembic.ini"
    ini.write_text((ROOT / "alembic.ini").read_text())

    alembic("revision", "--autogenerate", "-m", "a first try", url=url, ini=ini)
    (written,) = (tmp_path / "migrations" / "versions").glob("*.py")
    assert written.name == "0001_a_first_try.py"
    text = written.read_text()
    compile(text, str(written), "exec")
    assert "adapters" not in text
    assert "postgresql.JSONB()" in text
    assert "sa.DateTime(timezone=True)" in text


def test_the_sql_can_be_printed_instead_of_run() -> None:
    text = alembic("upgrade", "head", "--sql", url="postgresql://nobody@nowhere.invalid/none")
    assert "CREATE TABLE users" in text
    assert "TIMESTAMP WITH TIME ZONE" in text


def test_without_an_address_it_is_the_file_that_make_run_uses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = alembic("upgrade", "head", "--sql", url=None)
    assert "CREATE TABLE users" in text
    assert "TIMESTAMP WITH" not in text
