"""What every clock and every source of randomness promises."""

from collections.abc import AsyncIterator
from datetime import UTC, timedelta

import pytest

from adapters.memory.clock import ManualClock, SeededRandomness
from application.ports.clock import Clock, Randomness
from tests.contracts.samples import NOW


@pytest.fixture(params=["manual", "system", "movable", "sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, kind: str) -> str | None:
    # Synchronous on purpose: an async fixture could not ask for another one by name.
    if kind in {"manual", "system", "movable"}:
        return None
    return str(request.getfixturevalue(f"{kind}_url"))


@pytest.fixture
async def clock(kind: str, database_url: str | None) -> AsyncIterator[Clock]:
    if database_url is None:
        from adapters.system.clock import MovableClock, SystemClock

        yield {"manual": ManualClock, "system": SystemClock, "movable": MovableClock}[kind]()
        return
    from adapters.sqlalchemy.clock import DatabaseClock
    from adapters.sqlalchemy.engine import create_engine

    engine = create_engine(database_url, pool_size=1)
    clock = DatabaseClock(engine)
    await clock.synchronise()
    yield clock
    await engine.dispose()


@pytest.fixture(params=["seeded", "system"])
def randomness(request: pytest.FixtureRequest) -> Randomness:
    if request.param == "seeded":
        return SeededRandomness(7)
    from adapters.system.clock import SystemRandomness

    return SystemRandomness()


async def test_the_time_is_aware_and_in_utc(clock: Clock) -> None:
    """CK-1."""
    now = clock.now()
    assert now.tzinfo is UTC
    assert now.utcoffset() == timedelta()


async def test_the_time_never_runs_backwards(clock: Clock) -> None:
    """CK-1."""
    times = [clock.now() for _ in range(100)]
    assert times == sorted(times)


def test_the_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(now=NOW)
    assert clock.now() == clock.now() == NOW
    assert clock.advance(timedelta(minutes=5)) == clock.now() == NOW + timedelta(minutes=5)


def test_the_manual_clock_refuses_a_time_without_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        ManualClock(NOW.replace(tzinfo=None))


@pytest.mark.parametrize("length", [0, 1, 16, 32, 200])
def test_as_many_bytes_are_drawn_as_asked(randomness: Randomness, length: int) -> None:
    assert len(randomness.token_bytes(length)) == length


def test_no_two_draws_are_the_same(randomness: Randomness) -> None:
    """AT-4, SE-2."""
    assert len({randomness.token_bytes(16) for _ in range(1000)}) == 1000


def test_seeded_bytes_are_the_same_in_every_run() -> None:
    first, again, other = SeededRandomness(1), SeededRandomness(1), SeededRandomness(2)
    assert [first.token_bytes(8) for _ in range(3)] == [again.token_bytes(8) for _ in range(3)]
    assert first.token_bytes(8) != other.token_bytes(8)
