"""What `doorward migrate --check` says of a schema, and how it ends (DB-5)."""

from pathlib import Path

from migrations.branches import OURS, heads_of
from migrations.runner import current, upgrade
from tests.migrations.conftest import FreshDatabase
from tests.migrations.lines import BEFORE, LATER, a_branch_in, add, copy_of_ours
from tests.support.command_line import command

(OUR_HEAD,) = heads_of(OURS)


def check(url: str, folder: Path) -> tuple[int, list[str]]:
    """Return the exit code, and the lines that are said."""
    done = command("migrate", "--check", folder=folder, DATABASE_URL=url)
    return done.returncode, (done.stdout + done.stderr).splitlines()


async def test_a_schema_that_is_behind(fresh: FreshDatabase, tmp_path: Path) -> None:
    url = await fresh()
    await upgrade(url, f"{OUR_HEAD}-1")
    code, lines = check(url, tmp_path)
    assert code == 1
    assert lines[0].startswith(f"{OUR_HEAD}  ")
    assert lines[-1] == "The schema is 1 revision behind this version. Run `doorward migrate`."
    await upgrade(url)
    assert check(url, tmp_path) == (0, ["Nothing to do: the schema is that of this version."])


async def test_a_schema_that_is_ahead(fresh: FreshDatabase, tmp_path: Path) -> None:
    later = copy_of_ours(tmp_path / "later")
    add(later, LATER, after=OUR_HEAD)
    url = await fresh()
    await upgrade(url, branches=(later,))
    code, [line] = check(url, tmp_path)
    assert code == 1
    assert line == (
        f"The database's schema is at revision {LATER}, unknown here and newer than {OUR_HEAD}."
        " Run the version that migrated it, or restore a backup from before."
    )


async def test_a_schema_of_another_branch(fresh: FreshDatabase, tmp_path: Path) -> None:
    """This used to pass, and the service died of a column that was not there."""
    other = copy_of_ours(tmp_path / "other")
    add(other, "0010", after=OUR_HEAD)
    url = await fresh()
    await upgrade(url, branches=(other,))
    code, [line] = check(url, tmp_path)
    assert code == 1
    assert line == (
        "The database's schema is at revision 0010, unknown here and from another branch."
        " Run the version that migrated it, or give this one a database of its own."
    )


async def test_a_schema_that_has_parted_from_ours(fresh: FreshDatabase, tmp_path: Path) -> None:
    apart = a_branch_in(tmp_path / "apart")
    add(apart, BEFORE)
    url = await fresh()
    await upgrade(url, "0008")
    await upgrade(url, f"{apart.name}@head", branches=(OURS, apart))
    assert await current(url) == {"0008", BEFORE}
    code, [line] = check(url, tmp_path)
    assert code == 1
    assert line == (
        f"The database's schema has parted from this version at 0008: it holds {BEFORE},"
        f" unknown here, and lacks {OUR_HEAD}."
        " Run the version that migrated it, or give this one a database of its own."
    )
