"""The branch of documents beside Doorward's: forwards, back, and what a start says of it."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from adapters.sqlalchemy.schema import metadata
from entrypoints.container import Container, close
from entrypoints.lifecycle import StartRefused, build_container, prepare
from examples.documents.entrypoints.cli.main import main
from examples.documents.entrypoints.container import DocumentsContainer
from examples.documents.migrations import DOCUMENTS
from migrations.branches import OURS, heads_of, known_revisions
from migrations.runner import current, downgrade, pending, upgrade
from migrations.tables import tables_of
from tests.http.client import settings_for
from tests.migrations.conftest import FreshDatabase, fresh, fresh_postgres, fresh_sqlite
from tests.migrations.lines import LATER, add, copy_of_ours
from tests.migrations.snapshots import snapshot
from tests.support.command_line import command_of

__all__ = ["fresh", "fresh_postgres", "fresh_sqlite"]

BOTH = DocumentsContainer.branches
(NEWEST,) = heads_of(DOCUMENTS)
(OUR_NEWEST,) = heads_of(OURS)


async def start(url: str, kind: type[Container], *, migrate: bool = False) -> None:
    """Do what a process does before it serves, with the parts of that container."""
    container = build_container(settings_for(url, migrate_on_start=migrate), kind)
    try:
        await prepare(container)
    finally:
        await close(container)


async def test_a_database_of_doorward_gets_the_branch_and_gives_it_back(
    fresh: FreshDatabase,
) -> None:
    url = await fresh()
    await upgrade(url)
    doorwards = await snapshot(url)
    assert [revision for revision, _ in await pending(url, branches=BOTH)] == [NEWEST]
    await upgrade(url, branches=BOTH)
    assert await pending(url, branches=BOTH) == []
    assert await current(url) == known_revisions(BOTH).heads
    documents = await snapshot(url)
    assert "ix_documents_user_id_id" in str(documents)

    await downgrade(url, f"{DOCUMENTS.name}@base", branches=BOTH)
    assert await snapshot(url) == doorwards
    assert await current(url) == {OUR_NEWEST}
    await upgrade(url, branches=BOTH)
    assert await snapshot(url) == documents


async def test_upgrading_makes_exactly_what_the_tables_describe(fresh: FreshDatabase) -> None:
    migrated, created = await fresh(), await fresh()
    await upgrade(migrated, branches=BOTH)
    engine = create_async_engine(created)
    async with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
        await connection.run_sync(metadata.create_all, tables_of(BOTH))
    await engine.dispose()
    expected, found = await snapshot(created), await snapshot(migrated)
    for part in expected:
        assert found[part] == expected[part], part


async def test_each_branch_has_its_head(fresh: FreshDatabase, tmp_path: Path) -> None:
    """Doorward goes on, the branch stays where it is: the version table names both."""
    url = await fresh()
    await upgrade(url, branches=BOTH)
    newer = copy_of_ours(tmp_path / "newer")
    add(newer, LATER, after=OUR_NEWEST)
    both = (newer, DOCUMENTS)
    assert [revision for revision, _ in await pending(url, branches=both)] == [LATER]
    await upgrade(url, branches=both)
    assert await current(url) == known_revisions(both).heads == {LATER, NEWEST}


async def test_a_service_starts_on_both_branches_and_on_no_fewer(sqlite_url: str) -> None:
    await start(sqlite_url, DocumentsContainer)
    with pytest.raises(StartRefused, match="unknown here"):
        await start(sqlite_url, Container)
    await downgrade(sqlite_url, f"{DOCUMENTS.name}@base", branches=BOTH)
    await start(sqlite_url, Container)
    with pytest.raises(StartRefused, match="older"):
        await start(sqlite_url, DocumentsContainer)
    await start(sqlite_url, DocumentsContainer, migrate=True)
    await start(sqlite_url, DocumentsContainer)


async def test_the_program_checks_and_brings_both_branches(
    fresh_sqlite: FreshDatabase, tmp_path: Path
) -> None:
    url = await fresh_sqlite()
    await upgrade(url)

    def migrate(*arguments: str) -> tuple[int, str]:
        done = command_of(main, "migrate", *arguments, folder=tmp_path, DATABASE_URL=url)
        return done.returncode, done.stdout

    assert migrate("--check") == (1, f"{NEWEST}  Documents that belong to users.\n")
    applied = f"{NEWEST}  Documents that belong to users.\n1 revision applied: "
    assert migrate() == (0, f"{applied}the schema is that of this version.\n")
    assert migrate("--check") == (0, "Nothing to do: the schema is that of this version.\n")
    assert await current(url) == known_revisions(BOTH).heads
