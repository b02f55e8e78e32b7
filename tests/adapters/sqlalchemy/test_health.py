"""What readiness says of the database and its schema (DB-5)."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.engine import create_engine
from adapters.sqlalchemy.health import DatabaseProbe, SchemaProbe
from adapters.sqlalchemy.revisions import Revisions
from migrations.branches import known_revisions

ONE = Revisions({"0000": set(), "0001": {"0000"}})
"""What some version of the code knows."""


async def test_all_is_well_with_a_migrated_database(engine: AsyncEngine) -> None:
    assert await DatabaseProbe(engine).failure() is None
    assert await SchemaProbe(engine, known_revisions()).failure() is None


async def test_a_database_that_is_away_is_told_without_its_address() -> None:
    """LG-1."""
    engine = create_engine("postgresql://somebody:secret@127.0.0.1:1/none")
    for probe in (DatabaseProbe(engine), SchemaProbe(engine, known_revisions())):
        assert await probe.failure() == "does not answer"
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
async def test_another_schema_is_told(engine: AsyncEngine, revision: str, words: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    assert await SchemaProbe(engine, ONE).failure() == words


@pytest.mark.parametrize("change", ["DROP TABLE alembic_version", "DELETE FROM alembic_version"])
async def test_a_database_without_a_schema_is_told(engine: AsyncEngine, change: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(change))
    assert await SchemaProbe(engine, ONE).failure() == "was never migrated"
