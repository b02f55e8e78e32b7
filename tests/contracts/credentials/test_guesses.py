"""What every repository of sign-in attempts promises to a guess that does not wait its turn."""

import secrets

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.credentials.sign_in_attempts import AttemptPolicy, SignInAttempts
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange
from tests.contracts.samples import (
    MINUTE,
    NOW,
    a_credential,
    a_user,
    in_parallel,
    keep_user,
    values_of,
)

POLICY = AttemptPolicy(attempts=5, first_lock=MINUTE)
SOMEBODY = EmailAddress.parse("somebody@example.com")


@pytest.fixture
def key() -> bytes:
    return secrets.token_bytes(32)


async def test_where_there_is_nothing_the_record_is_fresh(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    await keep_user(units)
    async with units.read_only() as work:
        guessed = await work.attempts.look_up(SOMEBODY, key)
    assert values_of(guessed.attempts) == values_of(SignInAttempts(key=key))
    assert (guessed.user, guessed.credential) == (None, None)


async def test_the_record_is_read_with_the_user_and_the_credential(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    """AT-10: by any spelling of the mailbox; a user may be without a password."""
    user, credential = a_user("Ada@example.com"), None
    await keep_user(units, user)
    await _reserve(units, key)
    for with_password in (False, True):
        if with_password:
            credential = a_credential(user)
            async with units() as work:
                await work.credentials.add(credential)
                await work.commit()
        async with units() as work:
            guessed = await work.attempts.look_up(EmailAddress.parse("aDA@example.com"), key)
            held = await work.attempts.hold(key)
        assert values_of(guessed.attempts) == values_of(held)
        assert guessed.user is not None
        assert values_of(guessed.user) == values_of(user)
        assert (guessed.credential is None) == (credential is None)
        if guessed.credential is not None and credential is not None:
            assert values_of(guessed.credential) == values_of(credential)


@pytest.mark.parametrize("before", [0, 1, 3])
async def test_of_guesses_that_saw_the_same_record_one_is_counted(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes, before: int
) -> None:
    """RL-1: also where there was none; the others have to look again."""
    for _ in range(before):
        await _reserve(units, key)
    async with units.read_only() as work:
        seen = [(await work.attempts.look_up(SOMEBODY, key)).attempts for _ in range(4)]

    async def count(attempts: SignInAttempts) -> None:
        async with units() as work:
            attempts.reserve(POLICY, now=NOW)
            await work.attempts.save(attempts)
            await work.commit()

    outcomes = await in_parallel(count(attempts) for attempts in seen)
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ConcurrentChange) for outcome in outcomes) == 3
    async with units.read_only() as work:
        assert (await work.attempts.look_up(SOMEBODY, key)).attempts.failures == before + 1


async def test_a_record_that_was_cleared_meanwhile_does_not_come_back(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    await _reserve(units, key)
    async with units.read_only() as work:
        attempts = (await work.attempts.look_up(SOMEBODY, key)).attempts
    async with units() as work:
        await work.attempts.clear(key)
        await work.commit()
    attempts.reserve(POLICY, now=NOW)
    with pytest.raises(ConcurrentChange):
        await _save(units, attempts)
    async with units.read_only() as work:
        assert (await work.attempts.look_up(SOMEBODY, key)).attempts.failures == 0


async def test_one_that_is_held_is_looked_up_and_saved_by_one_after_the_other(
    units: UnitOfWorkFactory[ServiceUnit], key: bytes
) -> None:
    async def count() -> None:
        async with units() as work:
            await work.attempts.hold(key)
            attempts = (await work.attempts.look_up(SOMEBODY, key)).attempts
            attempts.failures += 1
            await work.attempts.save(attempts)
            await work.commit()

    assert await in_parallel(count() for _ in range(20)) == [None] * 20
    async with units.read_only() as work:
        assert (await work.attempts.look_up(SOMEBODY, key)).attempts.failures == 20


async def _reserve(units: UnitOfWorkFactory[ServiceUnit], key: bytes) -> None:
    async with units() as work:
        attempts = (await work.attempts.look_up(SOMEBODY, key)).attempts
        attempts.reserve(POLICY, now=NOW)
        await work.attempts.save(attempts)
        await work.commit()


async def _save(units: UnitOfWorkFactory[ServiceUnit], attempts: SignInAttempts) -> None:
    async with units() as work:
        await work.attempts.save(attempts)
        await work.commit()
