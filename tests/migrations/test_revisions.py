"""Each revision works forwards and back, and all together make what the code expects."""

import ast
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from adapters.sqlalchemy.tables import UtcDateTime, metadata
from migrations.runner import current, downgrade, head, pending, upgrade
from tests.migrations.conftest import FreshDatabase
from tests.migrations.snapshots import snapshot

FOLDER = Path(migrations.__file__).parent


def revisions() -> list[Script]:
    """Return all revisions, the oldest first."""
    return list(reversed(list(ScriptDirectory(FOLDER).walk_revisions())))


async def test_every_step_of_the_stairway_goes_up_down_and_up_again(fresh: FreshDatabase) -> None:
    url = await fresh()
    for step in revisions():
        before = await snapshot(url)
        await upgrade(url, step.revision)
        after = await snapshot(url)
        await downgrade(url, "-1")
        assert await snapshot(url) == before, "the way back leaves something behind"
        await upgrade(url, step.revision)
        assert await snapshot(url) == after, "the second way up is another one"
    assert await current(url) == head()


async def test_upgrading_makes_exactly_what_the_tables_describe(fresh: FreshDatabase) -> None:
    """Alembic's own check sees no CHECK constraints and no partial indexes."""
    migrated, created = await fresh(), await fresh()
    await upgrade(migrated)
    engine = create_async_engine(created)
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
        await connection.run_sync(metadata.create_all)
    await engine.dispose()

    expected, found = await snapshot(created), await snapshot(migrated)
    assert found.keys() == expected.keys()
    for part in expected:
        assert found[part] == expected[part], part


async def test_a_snapshot_sees_a_constraint_and_an_index(fresh: FreshDatabase) -> None:
    """A comparison that cannot fail would prove nothing."""
    url = await fresh()
    await upgrade(url)
    text = str(await snapshot(url))
    for name in ("ck_outbox_messages_status", "ix_outbox_messages_due", "uq_users_email_key",
                 "fk_sessions_user_id_users", "pk_user_roles"):  # fmt: skip
        assert name in text
    assert "CASCADE" in text


async def test_what_is_pending_is_what_upgrading_runs(fresh: FreshDatabase) -> None:
    url = await fresh()
    assert await current(url) is None
    assert [revision for revision, _ in await pending(url)] == [s.revision for s in revisions()]
    assert all(title for _, title in await pending(url))
    await upgrade(url)
    assert await pending(url) == []


@pytest.mark.parametrize("script", revisions(), ids=lambda script: str(script.revision))
def test_a_revision_stands_on_its_own(script: Script) -> None:
    """What was released must not change because the code did."""
    tree = ast.parse(Path(script.path).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {"sqlalchemy", "alembic"}


def test_revisions_are_one_line_of_rising_numbers() -> None:
    numbers = [script.revision for script in revisions()]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    assert head() == numbers[-1]


async def test_keys_that_signed_before_it_was_noted_count_as_noted(fresh: FreshDatabase) -> None:
    """0008: no row tells today of a day long past; a day to come is still noted."""
    url = await fresh()
    await upgrade(url, "0007")
    engine = create_async_engine(url)
    add = text(
        "INSERT INTO signing_keys (kid, algorithm, public_jwk, sealed_private_key, published_at, "
        "activates_at, version) VALUES (:kid, 'EdDSA', '{}', :key, :at, :at, 0)"
    ).bindparams(bindparam("at", type_=UtcDateTime()))
    now = datetime.now(UTC)
    times = {"past": now - timedelta(days=1), "future": now + timedelta(days=1)}
    async with engine.begin() as connection:
        for kid, at in times.items():
            await connection.execute(add, {"kid": kid, "key": b"", "at": at})
    await upgrade(url)
    noted = text("SELECT kid, promoted_at FROM signing_keys").columns(promoted_at=UtcDateTime())
    async with engine.connect() as connection:
        rows = {row.kid: row.promoted_at for row in await connection.execute(noted)}
    await engine.dispose()
    assert rows == {"past": times["past"], "future": None}
