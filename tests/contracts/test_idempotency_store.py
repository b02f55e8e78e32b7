"""What every store of idempotency keys promises."""

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from application.ports.idempotency import Claim, IdempotencyStore
from tests.contracts.samples import HOUR, MINUTE, NOW, SECOND, in_parallel

if TYPE_CHECKING:
    from adapters.sqlalchemy.engine import Engine

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
PRINT, OTHER_PRINT = b"f" * 32, b"g" * 32
ANSWER = b"sealed \x00\xff"


@pytest.fixture
def keys(engine: "Engine | None") -> IdempotencyStore:
    if engine is None:
        from adapters.memory.idempotency import MemoryIdempotencyStore

        return MemoryIdempotencyStore()
    from adapters.sqlalchemy.idempotency import SqlAlchemyIdempotencyStore

    return SqlAlchemyIdempotencyStore(engine)


async def claim(
    keys: IdempotencyStore, *, now: datetime = NOW, key: bytes = KEY, fingerprint: bytes = PRINT
) -> Claim:
    return await keys.claim(key, fingerprint, now=now, stale=now - MINUTE, expired=now - 24 * HOUR)


async def test_a_key_is_taken_answered_and_repeated(keys: IdempotencyStore) -> None:
    assert await claim(keys) == Claim(is_ours=True, fingerprint=PRINT)
    assert await claim(keys) == Claim(is_ours=False, fingerprint=PRINT)
    assert await claim(keys, fingerprint=OTHER_PRINT) == Claim(is_ours=False, fingerprint=PRINT)
    assert await keys.complete(KEY, ANSWER, claimed_at=NOW)
    repeated = Claim(is_ours=False, fingerprint=PRINT, answer=ANSWER)
    assert await claim(keys, now=NOW + HOUR) == repeated
    assert (await claim(keys, key=OTHER_KEY)).is_ours


async def test_of_twenty_at_once_one_gets_the_key(keys: IdempotencyStore) -> None:
    claims = await in_parallel(claim(keys) for _ in range(20))
    assert sorted(isinstance(each, Claim) and each.is_ours for each in claims) == [False] * 19 + [
        True
    ]


async def test_a_claim_that_was_never_answered_is_free_after_a_while(
    keys: IdempotencyStore,
) -> None:
    """DB-2: its process was killed; and should it wake up, its answer does not count."""
    await claim(keys)
    assert not (await claim(keys, now=NOW + MINUTE)).is_ours
    later = NOW + MINUTE + SECOND
    assert (await claim(keys, now=later, fingerprint=OTHER_PRINT)).is_ours
    assert not await keys.complete(KEY, b"late", claimed_at=NOW)
    await keys.release(KEY, claimed_at=NOW)
    assert not (await claim(keys, now=later)).is_ours
    assert await keys.complete(KEY, ANSWER, claimed_at=later)


async def test_an_answer_counts_for_a_day(keys: IdempotencyStore) -> None:
    await claim(keys)
    await keys.complete(KEY, ANSWER, claimed_at=NOW)
    assert not (await claim(keys, now=NOW + 24 * HOUR)).is_ours
    assert (await claim(keys, now=NOW + 24 * HOUR + SECOND)).is_ours
    again = await claim(keys, now=NOW + 24 * HOUR + SECOND)
    assert again == Claim(is_ours=False, fingerprint=PRINT)


async def test_a_key_that_was_given_back_is_free(keys: IdempotencyStore) -> None:
    await claim(keys)
    await keys.release(KEY, claimed_at=NOW)
    assert (await claim(keys, now=NOW + SECOND, fingerprint=OTHER_PRINT)).is_ours
    await keys.complete(KEY, ANSWER, claimed_at=NOW + SECOND)
    await keys.release(KEY, claimed_at=NOW + SECOND)
    assert (await claim(keys, now=NOW + SECOND)).answer == ANSWER


async def test_the_purge_forgets_what_is_old(keys: IdempotencyStore) -> None:
    await claim(keys)
    await claim(keys, key=OTHER_KEY, now=NOW + HOUR)
    assert await keys.purge(before=NOW + MINUTE, limit=99) == 1
    assert (await claim(keys, now=NOW + HOUR)).is_ours
    assert not (await claim(keys, key=OTHER_KEY, now=NOW + HOUR)).is_ours


async def test_a_purge_forgets_no_more_keys_than_it_may(keys: IdempotencyStore) -> None:
    old = [bytes([number]) * 32 for number in range(5)]
    for key in old:
        await claim(keys, key=key)
    await claim(keys, now=NOW + HOUR)
    assert [await keys.purge(before=NOW + MINUTE, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert not (await claim(keys, now=NOW + HOUR)).is_ours
    assert all([(await claim(keys, key=key, now=NOW + SECOND)).is_ours for key in old])
