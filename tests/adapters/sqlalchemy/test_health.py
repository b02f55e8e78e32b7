"""What readiness says of the database and its schema (DB-5)."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.engine import create_engine
from adapters.sqlalchemy.health import DatabaseProbe, SchemaProbe
from migrations.runner import head


async def test_all_is_well_with_a_migrated_database(engine: AsyncEngine) -> None:
    assert await DatabaseProbe(engine).failure() is None
    assert await SchemaProbe(engine, expected=head()).failure() is None


async def test_a_database_that_is_away_is_told_without_its_address() -> None:
    """LG-1."""
    engine = create_engine("postgresql://somebody:secret@127.0.0.1:1/none")
    for probe in (DatabaseProbe(engine), SchemaProbe(engine, expected=head())):
        assert await probe.failure() == "does not answer"
    await engine.dispose()


@pytest.mark.parametrize(("revision", "age"), [("0000", "older"), ("9999", "newer")])
async def test_another_schema_is_told(engine: AsyncEngine, revision: str, age: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    failure = await SchemaProbe(engine, expected="0001").failure()
    assert failure == f"is at revision {revision}, {age} than 0001"


@pytest.mark.parametrize("change", ["DROP TABLE alembic_version", "DELETE FROM alembic_version"])
async def test_a_database_without_a_schema_is_told(engine: AsyncEngine, change: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(change))
    assert await SchemaProbe(engine, expected="0001").failure() == "was never migrated"
