"""What every repository of sign-in attempts promises."""

import asyncio
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.credentials.sign_in_attempts import AttemptPolicy, SignInAttempts
from domain.errors import TooManyRequests
from tests.contracts.samples import (
    HOUR,
    MINUTE,
    NOW,
    in_parallel,
    until_a_writer_waits,
    values_of,
)

if TYPE_CHECKING:
    from adapters.sqlalchemy.engine import Engine

POLICY = AttemptPolicy(attempts=5, first_lock=MINUTE)


@pytest.fixture
def key() -> bytes:
    return secrets.token_bytes(32)


async def test_nobody_has_tried_yet(units: UnitOfWorkFactory[ServiceUnit], key: bytes) -> None:
    async with units() as work:
        attempts = await work.attempts.hold(key)
    assert values_of(attempts) | {"version": 0} == values_of(SignInAttempts(key=key))


async def test_a_record_can_be_read_without_being_held(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    """RL-1: and of two who have read it one counts."""
    async with units.read_only() as work:
        assert values_of(await work.attempts.find(key)) == values_of(SignInAttempts(key=key))

    async def count(attempts: SignInAttempts) -> bool:
        attempts.reserve(POLICY, now=NOW)
        async with units() as work:
            await work.attempts.save(attempts)
            await work.commit()
        return True

    for expected in (1, 2):
        async with units.read_only() as work:
            read = [await work.attempts.find(key) for _ in range(2)]
        outcomes = await in_parallel(count(attempts) for attempts in read)
        assert outcomes.count(True) == 1
        async with units.read_only() as work:
            assert (await work.attempts.find(key)).failures == expected


async def test_several_keys_are_cleared_at_once(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    keys = [secrets.token_bytes(32) for _ in range(4)]
    for key in keys:
        async with units() as work:
            attempts = await work.attempts.find(key)
            attempts.reserve(POLICY, now=NOW)
            await work.attempts.save(attempts)
            await work.commit()
    async with units() as work:
        await work.attempts.clear(*keys[:3])
        await work.commit()
    async with units.read_only() as work:
        assert [(await work.attempts.find(key)).failures for key in keys] == [0, 0, 0, 1]


async def test_every_field_is_kept(units: UnitOfWorkFactory[ServiceUnit], key: bytes) -> None:
    async with units() as work:
        attempts = await work.attempts.hold(key)
        attempts.failures, attempts.locks = 3, 7
        attempts.locked_until, attempts.last_attempt_at = NOW + HOUR, NOW
        await work.attempts.save(attempts)
        await work.commit()
    async with units() as work:
        assert values_of(await work.attempts.hold(key)) == values_of(attempts)


async def test_a_record_can_be_saved_again_and_again(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    for expected in (1, 2, 3):
        async with units() as work:
            attempts = await work.attempts.hold(key)
            attempts.reserve(POLICY, now=NOW)
            await work.attempts.save(attempts)
            await work.commit()
        assert attempts.failures == expected


async def test_a_guess_that_was_rolled_back_was_not_counted(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    async with units() as work:
        attempts = await work.attempts.hold(key)
        attempts.reserve(POLICY, now=NOW)
        await work.attempts.save(attempts)
    async with units() as work:
        assert (await work.attempts.hold(key)).failures == 0


async def test_of_fifty_guesses_at_once_no_more_than_the_limit_are_admitted(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    """RL-1: the first guesses at an address are counted as strictly as later ones."""
    outcomes = await in_parallel(_reserve(units, key) for _ in range(50))
    admitted = [outcome for outcome in outcomes if isinstance(outcome, bool)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, TooManyRequests)]
    assert (len(admitted), len(refused)) == (5, 45)
    assert admitted.count(True) == 1


async def test_guesses_at_different_addresses_are_counted_apart(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    keys = [secrets.token_bytes(32) for _ in range(10)]
    outcomes = await in_parallel(_reserve(units, key) for key in keys for _ in range(5))
    assert not [outcome for outcome in outcomes if not isinstance(outcome, bool)]
    assert outcomes.count(True) == 10


async def test_a_right_password_gives_everything_back(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    await _reserve(units, key)
    async with units() as work:
        await work.attempts.clear(key)
        await work.commit()
    async with units() as work:
        attempts = await work.attempts.hold(key)
    assert (attempts.failures, attempts.last_attempt_at) == (0, None)


async def test_one_unit_may_hold_and_clear(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    await _reserve(units, key)
    async with units() as work:
        await work.attempts.hold(key)
        await work.attempts.clear(key)
        await work.commit()
    async with units() as work:
        assert (await work.attempts.hold(key)).failures == 0


async def test_clearing_what_is_not_there_is_no_error(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    async with units() as work:
        await work.attempts.clear(key)
        await work.commit()


async def test_the_purge_removes_what_was_long_ago(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    old, new = secrets.token_bytes(32), secrets.token_bytes(32)
    for key, at in ((old, NOW), (new, NOW + 2 * HOUR)):
        async with units() as work:
            attempts = await work.attempts.hold(key)
            attempts.reserve(POLICY, now=at)
            await work.attempts.save(attempts)
            await work.commit()
    async with units() as work:
        assert await work.attempts.purge(before=NOW, limit=99) == 0
        assert await work.attempts.purge(before=NOW + HOUR, limit=99) == 1
        await work.commit()
    async with units() as work:
        assert (await work.attempts.hold(old)).failures == 0
        assert (await work.attempts.hold(new)).failures == 1


async def test_a_purge_removes_no_more_records_than_it_may(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    old = [secrets.token_bytes(32) for _ in range(5)]
    for key in old:
        await _reserve(units, key)
    await _reserve(units, new := secrets.token_bytes(32), now=NOW + 2 * HOUR)
    for removed in (2, 2, 1, 0):
        async with units() as work:
            assert await work.attempts.purge(before=NOW + HOUR, limit=2) == removed
            await work.commit()
    async with units() as work:
        assert [(await work.attempts.hold(key)).failures for key in old] == [0] * 5
        assert (await work.attempts.hold(new)).failures == 1


async def test_a_guess_that_a_purge_waits_for_stays_counted(
    units: UnitOfWorkFactory[ServiceUnit], engine: "Engine | None", key: bytes
) -> None:
    """RL-1: the record was old when the purge looked for it, and is not when it gets there."""
    await _reserve(units, key)

    async def purge() -> int:
        async with units() as work:
            removed = await work.attempts.purge(before=NOW + HOUR, limit=9)
            await work.commit()
        return removed

    async with units() as work:
        attempts = await work.attempts.hold(key)
        attempts.reserve(POLICY, now=NOW + 2 * HOUR)
        await work.attempts.save(attempts)
        purging = asyncio.create_task(purge())
        await until_a_writer_waits(engine)
        await work.commit()
    assert await purging == 0
    async with units() as work:
        assert values_of(await work.attempts.hold(key)) == values_of(attempts)


async def _reserve(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes, *, now: datetime = NOW
) -> bool:
    async with units() as work:
        attempts = await work.attempts.hold(key)
        last = attempts.reserve(POLICY, now=now)
        await work.attempts.save(attempts)
        await work.commit()
    return last
