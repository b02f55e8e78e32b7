"""Writing a new revision: what `make migration` does."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, Table

from adapters.sqlalchemy.revisions import Standing
from adapters.sqlalchemy.schema import metadata
from migrations.branches import OURS, Branch, heads_of
from migrations.drafting import draft
from migrations.runner import current, downgrade, upgrade
from migrations.tables import tables_of
from tests.migrations.lines import copy_of_ours
from tests.migrations.snapshots import snapshot
from tests.migrations.standings import refused

(OUR_HEAD,) = heads_of(OURS)


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Branch]:
    """A team's branch without a revision yet, and a package with its one table, among ours."""
    room = tmp_path / "packages" / "team_of_a_test" / "documents"
    room.mkdir(parents=True)
    (room.parent / "__init__.py").touch()
    (room / "__init__.py").touch()
    (room / "tables.py").write_text(
        "from sqlalchemy import Column, ForeignKey, Table, Uuid\n"
        "from adapters.sqlalchemy.schema import UtcDateTime, metadata\n"
        "documents = Table(\n"
        '    "documents_of_a_test", metadata, Column("id", Uuid, primary_key=True),\n'
        '    Column("made_at", UtcDateTime, nullable=False),\n'
        '    Column("written_by", Uuid, ForeignKey("users.id"), nullable=False),\n'
        ")\n"
    )
    monkeypatch.syspath_prepend(str(room.parents[1]))
    try:
        yield Branch("documents", tmp_path / "versions", tables="team_of_a_test")
    finally:
        forget("documents_of_a_test")
        for name in [name for name in sys.modules if name.startswith("team_of_a_test")]:
            del sys.modules[name]


@pytest.fixture
def stranger() -> Iterator[Table]:
    """A table that is described and belongs to no branch."""
    yield Table("stranger_of_a_test", metadata, Column("id", Integer, primary_key=True))
    forget("stranger_of_a_test")


def forget(name: str) -> None:
    if (table := metadata.tables.get(name)) is not None:
        metadata.remove(table)


def operations_in(file: Path) -> list[str]:
    """Return what the revision does, each with its first argument."""
    return re.findall(r"op\.((?!f\()\w+\('?\w+'?)", file.read_text())


def test_the_tables_of_a_branch_are_all_that_its_package_holds(
    documents: Branch, stranger: Table
) -> None:
    ours = {table.name for table in tables_of()}
    assert {"users", "sessions", "audit_events", "rate_limits", "outbox_messages"} <= ours
    both = {table.name for table in tables_of((OURS, documents))}
    assert both - ours == {"documents_of_a_test"}
    assert {table.name for table in tables_of((documents,))} == {"documents_of_a_test"}
    assert stranger.name not in both


async def test_a_draft_holds_what_changed(
    sqlite_url: str, documents: Branch, stranger: Table
) -> None:
    """The team's table and nothing else; it goes up and back, and needs what ours has."""
    both = (OURS, documents)
    before = await snapshot(sqlite_url)
    file = await draft("the first table", branch=documents, branches=both)
    text = file.read_text()
    assert file.parent == documents.versions
    assert file.name.endswith("_the_first_table.py")
    assert operations_in(file) == [
        "create_table('documents_of_a_test'",
        "drop_table('documents_of_a_test'",
    ]
    assert "down_revision = None" in text
    assert 'branch_labels = ("documents",)' in text
    assert f'depends_on = "{OUR_HEAD}"' in text

    await upgrade(sqlite_url, branches=both)
    assert "documents_of_a_test" in str(await snapshot(sqlite_url))
    assert await current(sqlite_url) == heads_of(documents)
    second = await draft("nothing new", branch=documents, branches=both)
    assert second.parent == documents.versions
    assert operations_in(second) == []
    await upgrade(sqlite_url, branches=both)
    assert await current(sqlite_url) == heads_of(documents)
    await downgrade(sqlite_url, "documents@base", branches=both)
    assert await snapshot(sqlite_url) == before
    assert await current(sqlite_url) == {OUR_HEAD}


async def test_our_tables_have_no_change_that_was_not_drafted(
    documents: Branch, stranger: Table, tmp_path: Path
) -> None:
    """Nor is a table dropped or made that another branch, or none, describes."""
    assert len(tables_of((documents,))) == 1
    ours = copy_of_ours(tmp_path / "ours")
    file = await draft("nothing", branch=ours, branches=(ours,))
    assert operations_in(file) == []


async def test_two_clones_write_revisions_of_different_names(
    sqlite_url: str, tmp_path: Path
) -> None:
    """Either one's database is told from the other's, and a clone with both files runs both."""
    clones = [copy_of_ours(tmp_path / name) for name in ("one", "other")]
    files = [await draft("add a column", branch=clone, branches=(clone,)) for clone in clones]
    assert len({file.name for file in files}) == 2
    assert all(file.name.endswith("_add_a_column.py") for file in files)
    one, other = (heads_of(clone) for clone in clones)
    assert len(one) == len(other) == 1
    assert one != other

    await upgrade(sqlite_url, branches=(clones[0],))
    assert await refused(sqlite_url, (clones[1],)) in {Standing.FOREIGN, Standing.NEWER}

    merged = Branch(OURS.name, files[0].parent)
    (merged.versions / files[1].name).write_text(files[1].read_text())
    await upgrade(sqlite_url, branches=(merged,))
    assert await current(sqlite_url) == one | other
    joining = await draft("join", branch=merged, branches=(merged,))
    assert joining.parent == merged.versions
    await upgrade(sqlite_url, branches=(merged,))
    assert await current(sqlite_url) == heads_of(merged)
    assert len(heads_of(merged)) == 1
