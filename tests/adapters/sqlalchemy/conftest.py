"""Engines over fresh, migrated databases."""

from collections.abc import AsyncIterator

import pytest

from adapters.sqlalchemy.engine import Engine, create_engine


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    # Synchronous on purpose: an async fixture could not ask for another one by name.
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Engine]:
    engine = create_engine(url, pool_size=3)
    yield engine
    await engine.dispose()
