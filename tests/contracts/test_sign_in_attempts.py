"""What every repository of sign-in attempts promises."""

import secrets

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.sign_in_attempts import AttemptPolicy, SignInAttempts, TooManyRequests
from tests.contracts.samples import HOUR, MINUTE, NOW, in_parallel, values_of

POLICY = AttemptPolicy(attempts=5, first_lock=MINUTE)


@pytest.fixture
def key() -> bytes:
    return secrets.token_bytes(32)


async def test_nobody_has_tried_yet(units: UnitOfWorkFactory, key: bytes) -> None:
    async with units() as work:
        attempts = await work.attempts.hold(key)
    assert values_of(attempts) | {"version": 0} == values_of(SignInAttempts(key=key))


async def test_every_field_is_kept(units: UnitOfWorkFactory, key: bytes) -> None:
    async with units() as work:
        attempts = await work.attempts.hold(key)
        attempts.failures, attempts.locks = 3, 7
        attempts.locked_until, attempts.last_attempt_at = NOW + HOUR, NOW
        await work.attempts.save(attempts)
        await work.commit()
    async with units() as work:
        assert values_of(await work.attempts.hold(key)) == values_of(attempts)


async def test_a_record_can_be_saved_again_and_again(units: UnitOfWorkFactory, key: bytes) -> None:
    for expected in (1, 2, 3):
        async with units() as work:
            attempts = await work.attempts.hold(key)
            attempts.reserve(POLICY, now=NOW)
            await work.attempts.save(attempts)
            await work.commit()
        assert attempts.failures == expected


async def test_a_guess_that_was_rolled_back_was_not_counted(
    units: UnitOfWorkFactory, key: bytes
) -> None:
    async with units() as work:
        attempts = await work.attempts.hold(key)
        attempts.reserve(POLICY, now=NOW)
        await work.attempts.save(attempts)
    async with units() as work:
        assert (await work.attempts.hold(key)).failures == 0


async def test_of_fifty_guesses_at_once_no_more_than_the_limit_are_admitted(
    units: UnitOfWorkFactory, key: bytes
) -> None:
    """RL-1: the first guesses at an address are counted as strictly as later ones."""
    outcomes = await in_parallel(_reserve(units, key) for _ in range(50))
    admitted = [outcome for outcome in outcomes if isinstance(outcome, bool)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, TooManyRequests)]
    assert (len(admitted), len(refused)) == (5, 45)
    assert admitted.count(True) == 1


async def test_guesses_at_different_addresses_are_counted_apart(
    units: UnitOfWorkFactory,
) -> None:
    keys = [secrets.token_bytes(32) for _ in range(10)]
    outcomes = await in_parallel(_reserve(units, key) for key in keys for _ in range(5))
    assert not [outcome for outcome in outcomes if not isinstance(outcome, bool)]
    assert outcomes.count(True) == 10


async def test_a_right_password_gives_everything_back(units: UnitOfWorkFactory, key: bytes) -> None:
    await _reserve(units, key)
    async with units() as work:
        await work.attempts.clear(key)
        await work.commit()
    async with units() as work:
        attempts = await work.attempts.hold(key)
    assert (attempts.failures, attempts.last_attempt_at) == (0, None)


async def test_one_unit_may_hold_and_clear(units: UnitOfWorkFactory, key: bytes) -> None:
    await _reserve(units, key)
    async with units() as work:
        await work.attempts.hold(key)
        await work.attempts.clear(key)
        await work.commit()
    async with units() as work:
        assert (await work.attempts.hold(key)).failures == 0


async def test_clearing_what_is_not_there_is_no_error(units: UnitOfWorkFactory, key: bytes) -> None:
    async with units() as work:
        await work.attempts.clear(key)
        await work.commit()


async def test_the_purge_removes_what_was_long_ago(units: UnitOfWorkFactory) -> None:
    old, new = secrets.token_bytes(32), secrets.token_bytes(32)
    for key, at in ((old, NOW), (new, NOW + 2 * HOUR)):
        async with units() as work:
            attempts = await work.attempts.hold(key)
            attempts.reserve(POLICY, now=at)
            await work.attempts.save(attempts)
            await work.commit()
    async with units() as work:
        assert await work.attempts.purge(before=NOW) == 0
        assert await work.attempts.purge(before=NOW + HOUR) == 1
        await work.commit()
    async with units() as work:
        assert (await work.attempts.hold(old)).failures == 0
        assert (await work.attempts.hold(new)).failures == 1


async def _reserve(units: UnitOfWorkFactory, key: bytes) -> bool:
    async with units() as work:
        attempts = await work.attempts.hold(key)
        last = attempts.reserve(POLICY, now=NOW)
        await work.attempts.save(attempts)
        await work.commit()
    return last
