"""Each revision works forwards and back, and all together make what the code expects."""

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.sqlalchemy.revisions import new_revision_name
from adapters.sqlalchemy.schema import UtcDateTime, metadata
from migrations.branches import OURS, heads_of
from migrations.runner import config_of, current, downgrade, pending, upgrade
from migrations.tables import tables_of
from tests.migrations.conftest import FreshDatabase
from tests.migrations.snapshots import snapshot

LAST_NUMBERED = 9
"""From here on names are made by chance, so that two branches cannot choose the same one."""


def revisions() -> list[Script]:
    """Return all revisions, the oldest first."""
    return list(reversed(list(ScriptDirectory.from_config(config_of((OURS,))).walk_revisions())))


def below(step: Script) -> str:
    """Return where a downgrade goes that undoes this step alone, also one that joins two lines."""
    before = step.down_revision
    if before is None:
        return "base"
    return f"{step.revision}@{before if isinstance(before, str) else before[0]}"


async def test_every_step_of_the_stairway_goes_up_down_and_up_again(fresh: FreshDatabase) -> None:
    url = await fresh()
    for step in revisions():
        before = await snapshot(url)
        await upgrade(url, step.revision)
        after = await snapshot(url)
        await downgrade(url, below(step))
        assert await snapshot(url) == before, "the way back leaves something behind"
        await upgrade(url, step.revision)
        assert await snapshot(url) == after, "the second way up is another one"
    assert await current(url) == heads_of(OURS)


async def test_upgrading_makes_exactly_what_the_tables_describe(fresh: FreshDatabase) -> None:
    """Alembic's own check sees no CHECK constraints and no partial indexes."""
    migrated, created = await fresh(), await fresh()
    await upgrade(migrated)
    engine = create_async_engine(created)
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
        await connection.run_sync(metadata.create_all, tables=tables_of())
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
    assert await current(url) == frozenset()
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


def test_revisions_are_one_line() -> None:
    """Two heads are joined by `make migration m='join'` before they are released."""
    names = [script.revision for script in revisions()]
    numbered = names[:LAST_NUMBERED]
    assert numbered == [f"{number:04}" for number in range(1, LAST_NUMBERED + 1)]
    form = re.sub(r"[0-9a-f]", "x", new_revision_name())
    assert [re.sub(r"[0-9a-f]", "x", name) for name in names[LAST_NUMBERED:]] == [form] * len(
        names[LAST_NUMBERED:]
    )
    assert heads_of(OURS) == {names[-1]}


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
