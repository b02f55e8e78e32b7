"""Guesses are counted before they are evaluated, and a lock grows but never for ever."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.credentials.sign_in_attempts import (
    FORGOTTEN_AFTER,
    LONGEST_LOCK,
    AttemptPolicy,
    SignInAttempts,
    attempt_key,
)
from domain.errors import TooManyRequests
from tests.domain.samples import ADA, BOB, HOUR, MINUTE, NOW, SECOND, TICK

POLICY = AttemptPolicy(attempts=3, first_lock=30 * SECOND)
EVERY_GUESS = AttemptPolicy(attempts=1, first_lock=30 * SECOND)


def fresh() -> SignInAttempts:
    """Return the record of an address at which no guess was made yet."""
    return SignInAttempts(key=attempt_key(ADA))


def refused(attempts: SignInAttempts, *, after: timedelta) -> timedelta | None:
    """Make a guess; return how long it is locked, or None if the guess was taken."""
    try:
        attempts.reserve(POLICY, now=NOW + after)
    except TooManyRequests as refusal:
        return refusal.retry_after
    return None


def test_the_guess_that_fills_the_limit_is_still_taken_and_says_so() -> None:
    """RL-1: three guesses are evaluated, the fourth is not."""
    attempts = fresh()
    assert [attempts.reserve(POLICY, now=NOW) for _ in range(3)] == [False, False, True]
    assert refused(attempts, after=SECOND) == 29 * SECOND


def test_guesses_during_a_lock_neither_prolong_it_nor_change_anything() -> None:
    """RL-2: the victim's lock ends when it was going to, whatever is tried meanwhile."""
    attempts = fresh()
    for _ in range(3):
        attempts.reserve(POLICY, now=NOW)
    before = _values(attempts)
    for second in range(30):
        assert refused(attempts, after=second * SECOND) == (30 - second) * SECOND
    assert refused(attempts, after=30 * SECOND - TICK) == TICK
    assert _values(attempts) == before
    assert refused(attempts, after=30 * SECOND) is None


def test_each_lock_is_twice_as_long_up_to_an_hour() -> None:
    """RL-2: 30 s, 1 min, 2 min … 1 h, and there it stays."""
    attempts, at, locks = fresh(), NOW, []
    for _ in range(30):
        assert attempts.reserve(EVERY_GUESS, now=at)
        assert attempts.locked_until is not None
        locks.append(attempts.locked_until - at)
        at = attempts.locked_until
    doubled = [30 * SECOND * 2**n for n in range(7)]
    assert locks == [*doubled, *[LONGEST_LOCK] * 23]
    assert LONGEST_LOCK == HOUR


def test_a_first_lock_beyond_an_hour_is_an_hour() -> None:
    """RL-2: no setting locks a victim out for a day, and no number overflows."""
    attempts = fresh()
    policy = AttemptPolicy(attempts=1, first_lock=timedelta(days=36_500))
    attempts.reserve(policy, now=NOW)
    assert attempts.locked_until == NOW + LONGEST_LOCK


def test_after_a_lock_the_full_number_of_guesses_is_back() -> None:
    """RL-2: a user who waited may mistype again."""
    attempts = fresh()
    for _ in range(3):
        attempts.reserve(POLICY, now=NOW)
    later = NOW + MINUTE
    assert [attempts.reserve(POLICY, now=later) for _ in range(3)] == [False, False, True]
    assert attempts.locked_until == later + MINUTE


def test_everything_is_forgotten_after_a_day_without_a_guess() -> None:
    """RL-2: yesterday's mistakes do not lengthen today's lock."""
    attempts = fresh()
    for _ in range(3):
        attempts.reserve(POLICY, now=NOW)
    almost = NOW + FORGOTTEN_AFTER - TICK
    assert attempts.reserve(POLICY, now=almost) is False
    assert attempts.locks == 1
    assert attempts.reserve(POLICY, now=almost + FORGOTTEN_AFTER) is False
    assert (attempts.failures, attempts.locks, attempts.locked_until) == (1, 0, None)


def test_keys_are_hashes_of_the_canonical_address() -> None:
    """EN-2, LG-1: one key per mailbox, and a password typed in the wrong field is not kept."""
    assert attempt_key(ADA) == attempt_key(type(ADA).parse("ADA@example.COM"))
    assert attempt_key(ADA) != attempt_key(BOB)
    assert len(attempt_key(ADA)) == 32
    assert b"ada" not in attempt_key(ADA)


@given(st.lists(st.integers(0, 3 * 3600), max_size=60), st.integers(1, 5))
def test_between_two_locks_no_more_than_the_limit_is_ever_evaluated(
    pauses: list[int], limit: int
) -> None:
    """RL-1, RL-2: over any sequence of guesses in time, and no lock beyond an hour."""
    policy = AttemptPolicy(attempts=limit, first_lock=30 * SECOND)
    attempts, now, taken = fresh(), NOW, 0
    for pause in pauses:
        now += pause * SECOND
        locked_until = attempts.locked_until
        if locked_until is not None and now < locked_until:
            with pytest.raises(TooManyRequests) as refused:
                attempts.reserve(policy, now=now)
            assert refused.value.retry_after == locked_until - now <= LONGEST_LOCK
            assert attempts.locked_until == locked_until
            continue
        was_last = attempts.reserve(policy, now=now)
        taken += 1
        assert was_last == (taken == limit)
        if was_last:
            taken = 0


@pytest.mark.parametrize("limit", [1, 10])
def test_the_lock_begins_with_the_last_guess(limit: int) -> None:
    """RL-1: with a limit of one, each guess is the last."""
    attempts = fresh()
    policy = AttemptPolicy(attempts=limit, first_lock=MINUTE)
    taken = [attempts.reserve(policy, now=NOW) for _ in range(limit)]
    assert taken == [*[False] * (limit - 1), True]
    assert attempts.locked_until == NOW + MINUTE


def _values(attempts: SignInAttempts) -> tuple[object, ...]:
    return (
        attempts.failures,
        attempts.locks,
        attempts.locked_until,
        attempts.last_attempt_at,
        attempts.version,
    )
