"""What every memory of used challenges promises."""

import secrets

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.factors.challenge import InvalidChallenge
from tests.contracts.samples import HOUR, MINUTE, NOW, in_parallel

Units = UnitOfWorkFactory[ServiceUnit]


async def spend(units: Units, nonce: bytes) -> bool:
    """Use the challenge; tell whether it was let through."""
    try:
        async with units() as work:
            await work.spent_challenges.spend(nonce, expires_at=NOW + HOUR)
            await work.commit()
    except InvalidChallenge:
        return False
    return True


async def test_a_challenge_is_used_once(units: Units) -> None:
    """MF-1, MF-3"""
    nonce = secrets.token_bytes(32)
    assert await spend(units, nonce)
    assert not await spend(units, nonce)
    assert await spend(units, secrets.token_bytes(32))


async def test_it_is_known_which_were_used(units: Units) -> None:
    nonce = secrets.token_bytes(32)

    async def is_spent() -> bool:
        async with units.read_only() as work:
            return await work.spent_challenges.is_spent(nonce)

    assert not await is_spent()
    async with units() as work:
        await work.spent_challenges.spend(nonce, expires_at=NOW + HOUR)
    assert not await is_spent()
    assert await spend(units, nonce)
    assert await is_spent()


async def test_of_twenty_at_once_one_is_let_through(units: Units) -> None:
    """MF-1, MF-3: also where they have all read before."""
    nonce = secrets.token_bytes(32)
    taken = await in_parallel(spend(units, nonce) for _ in range(20))
    assert taken.count(True) == 1


async def test_what_was_rolled_back_can_be_used(units: Units) -> None:
    nonce = secrets.token_bytes(32)
    async with units() as work:
        await work.spent_challenges.spend(nonce, expires_at=NOW + HOUR)
    assert await spend(units, nonce)


async def test_the_refusal_undoes_all_that_came_with_it(units: Units) -> None:
    nonce, other = secrets.token_bytes(32), secrets.token_bytes(32)
    assert await spend(units, nonce)

    async def spend_both() -> None:
        async with units() as work:
            await work.spent_challenges.spend(other, expires_at=NOW + HOUR)
            await work.spent_challenges.spend(nonce, expires_at=NOW + HOUR)
            await work.commit()

    with pytest.raises(InvalidChallenge):
        await spend_both()
    assert await spend(units, other)


async def test_only_expired_ones_are_purged_and_no_more_than_asked(units: Units) -> None:
    for _ in range(3):
        assert await spend(units, secrets.token_bytes(32))
    async with units() as work:
        assert await work.spent_challenges.purge(now=NOW + HOUR - MINUTE, limit=10) == 0
        assert await work.spent_challenges.purge(now=NOW + HOUR, limit=2) == 2
        assert await work.spent_challenges.purge(now=NOW + HOUR, limit=10) == 1
        await work.commit()
