"""What every store of mailed secrets promises for a change of SECRET_KEY (OB-5)."""

from dataclasses import replace
from datetime import timedelta

from application.mail.ports import HeldSecret
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.mail.message import MessageStatus, OutboxMessage
from tests.contracts.samples import HOUR, KINDS, NOW, SECOND, a_message


def _message(n: int) -> OutboxMessage:
    return replace(a_message(queued_at=NOW + n * SECOND), sealed_secret=bytes([n]) * 40)


async def _enqueue(units: UnitOfWorkFactory[ServiceUnit], *messages: OutboxMessage) -> None:
    async with units() as work:
        for message in messages:
            await work.outbox.enqueue(message)
        await work.commit()


async def _close(units: UnitOfWorkFactory[ServiceUnit], status: MessageStatus) -> None:
    """Claim the one that is due first, and end it."""
    async with units() as work:
        [claimed] = await work.outbox.claim(kinds=KINDS, limit=1, lease=HOUR, now=NOW + HOUR)
        assert await work.outbox.close(claimed, status, now=NOW + HOUR)
        await work.commit()


async def _held(units: UnitOfWorkFactory[ServiceUnit]) -> list[HeldSecret]:
    async with units.read_only() as work:
        return await work.outbox_secrets.held(limit=99)


def _of(message: OutboxMessage) -> HeldSecret:
    assert message.sealed_secret is not None
    return HeldSecret(message_id=message.id, sealed=message.sealed_secret)


async def test_waiting_and_dead_messages_hold_their_secrets_in_the_order_of_their_ids(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    sent, expired, dead, one, two = (_message(n) for n in range(5))
    plain = replace(a_message(queued_at=NOW + 9 * SECOND), sealed_secret=None)
    await _enqueue(units, two, one, dead, expired, sent, plain)
    for status in (MessageStatus.SENT, MessageStatus.EXPIRED, MessageStatus.DEAD):
        await _close(units, status)
    assert await _held(units) == [_of(dead), _of(one), _of(two)]
    async with units.read_only() as work:
        assert await work.outbox_secrets.held(limit=2) == [_of(dead), _of(one)]
        assert await work.outbox_secrets.held(limit=9, after=one.id) == [_of(two)]
        assert await work.outbox_secrets.held(limit=9, after=two.id) == []


async def test_a_renewed_secret_is_all_that_changes_of_a_message(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """Also of one that a worker has at this moment; that worker goes on with it."""
    one, two = _message(1), _message(2)
    await _enqueue(units, one, two)
    async with units() as work:
        [claimed] = await work.outbox.claim(kinds=KINDS, limit=1, lease=HOUR, now=NOW + HOUR)
        await work.commit()
    async with units() as work:
        assert await work.outbox_secrets.renew(_of(one), b"new")
        await work.commit()
    assert [held.sealed for held in await _held(units)] == [b"new", two.sealed_secret]
    async with units() as work:
        given_back = await work.outbox.postpone(claimed, until=NOW + HOUR, error="x")
        assert given_back
        await work.commit()
    later = NOW + HOUR + timedelta(seconds=1)
    async with units() as work:
        again, _ = await work.outbox.claim(kinds=KINDS, limit=9, lease=HOUR, now=later)
    assert again == replace(one, sealed_secret=b"new", attempts=2)


async def test_a_secret_that_is_gone_or_another_by_now_stays_as_it_is(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    one = _message(1)
    await _enqueue(units, one)
    other = replace(_of(one), sealed=b"other")
    async with units() as work:
        assert not await work.outbox_secrets.renew(other, b"new")
        await work.commit()
    assert await _held(units) == [_of(one)]
    await _close(units, MessageStatus.SENT)
    async with units() as work:
        assert not await work.outbox_secrets.renew(_of(one), b"new")
        assert not await work.outbox_secrets.renew(_of(_message(7)), b"new")
        await work.commit()
    assert await _held(units) == []
