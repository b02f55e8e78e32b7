"""The database's time, and what does not disturb it."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from adapters.sqlalchemy import clock as clock_module
from adapters.sqlalchemy.clock import DatabaseClock
from adapters.sqlalchemy.engine import Engine, create_engine
from domain.errors import ServiceUnavailable
from tests.support.databases import through_sqlalchemy

SECOND = timedelta(seconds=1)


class JumpingDatetime(datetime):
    """A host's wall clock that an operator has set."""

    offset = timedelta()

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) + cls.offset


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> type[JumpingDatetime]:
    monkeypatch.setattr(clock_module, "datetime", JumpingDatetime)
    JumpingDatetime.offset = timedelta()
    return JumpingDatetime


async def test_before_it_is_synchronised_it_tells_the_hosts_time(engine: Engine) -> None:
    clock = DatabaseClock(engine)
    assert abs(clock.now() - datetime.now(UTC)) < SECOND
    assert clock.now().tzinfo is UTC


async def test_it_tells_the_databases_time_even_if_the_hosts_is_wrong(
    postgres_url: str, wall: type[JumpingDatetime]
) -> None:
    """CK-1."""
    wall.offset = timedelta(days=-3)
    engine = create_engine(postgres_url)
    clock = DatabaseClock(engine)
    assert clock.now() < datetime.now(UTC) - timedelta(days=2)
    await clock.synchronise()
    async with through_sqlalchemy(engine).connect() as connection:
        there = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    assert abs(clock.now() - there) < SECOND
    await engine.dispose()


async def test_a_jump_of_the_hosts_clock_goes_unnoticed(
    engine: Engine, wall: type[JumpingDatetime]
) -> None:
    """CK-1: nothing that expired comes back to life."""
    clock = DatabaseClock(engine)
    await clock.synchronise()
    before = clock.now()
    for jump in (timedelta(days=-1), timedelta(days=1)):
        wall.offset = jump
        assert timedelta() <= clock.now() - before < SECOND
    wall.offset = timedelta(days=-1)
    await clock.synchronise()
    assert timedelta() <= clock.now() - before < SECOND


async def test_time_passes(engine: Engine) -> None:
    clock = DatabaseClock(engine)
    await clock.synchronise()
    times = [clock.now() for _ in range(100)]
    assert times == sorted(times)
    before = clock.now()
    time.sleep(0.05)
    assert timedelta(milliseconds=50) <= clock.now() - before < SECOND


async def test_when_the_database_is_away_the_last_measurement_stays() -> None:
    engine = create_engine("postgresql://nobody@127.0.0.1:1/none")
    clock = DatabaseClock(engine)
    with pytest.raises(ServiceUnavailable):
        await clock.synchronise()
    assert abs(clock.now() - datetime.now(UTC)) < SECOND
    await engine.dispose()


def test_it_runs_without_a_clock_that_counts_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    assert clock_module._elapsed() <= clock_module._elapsed()
