"""The host's clock and randomness."""

from datetime import UTC, datetime, timedelta

import pytest

from adapters.system.clock import MovableClock, SystemClock, SystemRandomness


def test_the_time_is_the_hosts_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-1: whatever zone the host is set to."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)


def test_a_clock_goes_on_from_where_it_is_set_to_and_back() -> None:
    clock = MovableClock()
    clock.set(datetime(2031, 1, 1, tzinfo=UTC))
    first, second = clock.now(), clock.now()
    assert datetime(2031, 1, 1, tzinfo=UTC) <= first <= second < datetime(2031, 1, 2, tzinfo=UTC)
    clock.reset()
    before = datetime.now(UTC)
    assert before <= clock.now() <= datetime.now(UTC)


@pytest.mark.parametrize("length", [0, 1, 16, 32, 1000])
def test_as_many_bytes_as_asked_for(length: int) -> None:
    assert len(SystemRandomness().token_bytes(length)) == length


def test_no_draw_comes_twice() -> None:
    """AT-4: 256 bits do not repeat."""
    randomness = SystemRandomness()
    assert len({randomness.token_bytes(32) for _ in range(1000)}) == 1000
