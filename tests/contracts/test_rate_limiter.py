"""What every rate limiter promises (RL-4, RL-5)."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from application.ports.rate_limiter import Admission, RateLimit, RateLimiter
from tests.contracts.samples import HOUR, MINUTE, NOW, SECOND, in_parallel

if TYPE_CHECKING:
    from adapters.sqlalchemy.engine import Engine

LIMIT = RateLimit(name="sign-in", burst=3, interval=10 * SECOND)


@pytest.fixture
def limiter(engine: "Engine | None") -> RateLimiter:
    if engine is None:
        from adapters.memory.rate_limiter import MemoryRateLimiter

        return MemoryRateLimiter()
    from adapters.sqlalchemy.rate_limiter import SqlAlchemyRateLimiter

    return SqlAlchemyRateLimiter(engine)


async def test_a_burst_is_admitted_then_nothing_then_one_per_interval(
    limiter: RateLimiter,
) -> None:
    assert await _admitted(limiter, times=5) == [True, True, True, False, False]
    assert await _admitted(limiter, after=10 * SECOND, times=2) == [True, False]
    assert await _admitted(limiter, after=30 * SECOND, times=3) == [True, True, False]


async def test_after_a_long_silence_the_full_burst_is_back_and_no_more(
    limiter: RateLimiter,
) -> None:
    await _admitted(limiter, times=3)
    assert await _admitted(limiter, after=HOUR, times=5) == [True, True, True, False, False]


async def test_a_refused_request_costs_nothing(limiter: RateLimiter) -> None:
    await _admitted(limiter, times=3)
    assert await _admitted(limiter, after=5 * SECOND, times=20) == [False] * 20
    assert await _admitted(limiter, after=10 * SECOND, times=1) == [True]


async def test_the_answer_counts_down_and_says_when_to_come_back(limiter: RateLimiter) -> None:
    answers = [await limiter.admit(LIMIT, "ada", now=NOW) for _ in range(4)]
    assert [answer.remaining for answer in answers] == [2, 1, 0, 0]
    assert {answer.limit for answer in answers} == {3}
    assert [answer.reset_after for answer in answers] == [
        10 * SECOND,
        20 * SECOND,
        30 * SECOND,
        30 * SECOND,
    ]
    assert [answer.retry_after for answer in answers] == [timedelta()] * 3 + [10 * SECOND]


async def test_whoever_comes_back_when_told_is_admitted_and_not_a_moment_sooner(
    limiter: RateLimiter,
) -> None:
    await _admitted(limiter, times=3)
    refused = await limiter.admit(LIMIT, "ada", now=NOW + 3 * SECOND)
    assert not refused.admitted
    told = NOW + 3 * SECOND + refused.retry_after
    early = await limiter.admit(LIMIT, "ada", now=told - timedelta(microseconds=1))
    assert not early.admitted
    assert (await limiter.admit(LIMIT, "ada", now=told)).admitted


async def test_what_was_not_used_comes_back_bit_by_bit(limiter: RateLimiter) -> None:
    await _admitted(limiter, times=2)
    answer = await limiter.admit(LIMIT, "ada", now=NOW + 15 * SECOND)
    # 20 s were owed, 15 have passed, 10 came on top: 15 s of 30 are taken.
    assert answer == Admission(
        admitted=True,
        limit=3,
        remaining=1,
        reset_after=15 * SECOND,
        retry_after=timedelta(),
    )


async def test_keys_and_limits_are_counted_apart(limiter: RateLimiter) -> None:
    other = RateLimit(name="sign-up", burst=3, interval=10 * SECOND)
    await _admitted(limiter, times=3)
    assert (await limiter.admit(LIMIT, "grace", now=NOW)).remaining == 2
    assert (await limiter.admit(LIMIT, "Ada", now=NOW)).remaining == 2
    assert (await limiter.admit(other, "ada", now=NOW)).remaining == 2
    assert not (await limiter.admit(LIMIT, "ada", now=NOW)).admitted


async def test_names_and_keys_cannot_be_taken_for_each_other(limiter: RateLimiter) -> None:
    for name, key in [("a", "b:c"), ("a:b", "c"), ("a", "b\x00c"), ("a\x00b", "c"), ("", "a")]:
        limit = RateLimit(name=name, burst=1, interval=SECOND)
        assert (await limiter.admit(limit, key, now=NOW)).admitted


@pytest.mark.parametrize("key", ["", "ä" * 400, "2001:db8::/64", "'; DROP TABLE users; --", "😀"])
async def test_any_text_is_a_key(limiter: RateLimiter, key: str) -> None:
    """IN-1."""
    answers = [await limiter.admit(LIMIT, key, now=NOW) for _ in range(4)]
    assert [answer.admitted for answer in answers] == [True, True, True, False]


async def test_requests_at_once_are_admitted_up_to_the_burst(limiter: RateLimiter) -> None:
    """RL-5: the limit holds over all processes that share the store."""
    limit = RateLimit(name="sign-in", burst=7, interval=HOUR)
    answers = await in_parallel(limiter.admit(limit, "ada", now=NOW) for _ in range(40))
    admitted = [a for a in answers if isinstance(a, Admission) and a.admitted]
    assert not [a for a in answers if isinstance(a, BaseException)]
    assert len(admitted) == 7
    assert sorted(answer.remaining for answer in admitted) == list(range(7))


async def test_a_clock_set_back_neither_frees_nor_punishes(limiter: RateLimiter) -> None:
    """CK-1: what was admitted stays counted, and the way back to the burst is no longer."""
    await _admitted(limiter, times=3)
    assert await _admitted(limiter, after=-5 * SECOND, times=2) == [False, False]
    assert await _admitted(limiter, after=10 * SECOND, times=2) == [True, False]


async def test_the_purge_forgets_who_is_back_at_the_full_burst(limiter: RateLimiter) -> None:
    await limiter.admit(LIMIT, "once", now=NOW)
    for _ in range(3):
        await limiter.admit(LIMIT, "thrice", now=NOW)
    assert await limiter.purge(now=NOW + 9 * SECOND, limit=99) == 0
    assert await limiter.purge(now=NOW + 11 * SECOND, limit=99) == 1
    answer = await limiter.admit(LIMIT, "thrice", now=NOW + 11 * SECOND)
    assert answer.remaining == 0, "the purge has freed a key that was not back yet"
    assert await limiter.purge(now=NOW + HOUR, limit=99) == 1
    assert await limiter.purge(now=NOW + HOUR, limit=99) == 0


async def test_a_purge_forgets_no_more_keys_than_it_may(limiter: RateLimiter) -> None:
    for number in range(5):
        await limiter.admit(LIMIT, f"old {number}", now=NOW)
    await limiter.admit(LIMIT, "new", now=NOW + MINUTE)
    later = NOW + MINUTE + SECOND
    assert [await limiter.purge(now=later, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert (await limiter.admit(LIMIT, "new", now=later)).remaining == 1


@given(
    steps=st.lists(st.integers(0, 40), min_size=1, max_size=25),
    burst=st.integers(1, 5),
    interval=st.integers(1, 20),
)
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_no_window_ever_holds_more_than_burst_and_refill(
    limiter: RateLimiter, steps: list[int], burst: int, interval: int
) -> None:
    """RL-5, as a property: between any two admissions stands the time that was earned."""
    limit = RateLimit(name="any", burst=burst, interval=interval * SECOND)
    key = f"{steps}{burst}{interval}"
    await limiter.purge(now=NOW + 1000 * HOUR, limit=99)
    at, admitted = NOW, []
    for step in steps:
        at += step * SECOND
        answer = await limiter.admit(limit, key, now=at)
        assert 0 <= answer.remaining <= burst
        assert timedelta() <= answer.reset_after <= burst * limit.interval
        assert answer.admitted == (answer.retry_after == timedelta())
        if answer.admitted:
            admitted.append(at)
    for first in range(len(admitted)):
        for last in range(first, len(admitted)):
            span = admitted[last] - admitted[first]
            assert last - first + 1 <= burst + span // limit.interval


async def _admitted(
    limiter: RateLimiter, *, after: timedelta = timedelta(), times: int
) -> list[bool]:
    return [(await limiter.admit(LIMIT, "ada", now=NOW + after)).admitted for _ in range(times)]
