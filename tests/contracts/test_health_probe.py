"""What every health probe promises (DB-5)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from adapters.memory.health import AlwaysReady
from application.ports.health import HealthProbe
from domain.failures import Failure
from tests.support.processes import free_port

SECRET = "in-the-address"


@dataclass(frozen=True)
class Pair:
    """A probe of something that is there, and one of something that is not."""

    well: HealthProbe
    ill: HealthProbe


@pytest.fixture(params=["memory", "database", "schema"])
async def probes(request: pytest.FixtureRequest, sqlite_url: str) -> AsyncIterator[Pair]:
    if request.param == "memory":
        ill = AlwaysReady("mail")
        ill.trouble = Failure(part="mail server", reason="no_answer", words="is away", cure="")
        yield Pair(AlwaysReady("mail"), ill)
        return
    from adapters.sqlalchemy.engine import create_engine
    from adapters.sqlalchemy.health import DatabaseProbe, SchemaProbe
    from migrations.branches import known_revisions

    there = create_engine(sqlite_url)
    nowhere = create_engine(f"postgresql://doorward:{SECRET}@127.0.0.1:{free_port()}/doorward")
    if request.param == "database":
        yield Pair(DatabaseProbe(there), DatabaseProbe(nowhere))
    else:
        known = known_revisions()
        yield Pair(SchemaProbe(there, known), SchemaProbe(nowhere, known))
    await there.dispose()
    await nowhere.dispose()


async def test_what_is_there_has_no_failure(probes: Pair) -> None:
    assert await probes.well.failure() is None


async def test_what_is_not_there_is_told_in_a_few_words_without_secrets(probes: Pair) -> None:
    """LG-1."""
    async with asyncio.timeout(10):
        failure = await probes.ill.failure()
    assert failure is not None
    assert 0 < len(failure.public) < 60
    assert SECRET not in f"{failure}{failure.facts}"


async def test_a_probe_has_a_name_for_the_readiness_answer(probes: Pair) -> None:
    assert probes.well.name == probes.ill.name != ""
