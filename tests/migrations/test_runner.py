"""Migrating as the service does it: at start, by several at once, on whatever it finds."""

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.engine import Engine
from sqlalchemy.ext.asyncio import create_async_engine

from domain.errors import ServiceUnavailable
from migrations.branches import OURS, heads_of
from migrations.runner import (
    UnknownRevision,
    current,
    downgrade,
    open_for_migration,
    pending,
    upgrade,
)
from tests.migrations.conftest import FreshDatabase
from tests.migrations.snapshots import snapshot


async def test_instances_that_start_at_once_migrate_once(fresh: FreshDatabase) -> None:
    """DB-5."""
    url = await fresh()
    created: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.strip().startswith("CREATE TABLE users"):
            created.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        await asyncio.gather(*(upgrade(url) for _ in range(5)))
    finally:
        event.remove(Engine, "before_cursor_execute", count)
    assert await current(url) == heads_of(OURS)
    assert len(created) == 1


async def test_upgrading_again_changes_nothing(fresh: FreshDatabase) -> None:
    url = await fresh()
    await upgrade(url)
    before = await snapshot(url)
    await upgrade(url)
    assert await snapshot(url) == before


async def test_an_unknown_schema_is_refused_and_left_alone(fresh: FreshDatabase) -> None:
    """DB-5."""
    url = await fresh()
    await upgrade(url)
    await _execute(url, "UPDATE alembic_version SET version_num = '9999'")
    before = await snapshot(url)
    for attempt in (upgrade(url), downgrade(url, "-1"), pending(url)):
        with pytest.raises(UnknownRevision, match="revision 9999, unknown here"):
            await attempt
    assert await current(url) == {"9999"}
    assert await snapshot(url) == before


async def test_a_migration_that_fails_half_way_leaves_nothing(fresh: FreshDatabase) -> None:
    """I3: all or nothing, for the schema too."""
    url = await fresh()
    await _execute(url, "CREATE TABLE elsewhere (a INTEGER)")
    await _execute(url, "CREATE INDEX sessions ON elsewhere (a)")  # where a table is to be
    before = await snapshot(url)
    with pytest.raises(ServiceUnavailable) as refusal:
        await upgrade(url)
    assert refusal.value.failure is not None
    assert refusal.value.failure.reason == "foreign_tables"
    assert await snapshot(url) == before
    await _execute(url, "DROP TABLE elsewhere")
    await upgrade(url)
    assert await current(url) == heads_of(OURS)


async def test_going_back_to_the_beginning_leaves_an_empty_database(fresh: FreshDatabase) -> None:
    url = await fresh()
    before = await snapshot(url)
    await upgrade(url)
    await downgrade(url, "base")
    assert await snapshot(url) == before
    assert await current(url) == frozenset()


async def test_rebuilding_a_table_of_sqlite_keeps_the_rows_that_point_to_it(
    sqlite_url: str,
) -> None:
    """Batch mode drops the old table; with foreign keys watched, its children would follow."""
    user = "00000000000070008000000000000001"
    await _execute(
        sqlite_url,
        "INSERT INTO users (id, email, email_key, created_at, updated_at, version) "
        f"VALUES ('{user}', 'a@example.com', 'a@example.com', '2026-01-01', '2026-01-01', 0)",
        f"INSERT INTO user_roles (user_id, role) VALUES ('{user}', 'user')",
    )

    async with open_for_migration(sqlite_url) as connection:
        await connection.execute(text("CREATE TABLE copy AS SELECT * FROM users"))
        await connection.execute(text("DROP TABLE users"))
        await connection.execute(text("ALTER TABLE copy RENAME TO users"))

    with closing(sqlite3.connect(str(make_url(sqlite_url).database))) as connection_:
        assert connection_.execute("SELECT count(*) FROM user_roles").fetchone() == (1,)


async def test_a_database_that_is_away_is_told_as_such() -> None:
    """DB-5: the operator who starts the service learns that waiting helps."""
    url = "postgresql://nobody@127.0.0.1:1/none"
    for attempt in (upgrade(url), current(url), pending(url)):
        with pytest.raises(ServiceUnavailable):
            await attempt


async def test_the_file_and_its_folder_are_made_for_us_alone(tmp_path: Path) -> None:
    file = tmp_path / "var" / "deep" / "doorward.db"
    await upgrade(f"sqlite:///{file}")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def _execute(url: str, *statements: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()
