"""What readiness says of the database and its schema (DB-5)."""

from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.sqlalchemy.engine import Engine, create_engine
from adapters.sqlalchemy.health import DatabaseProbe, SchemaProbe
from adapters.sqlalchemy.revisions import Revisions
from migrations.branches import known_revisions
from tests.support.databases import through_sqlalchemy

ONE = Revisions({"0000": set(), "0001": {"0000"}})
"""What some version of the code knows."""


async def test_all_is_well_with_a_migrated_database(engine: Engine) -> None:
    assert await DatabaseProbe(engine).failure() is None
    assert await SchemaProbe(engine, known_revisions()).failure() is None


async def test_a_database_that_is_away_is_told_without_its_address() -> None:
    """LG-1."""
    engine = create_engine("postgresql://somebody:secret@127.0.0.1:1/none")
    for probe in (DatabaseProbe(engine), SchemaProbe(engine, known_revisions())):
        failure = await probe.failure()
        assert failure is not None
        assert (failure.public, failure.reason) == ("does not answer", "refused")
        assert "secret" not in str(failure)
    await engine.dispose()


@pytest.mark.parametrize(
    ("revision", "words"),
    [
        ("0000", "is at revision 0000, older than 0001"),
        ("9999", "is at revision 9999, unknown here and from another branch"),
        (
            "20261128_0900_0123abcd",
            "is at revision 20261128_0900_0123abcd, unknown here and newer than 0001",
        ),
    ],
)
async def test_another_schema_is_told(engine: Engine, revision: str, words: str) -> None:
    async with through_sqlalchemy(engine).begin() as connection:
        await connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    failure = await SchemaProbe(engine, ONE).failure()
    assert failure is not None
    assert failure.words == failure.public == words


@pytest.mark.parametrize("change", ["DROP TABLE alembic_version", "DELETE FROM alembic_version"])
async def test_tables_that_nothing_says_are_ours_are_told(engine: Engine, change: str) -> None:
    """A migration would fail on them, or worse."""
    async with through_sqlalchemy(engine).begin() as connection:
        await connection.execute(text(change))
    failure = await SchemaProbe(engine, ONE).failure()
    assert failure is not None
    assert failure.reason == "foreign_tables"


async def test_a_database_without_a_schema_is_told(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/new.db")
    failure = await SchemaProbe(engine, ONE).failure()
    assert failure is not None
    assert failure.words == "was never migrated"
    await engine.dispose()
