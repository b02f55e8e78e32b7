"""Looking at a real PostgreSQL and at SQLite files: which one it is, and what limits it."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.sqlalchemy import inspection
from adapters.sqlalchemy.engine import create_engine
from adapters.sqlalchemy.inspection import DatabaseInspection
from application.ports.inspection import Observation
from tests.support.databases import through_sqlalchemy


async def seen(url: str, pool_size: int = 10) -> list[Observation]:
    engine = create_engine(url, read_only=True)
    try:
        looking = DatabaseInspection(engine, url=url, pool_size=pool_size)
        return list(await looking.observations())
    finally:
        await engine.dispose()


def told(observations: list[Observation], words: str) -> Observation:
    [found] = [each for each in observations if words in each.message]
    return found


async def test_a_postgresql_is_named_by_version_database_and_host(postgres_url: str) -> None:
    first = (await seen(postgres_url))[0]
    assert first.level == "ok"
    assert first.message.startswith("PostgreSQL 1")
    assert "on 127.0.0.1:" in first.message
    assert first.message.endswith("without TLS.")


async def test_what_endangers_what_was_acknowledged_is_told(postgres_url: str) -> None:
    """DB-3: a session setting counts as well, from wherever it comes."""
    found = await seen(f"{postgres_url}?options=-csynchronous_commit%3Doff")
    assert told(found, "synchronous_commit is off").level == "warning"
    # The tests' server is a hasty one.
    assert told(found, "fsync is off").level == "warning"


async def test_rights_that_are_not_needed_are_named(postgres_url: str) -> None:
    found = told(await seen(postgres_url), "more rights than it needs")
    assert (found.level, "SUPERUSER" in found.message) == ("note", True)


async def test_a_pool_that_the_server_cannot_fill_is_told(postgres_url: str) -> None:
    assert told(await seen(postgres_url, pool_size=1000), "DATABASE_POOL_SIZE").level == "warning"


async def test_a_pooler_in_between_is_told_and_none_where_there_is_none(
    postgres_url: str, pgbouncer_url: str
) -> None:
    """Decision 32: what it costs is said where it applies."""
    assert told(await seen(pgbouncer_url), "A pooler stands between").level == "note"
    assert not any("pooler" in each.message for each in await seen(postgres_url))


@pytest.mark.parametrize(
    ("replicas", "waited_for", "is_told"), [(0, "", False), (1, "", True), (1, "other", False)]
)
def test_replicas_that_follow_later_are_told(replicas: int, waited_for: str, is_told: bool) -> None:
    """DB-3: from what a server says of itself; no replica is started here."""
    facts = SimpleNamespace(
        synchronous_commit="on",
        fsync="on",
        replicas=replicas,
        synchronous_standby_names=waited_for,
    )
    found = list(inspection._durability(facts))
    assert ["Replicas follow later" in each.message for each in found] == [True] * is_told


async def test_a_file_that_is_not_there_yet_is_no_fault_and_is_not_made(tmp_path: Path) -> None:
    found = await seen(f"sqlite:///{tmp_path}/new/doorward.db")
    assert [each.level for each in found] == ["ok"]
    assert "not there yet" in found[0].message
    assert list(tmp_path.iterdir()) == []


async def test_where_no_file_can_be_made_none_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In /proc and its like, of which root may believe that it can write there."""
    real = os.statvfs(tmp_path)
    pseudo = [0 if name in {2, 3, 4, 5, 6, 7} else value for name, value in enumerate(real)]
    monkeypatch.setattr(os, "statvfs", lambda _place: os.statvfs_result(pseudo))
    [found] = await seen(f"sqlite:///{tmp_path}/new/doorward.db")
    assert (found.level, found.reason) == ("error", "read_only")


async def test_a_file_that_others_can_read_is_told(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "doorward.db").chmod(0o644)
    found = told(await seen(sqlite_url), "Other users")
    assert (found.level, "chmod 600" in found.cure) == ("warning", True)


@pytest.mark.parametrize("name", ["there.db", "new/doorward.db"])
async def test_a_disk_without_space_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """All that writes would fail while everything that reads is fine."""
    (tmp_path / "there.db").touch(mode=0o600)
    url = f"sqlite:///{tmp_path}/{name}"
    assert all(each.reason is None and each.level in {"ok", "note"} for each in await seen(url))
    monkeypatch.setattr(inspection, "_LITTLE_SPACE_BYTES", 2**80)
    found = told(await seen(url), "MiB are left")
    assert (found.level, bool(found.cure)) == ("warning", True)
    monkeypatch.setattr(inspection, "_NO_SPACE_BYTES", 2**80)
    found = told(await seen(url), "no space left")
    assert (found.level, found.reason) == ("error", "disk_full")


@pytest.mark.parametrize("is_open", [True, False])
async def test_a_reader_changes_no_file(sqlite_url: str, tmp_path: Path, is_open: bool) -> None:
    """Also one whose journal is being written by a service that runs."""
    from sqlalchemy import text

    writer = create_engine(sqlite_url)
    async with through_sqlalchemy(writer).begin() as connection:
        await connection.execute(text("CREATE TABLE kept (x)"))
    if not is_open:
        await writer.dispose()
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    reader = create_engine(sqlite_url, read_only=True)
    async with through_sqlalchemy(reader).connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM kept"))).scalar() == 0
    await reader.dispose()
    after = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert {name: data for name, data in after.items() if not name.endswith("-shm")} == {
        name: data for name, data in before.items() if not name.endswith("-shm")
    }
    assert after.keys() == before.keys()
    await writer.dispose()
