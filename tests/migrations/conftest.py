"""Databases that were not migrated yet."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

type FreshDatabase = Callable[[], Awaitable[str]]


@pytest.fixture
async def fresh_postgres(postgres_admin_url: str) -> AsyncIterator[FreshDatabase]:
    """Makes empty PostgreSQL databases and returns their addresses."""
    admin = await asyncpg.connect(
        make_url(postgres_admin_url)
        .set(drivername="postgresql")
        .render_as_string(hide_password=False)
    )
    names: list[str] = []

    async def make() -> str:
        names.append(f"doorward_test_migrations_{uuid.uuid4().hex[:12]}")
        await admin.execute(f'CREATE DATABASE "{names[-1]}"')
        url = make_url(postgres_admin_url).set(database=names[-1])
        return url.render_as_string(hide_password=False)

    try:
        yield make
    finally:
        for name in names:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


@pytest.fixture
def fresh_sqlite(tmp_path: Path) -> FreshDatabase:
    """Returns addresses of SQLite files that do not exist yet."""

    async def make() -> str:
        return f"sqlite+aiosqlite:///{tmp_path / uuid.uuid4().hex}.db"

    return make


@pytest.fixture(params=["sqlite", "postgres"])
def fresh(request: pytest.FixtureRequest) -> FreshDatabase:
    """Makes empty databases, of either kind."""
    make: FreshDatabase = request.getfixturevalue(f"fresh_{request.param}")
    return make
