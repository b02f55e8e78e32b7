"""Branches of revisions beside each other, and databases that another branch was run on."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from adapters.sqlalchemy.revisions import Standing
from migrations.branches import OURS, Branch, heads_of, known_revisions
from migrations.runner import config_of, current, downgrade, pending, upgrade
from tests.migrations.lines import (
    BEFORE,
    LAST,
    LATER,
    a_branch_in,
    add,
    copy_of_ours,
    table_of,
)
from tests.migrations.snapshots import snapshot
from tests.migrations.standings import refused, told

(OUR_HEAD,) = heads_of(OURS)


@pytest.fixture(params=["sqlite", "postgres"])
def migrated(request: pytest.FixtureRequest) -> str:
    """Addresses a database at our newest revision, of either kind."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def documents(tmp_path: Path) -> Branch:
    """A team's branch of one revision that needs all of ours, as a first revision does."""
    branch = a_branch_in(tmp_path / "documents")
    add(branch, BEFORE, needs=OUR_HEAD)
    return branch


async def test_a_database_at_the_newest_revision_needs_nothing(migrated: str) -> None:
    before = await snapshot(migrated)
    assert await current(migrated) == {OUR_HEAD}
    assert await pending(migrated) == []
    await upgrade(migrated)
    assert await snapshot(migrated) == before
    assert await current(migrated) == {OUR_HEAD}
    assert await told(migrated, (OURS,)) is None


async def test_two_branches_are_both_kept_up_to_date(migrated: str, documents: Branch) -> None:
    both = (OURS, documents)
    assert await pending(migrated, branches=both) == [(BEFORE, f"A table for {BEFORE}.")]
    assert "older" in str(await told(migrated, both))
    await upgrade(migrated, branches=both)
    assert await current(migrated) == known_revisions(both).heads == {BEFORE}
    assert await pending(migrated, branches=both) == []
    assert await told(migrated, both) is None
    assert table_of(BEFORE) in str(await snapshot(migrated))


@pytest.mark.parametrize("behind", ["ours", "theirs"])
async def test_one_of_two_branches_is_behind(
    migrated: str, documents: Branch, tmp_path: Path, behind: str
) -> None:
    ours = copy_of_ours(tmp_path / "ours")
    both = (ours, documents)
    await upgrade(migrated, branches=both)
    if behind == "ours":
        add(ours, LATER, after=OUR_HEAD)
        heads = {LATER, BEFORE}
    else:
        add(documents, LATER, after=BEFORE)
        heads = {LATER}
    assert [revision for revision, _ in await pending(migrated, branches=both)] == [LATER]
    assert "older" in str(await told(migrated, both))
    await upgrade(migrated, branches=both)
    assert await current(migrated) == known_revisions(both).heads == heads
    assert await told(migrated, both) is None


async def test_a_branch_is_taken_back_without_ours(migrated: str, documents: Branch) -> None:
    both = (OURS, documents)
    before = await snapshot(migrated)
    await upgrade(migrated, branches=both)
    await downgrade(migrated, f"{documents.name}@base", branches=both)
    assert await snapshot(migrated) == before
    assert await current(migrated) == {OUR_HEAD}


async def test_a_branch_that_is_not_known_here_is_foreign(migrated: str, tmp_path: Path) -> None:
    apart = a_branch_in(tmp_path / "apart")
    add(apart, LATER)
    await upgrade(migrated, branches=(OURS, apart))
    assert await current(migrated) == {OUR_HEAD, LATER}
    assert await refused(migrated) is Standing.FOREIGN


@pytest.mark.parametrize("theirs", [BEFORE, "0010", "0123456789ab"])
async def test_another_clones_next_revision_is_foreign(
    migrated: str, tmp_path: Path, theirs: str
) -> None:
    """Both went on from ours; this used to pass, and died of a column that was not there."""
    other, this = copy_of_ours(tmp_path / "other"), copy_of_ours(tmp_path / "this")
    add(other, theirs, after=OUR_HEAD)
    add(this, LATER, after=OUR_HEAD)
    await upgrade(migrated, branches=(other,))
    assert await refused(migrated, (this,)) is Standing.FOREIGN


async def test_a_database_of_a_later_version_is_ahead(migrated: str, tmp_path: Path) -> None:
    later = copy_of_ours(tmp_path / "later")
    add(later, LATER, after=OUR_HEAD)
    add(later, LAST, after=LATER)
    await upgrade(migrated, branches=(later,))
    assert await refused(migrated) is Standing.NEWER


async def test_a_database_of_two_lines_of_which_one_is_ours_is_forked(
    migrated: str, tmp_path: Path
) -> None:
    other, this = copy_of_ours(tmp_path / "other"), copy_of_ours(tmp_path / "this")
    for clone in (other, this):
        add(clone, BEFORE, after=OUR_HEAD)
    add(other, LATER, after=OUR_HEAD)
    add(this, LAST, after=BEFORE)
    await upgrade(migrated, branches=(other,))
    assert await current(migrated) == {BEFORE, LATER}
    assert await refused(migrated, (this,)) is Standing.FORKED


# --- what the files say -------------------------------------------------------------------------


def test_the_heads_are_found_as_alembic_finds_them(documents: Branch, tmp_path: Path) -> None:
    """A start reads the files itself, because loading Alembic takes long."""
    ours = copy_of_ours(tmp_path / "ours")
    add(ours, LATER, after=OUR_HEAD)
    add(ours, LAST, after=OUR_HEAD)
    (documents.versions / "__init__.py").touch()
    for branches in ((OURS,), (OURS, documents), (ours, documents)):
        scripts = ScriptDirectory.from_config(config_of(branches))
        assert known_revisions(branches).heads == set(scripts.get_heads(consider_depends_on=True))
        assert set(known_revisions(branches)) == {
            script.revision for script in scripts.walk_revisions()
        }
    assert heads_of(OURS) == {OUR_HEAD}
    assert heads_of(ours) == {LATER, LAST}


def test_every_way_to_declare_a_revision_is_read(tmp_path: Path) -> None:
    branch = a_branch_in(tmp_path / "ways")
    for name, text in {
        "one": 'revision = "one"\ndown_revision = None\n',
        "two": "revision: str = 'two'\ndown_revision: str | None = 'one'\ndepends_on: None\n",
        "three": "revision = 'three'\ndown_revision = 'one'\n",
        "four": "revision = 'four'\ndown_revision = ('two', 'three')\ndepends_on = ['one']\n",
    }.items():
        (branch.versions / f"{name}.py").write_text(text)
    known = known_revisions((branch,))
    assert set(known) == {"one", "two", "three", "four"}
    assert known.heads == {"four"}
    assert known.difference({"four"}) is None
    assert known.difference({"two", "three"}) is not None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("down_revision = None\n", "no `revision`"),
        ('revision = "0009"\ndown_revision = None\n', "another file has revision 0009"),
        ('revision = "x"\ndown_revision = "lost"\n', "x needs lost"),
        ('revision = "x"\ndepends_on = "lost"\n', "x needs lost"),
    ],
)
def test_files_that_contradict_each_other_are_refused(
    tmp_path: Path, text: str, problem: str
) -> None:
    branch = a_branch_in(tmp_path / "broken")
    (branch.versions / "broken.py").write_text(text)
    with pytest.raises(ValueError, match=problem):
        known_revisions((OURS, branch))
