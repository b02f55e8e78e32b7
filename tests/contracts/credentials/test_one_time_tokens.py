"""What every repository of mailed secrets promises."""

import asyncio
from typing import TYPE_CHECKING

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.credentials.one_time_token import OneTimeToken, Purpose, digest_of
from domain.errors import ConcurrentChange
from tests.contracts.samples import (
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    a_token,
    a_user,
    in_parallel,
    keep_user,
    until_a_writer_waits,
)

if TYPE_CHECKING:
    from adapters.sqlalchemy.engine import Engine


async def test_a_token_is_found_by_its_digest_and_still_there(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    token, _ = a_token(await keep_user(units))
    await _put(units, token)
    async with units.read_only() as work:
        assert await work.one_time_tokens.find(token.digest) == token
        assert await work.one_time_tokens.find(token.digest) == token
        assert await work.one_time_tokens.find(bytes(32)) is None


async def test_a_token_that_was_taken_is_gone(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """AT-4: single use."""
    token, _ = a_token(await keep_user(units))
    await _put(units, token)
    assert await _take(units, token.digest) == token
    assert await _take(units, token.digest) is None
    async with units.read_only() as work:
        assert await work.one_time_tokens.find(token.digest) is None


async def test_the_tokens_of_a_user_are_listed_by_purpose(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """HD-13: a copy of what is held names them."""
    user, other = await keep_user(units), await keep_user(units)
    reset, _ = a_token(user, Purpose.PASSWORD_RESET)
    move, _ = a_token(user, Purpose.EMAIL_CHANGE)
    foreign, _ = a_token(other)
    for token in (reset, move, foreign):
        await _put(units, token)
    async with units.read_only() as work:
        assert await work.one_time_tokens.list_of(user.id) == [move, reset]


async def test_of_twenty_takers_at_once_one_gets_the_token(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AT-4: single use under concurrency."""
    token, _ = a_token(await keep_user(units))
    await _put(units, token)
    taken = await in_parallel(_take(units, token.digest) for _ in range(20))
    assert [outcome for outcome in taken if outcome is not None] == [token]


async def test_a_taker_who_fails_leaves_the_token_for_the_next(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """DU-5: a reset that was rolled back can be tried again with the same link."""
    token, _ = a_token(await keep_user(units))
    await _put(units, token)
    async with units() as work:
        assert await work.one_time_tokens.take(token.digest) == token
        assert await work.one_time_tokens.take(token.digest) is None
    assert await _take(units, token.digest) == token


async def test_any_other_digest_takes_nothing(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """AT-5, TK-2: one bit, one byte or another purpose, and it is another secret."""
    user = await keep_user(units)
    token, secret = a_token(user, Purpose.EMAIL_VERIFICATION)
    await _put(units, token)
    changed = bytes([token.digest[0] ^ 1]) + token.digest[1:]
    wrong = [changed, token.digest[:-1], token.digest + b"\x00", b"", bytes(32)]
    wrong += [digest_of(secret, p) for p in Purpose if p is not Purpose.EMAIL_VERIFICATION]
    for digest in wrong:
        assert await _take(units, digest) is None
    assert await _take(units, digest_of(secret, Purpose.EMAIL_VERIFICATION)) == token


async def test_a_newer_token_replaces_the_older_of_the_same_purpose(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AT-4: they die on a newer issue; other purposes and other users keep theirs."""
    user, other = await keep_user(units), await keep_user(units)
    old, _ = a_token(user)
    new, _ = a_token(user)
    verification, _ = a_token(user, Purpose.EMAIL_VERIFICATION)
    theirs, _ = a_token(other)
    for token in (old, verification, theirs, new):
        await _put(units, token)
    assert await _take(units, old.digest) is None
    for token in (new, verification, theirs):
        assert await _take(units, token.digest) == token


async def test_of_tokens_put_at_once_one_is_left(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = await keep_user(units)
    tokens = [a_token(user)[0] for _ in range(10)]
    outcomes = await in_parallel(_put(units, token) for token in tokens)
    assert outcomes == [None] * 10
    taken = [await _take(units, token.digest) for token in tokens]
    assert sum(token is not None for token in taken) == 1


async def test_of_two_put_at_once_the_second_goes_on_when_the_first_is_committed(
    units: UnitOfWorkFactory[ServiceUnit], engine: "Engine | None"
) -> None:
    """AT-4: so that the mail that is dated afterwards, the newest, has the secret that is left."""
    user = await keep_user(units)
    (first, _), (second, _) = a_token(user), a_token(user)
    order: list[str] = []

    async def put_the_second() -> None:
        async with units() as work:
            await work.one_time_tokens.put(second)
            order.append("second put")
            await work.commit()

    async with units() as work:
        await work.one_time_tokens.put(first)
        putting = asyncio.create_task(put_the_second())
        await until_a_writer_waits(engine)
        order.append("first committed")
        await work.commit()
    await putting
    assert order == ["first committed", "second put"]


async def test_a_take_that_waits_for_a_replacement_gets_nothing_old(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AT-4: of a spend and a newer issue at once, the old secret counts at most once."""
    user = await keep_user(units)
    for _ in range(8):
        old, _ = a_token(user)
        new, _ = a_token(user)
        await _put(units, old)
        taken, _ = await in_parallel([_take(units, old.digest), _put(units, new)])
        assert taken in (old, None)
        assert await _take(units, old.digest) is None
        assert await _take(units, new.digest) == new


async def test_tokens_are_discarded_by_purpose(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """AT-4, AT-6: they die on a password change, an address change or a suspension."""
    user, other = await keep_user(units), await keep_user(units)
    tokens = {purpose: a_token(user, purpose)[0] for purpose in Purpose}
    theirs, _ = a_token(other)
    for token in (*tokens.values(), theirs):
        await _put(units, token)
    async with units() as work:
        await work.one_time_tokens.discard(user.id, [Purpose.PASSWORD_RESET, Purpose.EMAIL_CHANGE])
        await work.one_time_tokens.discard(user.id, [])
        await work.commit()
    assert await _take(units, tokens[Purpose.PASSWORD_RESET].digest) is None
    assert await _take(units, tokens[Purpose.EMAIL_CHANGE].digest) is None
    assert await _take(units, tokens[Purpose.EMAIL_VERIFICATION].digest) is not None
    assert await _take(units, tokens[Purpose.INVITATION].digest) is not None
    assert await _take(units, theirs.digest) == theirs


async def test_nothing_can_be_mailed_to_a_user_who_is_gone(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    token, _ = a_token(a_user())
    with pytest.raises(ConcurrentChange):
        await _put(units, token)


async def test_the_purge_removes_expired_tokens_only(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = await keep_user(units)
    expired, _ = a_token(user, Purpose.PASSWORD_RESET, ttl=MINUTE)
    living, _ = a_token(user, Purpose.EMAIL_VERIFICATION, ttl=HOUR)
    await _put(units, expired)
    await _put(units, living)
    async with units() as work:
        assert await work.one_time_tokens.purge(now=NOW + MINUTE - SECOND, limit=99) == 0
        assert await work.one_time_tokens.purge(now=NOW + MINUTE + SECOND, limit=99) == 1
        await work.commit()
    assert await _take(units, expired.digest) is None
    assert await _take(units, living.digest) == living


async def test_a_purge_removes_no_more_tokens_than_it_may(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    expired = [a_token(await keep_user(units), ttl=MINUTE)[0] for _ in range(5)]
    living, _ = a_token(await keep_user(units))
    for token in (*expired, living):
        await _put(units, token)
    for removed, left in ((2, 3), (2, 1), (1, 0), (0, 0)):
        async with units() as work:
            assert await work.one_time_tokens.purge(now=NOW + MINUTE, limit=2) == removed
            await work.commit()
        async with units.read_only() as work:
            found = [await work.one_time_tokens.find(token.digest) for token in expired]
        assert sum(token is not None for token in found) == left
    assert await _take(units, living.digest) == living


async def _put(units: UnitOfWorkFactory[ServiceUnit], token: OneTimeToken) -> None:
    async with units() as work:
        await work.one_time_tokens.put(token)
        await work.commit()


async def _take(units: UnitOfWorkFactory[ServiceUnit], digest: bytes) -> OneTimeToken | None:
    async with units() as work:
        token = await work.one_time_tokens.take(digest)
        await work.commit()
    return token
