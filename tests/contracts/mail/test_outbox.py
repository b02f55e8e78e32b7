"""What every outbox promises."""

import asyncio
import importlib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from adapters.memory.mail.tables import OUTBOX
from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from adapters.sqlalchemy.engine import Engine
from application.credentials.mails import PASSWORD_CHANGED, RESET_PASSWORD, VERIFY_EMAIL
from application.mail.ports import MOST_COUNTED, OutboxCensus
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.email_address import EmailAddress
from domain.mail.message import MessageId, MessageKind, MessageStatus, OutboxMessage
from tests.contracts.samples import (
    HOUR,
    KINDS,
    MINUTE,
    NOW,
    SECOND,
    a_message,
    in_parallel,
    keep_user,
    until_a_writer_waits,
    values_of,
    waiting_messages,
)
from tests.support.databases import through_sqlalchemy


async def test_a_message_leaves_with_the_commit_around_it_and_not_without(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-1."""
    async with units() as work:
        await work.outbox.enqueue(a_message())
    assert await _claim(units) == []
    await _enqueue(units, message := a_message())
    assert [claimed.id for claimed in await _claim(units)] == [message.id]


async def test_every_kind_of_message_comes_out_as_it_went_in(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    for kind in KINDS:
        message = a_message(kind=kind)
        await _enqueue(units, message)
        [claimed] = await _claim(units)
        assert values_of(claimed) == values_of(message) | {"attempts": 1}


async def test_a_message_without_secret_end_or_parameters_comes_out_as_it_went_in(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    message = OutboxMessage(
        id=a_message().id,
        kind=PASSWORD_CHANGED,
        to="o'brien+tag@xn--exmple-cua.com",
        parameters={},
        sealed_secret=None,
        queued_at=NOW,
        expires_at=None,
    )
    await _enqueue(units, message)
    [claimed] = await _claim(units)
    assert values_of(claimed) == values_of(message) | {"attempts": 1}


async def test_messages_are_claimed_the_oldest_first_and_no_more_than_asked(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    messages = [a_message(queued_at=NOW + n * SECOND) for n in range(5)]
    for n in (3, 0, 4, 1, 2):
        await _enqueue(units, messages[n])
    first = await _claim(units, limit=2, now=NOW + MINUTE)
    rest = await _claim(units, limit=10, now=NOW + MINUTE)
    claimed = [[message.id for message in batch] for batch in (first, rest)]
    expected = [message.id for message in messages]
    assert claimed == [expected[:2], expected[2:]]


async def test_a_leased_message_is_nobody_elses_until_the_lease_runs_out(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-3."""
    await _enqueue(units, a_message())
    [first] = await _claim(units, now=NOW)
    assert await _claim(units, now=NOW + MINUTE - SECOND) == []
    [second] = await _claim(units, now=NOW + MINUTE + SECOND)
    assert first.id == second.id
    assert (first.attempts, second.attempts) == (1, 2)


async def test_messages_of_other_kinds_are_left_for_a_worker_that_knows_them(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-4: however many of them stand at the head."""
    for _ in range(3):
        await _enqueue(units, a_message(kind=RESET_PASSWORD))
    await _enqueue(units, known := a_message(kind=VERIFY_EMAIL, queued_at=NOW + SECOND))
    claimed = await _claim(units, kinds=[VERIFY_EMAIL], limit=1, now=NOW + MINUTE)
    assert [message.id for message in claimed] == [known.id]
    assert await _claim(units, kinds=[], now=NOW + HOUR) == []
    others = await _claim(units, kinds=[RESET_PASSWORD], now=NOW + MINUTE)
    assert [message.attempts for message in others] == [1, 1, 1]


async def test_a_renewed_lease_ends_when_the_last_renewal_says(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-3."""
    await _enqueue(units, a_message())
    [held] = await _claim(units)
    async with units() as work:
        assert await work.outbox.renew(held, lease=HOUR, now=NOW)
        await work.commit()
    assert await _claim(units, now=NOW + HOUR - SECOND) == []
    [taken] = await _claim(units, now=NOW + HOUR)
    async with units() as work:
        assert not await work.outbox.renew(held, lease=HOUR, now=NOW + HOUR)
        assert await work.outbox.close(taken, MessageStatus.SENT, now=NOW + HOUR)
        assert not await work.outbox.renew(taken, lease=HOUR, now=NOW + HOUR)
        await work.commit()


async def test_a_message_that_was_accepted_is_marked_whoever_has_it_by_now(
    units: UnitOfWorkFactory[ServiceUnit], engine: Engine | None
) -> None:
    """OB-3, OB-5."""
    await _enqueue(units, message := a_message())
    [slept] = await _claim(units)
    [awake] = await _claim(units, now=NOW + HOUR)
    async with units() as work:
        assert await work.outbox.mark_sent(slept.id, now=NOW + HOUR)
        assert not await work.outbox.mark_sent(slept.id, now=NOW + HOUR)
        assert not await work.outbox.renew(awake, lease=HOUR, now=NOW + HOUR)
        await work.commit()
    async with units.read_only() as work:
        [sent] = await work.outbox_ledger.listed(MessageStatus.SENT, limit=9)
    assert (sent.id, sent.closed_at, sent.last_error) == (message.id, NOW + HOUR, None)
    assert await _kept_secret(units, engine, message) is None
    assert await _claim(units, now=NOW + 24 * HOUR) == []


async def test_a_lease_that_ran_out_is_left_alone_by_who_takes_nothing_over(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-3: after an outage of the store the worker that sent a message comes first."""
    await _enqueue(units, abandoned := a_message())
    await _claim(units)
    await _enqueue(units, fresh := a_message(queued_at=NOW + SECOND))
    claimed = await _claim(units, now=NOW + HOUR, take_over=False)
    assert [message.id for message in claimed] == [fresh.id]
    claimed = await _claim(units, now=NOW + HOUR + SECOND)
    assert [message.id for message in claimed] == [abandoned.id]


async def test_a_claim_that_was_not_committed_leases_nothing(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    await _enqueue(units, a_message())
    async with units() as work:
        assert len(await work.outbox.claim(kinds=KINDS, limit=10, lease=MINUTE, now=NOW)) == 1
    [claimed] = await _claim(units)
    assert claimed.attempts == 1


async def test_many_claimers_at_once_never_get_the_same_message(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-3: two workers never send one message twice."""
    messages = [a_message(queued_at=NOW + n * SECOND) for n in range(30)]
    async with units() as work:
        for message in messages:
            await work.outbox.enqueue(message)
        await work.commit()
    claimed: list[MessageId] = []
    while len(claimed) < 30:
        batches = await in_parallel(_claim(units, limit=4, now=NOW + MINUTE) for _ in range(8))
        found = [m.id for batch in batches if isinstance(batch, list) for m in batch]
        assert not [batch for batch in batches if isinstance(batch, BaseException)]
        assert found, "messages are due and no worker gets them"
        claimed += found
    assert sorted(claimed) == sorted(message.id for message in messages)


async def test_a_postponed_message_is_due_again_at_its_time(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-2."""
    await _enqueue(units, message := a_message())
    [held] = await _claim(units)
    async with units() as work:
        assert await work.outbox.postpone(held, until=NOW + HOUR, error="451")
        assert await waiting_messages(work) == 1
        await work.commit()
    assert await _claim(units, now=NOW + HOUR - SECOND) == []
    [again] = await _claim(units, now=NOW + HOUR)
    assert (again.id, again.attempts) == (message.id, 2)
    assert again.sealed_secret == message.sealed_secret


async def test_a_message_may_be_postponed_to_before_its_lease_ends(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    await _enqueue(units, message := a_message())
    [held] = await _claim(units)
    async with units() as work:
        assert await work.outbox.postpone(held, until=NOW + SECOND, error="421")
        await work.commit()
    assert [claimed.id for claimed in await _claim(units, now=NOW + SECOND)] == [message.id]


async def test_a_postponed_message_keeps_its_place_among_the_due(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-4: and does not stand in the way of the others meanwhile."""
    old, new = a_message(queued_at=NOW), a_message(queued_at=NOW + SECOND)
    await _enqueue(units, old)
    await _enqueue(units, new)
    [held] = await _claim(units, limit=1, now=NOW + SECOND)
    async with units() as work:
        assert await work.outbox.postpone(held, until=NOW + HOUR, error="451")
        await work.commit()
    assert [m.id for m in await _claim(units, now=NOW + MINUTE)] == [new.id]


@pytest.mark.parametrize("status", [MessageStatus.SENT, MessageStatus.EXPIRED, MessageStatus.DEAD])
async def test_a_closed_message_is_never_claimed_again(
    units: UnitOfWorkFactory[ServiceUnit], status: MessageStatus
) -> None:
    """OB-3, OB-4."""
    await _enqueue(units, a_message())
    [held] = await _claim(units)
    await _close(units, held, status)
    assert await _waiting(units) == 0
    assert await _claim(units, now=NOW + 24 * HOUR) == []


@pytest.mark.parametrize(
    ("status", "wiped"),
    [
        (MessageStatus.SENT, True),
        (MessageStatus.EXPIRED, True),
        (MessageStatus.DEAD, False),
    ],
)
async def test_the_secret_leaves_with_a_sent_or_expired_message_and_stays_with_a_dead_one(
    units: UnitOfWorkFactory[ServiceUnit],
    engine: Engine | None,
    status: MessageStatus,
    wiped: bool,
) -> None:
    """OB-5: and OB-4, since a dead message may still be sent on its way again."""
    await _enqueue(units, message := a_message())
    await _close(units, message, status)
    kept = await _kept_secret(units, engine, message)
    assert kept == (None if wiped else message.sealed_secret)


async def test_a_late_worker_cannot_open_a_closed_message_again(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-3: its lease ran out, and another worker has sent the message meanwhile."""
    await _enqueue(units, a_message())
    [held] = await _claim(units)
    await _close(units, held, MessageStatus.SENT)
    async with units() as work:
        assert not await work.outbox.postpone(held, until=NOW, error="late")
        await work.commit()
    assert await _waiting(units) == 0
    assert await _claim(units, now=NOW + 24 * HOUR) == []


async def test_waiting_counts_what_is_not_closed(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    assert await _waiting(units) == 0
    messages = [a_message() for _ in range(3)]
    for message in messages:
        await _enqueue(units, message)
    [held] = await _claim(units, limit=1)
    assert await _waiting(units) == 3
    await _close(units, held, MessageStatus.SENT)
    assert await _waiting(units) == 2


async def test_the_purge_removes_old_sent_and_expired_messages_and_no_dead_ones(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-4: an operator decides about the dead; and OB-2: waiting ones are never lost."""
    closed_at = {
        MessageStatus.SENT: NOW,
        MessageStatus.EXPIRED: NOW,
        MessageStatus.DEAD: NOW,
    }
    for status, at in closed_at.items():
        await _enqueue(units, message := a_message())
        await _close(units, message, status, now=at)
    await _enqueue(units, lately := a_message())
    await _close(units, lately, MessageStatus.SENT, now=NOW + HOUR)
    await _enqueue(units, a_message(queued_at=NOW - HOUR))
    async with units() as work:
        assert await work.outbox_ledger.purge(before=NOW - SECOND, limit=99) == 0
        assert await work.outbox_ledger.purge(before=NOW + MINUTE, limit=99) == 2
        assert await work.outbox_ledger.purge(before=NOW + MINUTE, limit=99) == 0
        assert await work.outbox_ledger.purge(before=NOW + 2 * HOUR, limit=99) == 1
        assert await waiting_messages(work) == 1
        await work.commit()


async def test_a_message_outlives_the_unit_that_removed_its_user(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """HD-7: the owner is told of the end of the account."""
    user = await keep_user(units)
    async with units() as work:
        await work.outbox.enqueue(a_message())
        await work.users.remove(user.id)
        await work.commit()
    assert await _waiting(units) == 1


async def test_all_mail_to_a_mailbox_is_listed_and_forgotten_together(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """HD-13: sent or not, in whatever spelling, and no other mailbox's."""
    sent = a_message(queued_at=NOW)
    waiting = replace(a_message(queued_at=NOW + SECOND), to="ADA@example.com")
    foreign = replace(a_message(queued_at=NOW + MINUTE), to="ada@example.org")
    for message in (sent, waiting, foreign):
        await _enqueue(units, message)
    [held] = await _claim(units, limit=1)
    await _close(units, held, MessageStatus.SENT, now=NOW + MINUTE)
    mailbox = EmailAddress.parse("Ada@example.com")
    async with units.read_only() as work:
        found = await work.outbox_ledger.to(mailbox, limit=9)
    assert [(m.id, m.to, m.kind, m.status, m.queued_at, m.closed_at) for m in found] == [
        (sent.id, sent.to, sent.kind, MessageStatus.SENT, NOW, NOW + MINUTE),
        (waiting.id, waiting.to, waiting.kind, MessageStatus.WAITING, NOW + SECOND, None),
    ]
    async with units() as work:
        await work.outbox_ledger.forget(mailbox)
        await work.commit()
    async with units.read_only() as work:
        assert await work.outbox_ledger.to(mailbox, limit=9) == []
        other = EmailAddress.parse("ada@example.org")
        assert len(await work.outbox_ledger.to(other, limit=9)) == 1


async def _enqueue(units: UnitOfWorkFactory[ServiceUnit], message: OutboxMessage) -> None:
    async with units() as work:
        await work.outbox.enqueue(message)
        await work.commit()


async def _claim(
    units: UnitOfWorkFactory[ServiceUnit],
    *,
    kinds: Collection[MessageKind] = KINDS,
    limit: int = 10,
    now: datetime = NOW,
    take_over: bool = True,
) -> list[OutboxMessage]:
    async with units() as work:
        claimed = await work.outbox.claim(
            kinds=kinds, limit=limit, lease=MINUTE, now=now, take_over=take_over
        )
        await work.commit()
    return claimed


async def _close(
    units: UnitOfWorkFactory[ServiceUnit],
    message: OutboxMessage,
    status: MessageStatus,
    *,
    now: datetime = NOW,
) -> None:
    async with units() as work:
        assert await work.outbox.close(message, status, now=now, error="why")
        await work.commit()


async def _kept_secret(
    units: UnitOfWorkFactory[ServiceUnit], engine: Engine | None, message: OutboxMessage
) -> bytes | None:
    """Look into the store itself: no port shows a closed message."""
    if isinstance(units, MemoryUnitOfWorkFactory):
        return units.store.committed(OUTBOX).rows[message.id].message.sealed_secret
    assert engine is not None
    outbox = importlib.import_module("adapters.sqlalchemy.mail.tables").outbox_messages
    secret = select(outbox.c.sealed_secret).where(outbox.c.id == message.id.value)
    async with through_sqlalchemy(engine).connect() as connection:
        kept: bytes | None = (await connection.execute(secret)).scalar_one()
    return kept


async def _waiting(units: UnitOfWorkFactory[ServiceUnit]) -> int:
    async with units.read_only() as work:
        return await waiting_messages(work)


async def test_a_worker_that_slept_over_its_lease_changes_nothing(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-3: another worker has the message by then, and what that one does with it counts."""
    await _enqueue(units, a_message())
    [slept] = await _claim(units)
    [awake] = await _claim(units, now=NOW + 24 * HOUR)
    async with units() as work:
        assert not await work.outbox.postpone(slept, until=NOW, error="late")
        assert not await work.outbox.give_back(slept, now=NOW)
        assert not await work.outbox.close(slept, MessageStatus.DEAD, now=NOW)
        await work.commit()
    assert await _claim(units, now=NOW + 24 * HOUR) == []
    await _close(units, awake, MessageStatus.SENT)
    assert await _waiting(units) == 0


async def test_a_message_given_back_is_due_at_once_as_if_never_claimed(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-3, DU-2: what a stopping worker did not try has lost nothing."""
    await _enqueue(units, message := a_message())
    [held] = await _claim(units)
    async with units() as work:
        assert await work.outbox.give_back(held, now=NOW)
        await work.commit()
    [again] = await _claim(units)
    assert (again.id, again.attempts) == (message.id, held.attempts)


async def test_messages_are_listed_by_state_with_what_became_of_them(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-4: and in pages."""
    messages = [a_message(queued_at=NOW + n * SECOND) for n in range(4)]
    for message in messages:
        await _enqueue(units, message)
    [held] = await _claim(units, limit=1)
    await _close(units, held, MessageStatus.DEAD, now=NOW + MINUTE)
    [postponed] = await _claim(units, limit=1, now=NOW + SECOND)
    async with units() as work:
        await work.outbox.postpone(postponed, until=NOW + HOUR, error="451")
        await work.commit()
    async with units.read_only() as work:
        [dead] = await work.outbox_ledger.listed(MessageStatus.DEAD, limit=9)
        waiting = await work.outbox_ledger.listed(MessageStatus.WAITING, limit=2)
        rest = await work.outbox_ledger.listed(MessageStatus.WAITING, limit=2, after=waiting[-1].id)
        assert await work.outbox_ledger.listed(MessageStatus.SENT, limit=9) == []
    assert (dead.id, dead.last_error, dead.attempts) == (messages[0].id, "why", 1)
    assert dead.closed_at == NOW + MINUTE
    assert [message.id for message in (*waiting, *rest)] == [each.id for each in messages[1:]]
    assert (waiting[0].due_at, waiting[0].last_error) == (NOW + HOUR, "451")
    assert waiting[1].expires_at == messages[2].expires_at


async def test_a_dead_message_is_sent_on_its_way_again_as_if_never_tried(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-4: one of them, or all."""
    messages = [a_message(queued_at=NOW + n * SECOND) for n in range(3)]
    for message in messages:
        await _enqueue(units, message)
    for held in await _claim(units, now=NOW + MINUTE):
        await _close(units, held, MessageStatus.DEAD)
    async with units() as work:
        assert await work.outbox_ledger.redrive(messages[1].id, now=NOW + HOUR)
        await work.commit()
    [again] = await _claim(units, now=NOW + HOUR)
    assert (again.id, again.attempts) == (messages[1].id, 1)
    assert again.sealed_secret == messages[1].sealed_secret
    async with units() as work:
        assert await work.outbox_ledger.redrive_dead(now=NOW + HOUR) == 2
        assert await work.outbox_ledger.redrive_dead(now=NOW + HOUR) == 0
        await work.commit()
    assert len(await _claim(units, now=NOW + HOUR)) == 2


async def test_a_postponed_message_need_wait_no_longer_and_a_leased_one_stays(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """OB-3: no operator takes a message out of a worker's hands."""
    await _enqueue(units, a_message())
    [held] = await _claim(units)
    async with units() as work:
        assert await work.outbox_ledger.redrive(held.id, now=NOW)
        await work.commit()
    assert await _claim(units) == []
    async with units() as work:
        await work.outbox.postpone(held, until=NOW + HOUR, error="451")
        assert await work.outbox_ledger.redrive(held.id, now=NOW)
        await work.commit()
    [again] = await _claim(units)
    assert again.attempts == 2


async def test_what_is_over_cannot_be_redriven(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """OB-5: its secret is gone."""
    await _enqueue(units, message := a_message())
    [held] = await _claim(units)
    await _close(units, held, MessageStatus.SENT)
    async with units() as work:
        assert not await work.outbox_ledger.redrive(message.id, now=NOW)
        assert not await work.outbox_ledger.redrive(a_message().id, now=NOW)


async def test_the_census_counts_every_state_and_knows_the_oldest(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    empty = await _census(units)
    assert (set(empty.counts.values()), empty.oldest_waiting) == ({0}, None)
    for n in range(3):
        await _enqueue(units, a_message(queued_at=NOW + n * SECOND))
    [held] = await _claim(units, limit=1)
    await _close(units, held, MessageStatus.EXPIRED)
    census = await _census(units)
    assert census.counts[MessageStatus.EXPIRED] == 1
    assert census.counts[MessageStatus.WAITING] == 2
    assert census.counts.keys() == set(MessageStatus)
    assert census.oldest_waiting == NOW + SECOND


async def test_a_dead_messages_secret_goes_when_it_can_no_longer_be_spent(
    units: UnitOfWorkFactory[ServiceUnit], engine: Engine | None
) -> None:
    """OB-5."""
    await _enqueue(units, message := a_message())
    [held] = await _claim(units)
    await _close(units, held, MessageStatus.DEAD)
    for now, kept in ((NOW + HOUR - SECOND, message.sealed_secret), (NOW + HOUR, None)):
        async with units() as work:
            assert await work.outbox_ledger.purge(before=NOW, limit=99) == 0
            assert await work.outbox_ledger.wipe_dead(now=now, limit=99) == (kept is None)
            await work.commit()
        assert await _kept_secret(units, engine, message) == kept


async def test_the_secrets_of_dead_messages_are_wiped_and_no_others(
    units: UnitOfWorkFactory[ServiceUnit], engine: Engine | None
) -> None:
    """OB-5: and OB-4, the messages themselves stay where an operator finds them."""
    dead, lasting, waiting = a_message(), replace(a_message(), expires_at=None), a_message()
    bare = replace(a_message(), sealed_secret=None)
    for message in (dead, lasting, bare):
        await _enqueue(units, message)
        [held] = await _claim(units)
        await _close(units, held, MessageStatus.DEAD)
    await _enqueue(units, waiting)
    async with units() as work:
        assert await work.outbox_ledger.wipe_dead(now=NOW + 24 * HOUR, limit=9) == 1
        assert await work.outbox_ledger.wipe_dead(now=NOW + 24 * HOUR, limit=9) == 0
        await work.commit()
    secrets = [await _kept_secret(units, engine, m) for m in (dead, lasting, waiting)]
    assert secrets == [None, lasting.sealed_secret, waiting.sealed_secret]
    async with units.read_only() as work:
        kept = await work.outbox_ledger.listed(MessageStatus.DEAD, limit=9)
    assert {message.id for message in kept} == {dead.id, lasting.id, bare.id}
    assert {message.last_error for message in kept} == {"why"}


async def test_no_more_secrets_of_dead_messages_are_wiped_than_asked(
    units: UnitOfWorkFactory[ServiceUnit], engine: Engine | None
) -> None:
    messages = [a_message() for _ in range(5)]
    for message in messages:
        await _enqueue(units, message)
        await _close(units, message, MessageStatus.DEAD)
    for wiped, left in ((2, 3), (2, 1), (1, 0), (0, 0)):
        async with units() as work:
            assert await work.outbox_ledger.wipe_dead(now=NOW + HOUR, limit=2) == wiped
            await work.commit()
        kept = [await _kept_secret(units, engine, message) for message in messages]
        assert sum(secret is not None for secret in kept) == left


async def test_a_message_that_is_redriven_while_a_wipe_waits_keeps_its_secret(
    units: UnitOfWorkFactory[ServiceUnit], engine: Engine | None
) -> None:
    """OB-4: it is dead no longer, and what became of it is the relay's to decide."""
    await _enqueue(units, message := a_message())
    await _close(units, message, MessageStatus.DEAD)

    async def wipe() -> int:
        async with units() as work:
            wiped = await work.outbox_ledger.wipe_dead(now=NOW + HOUR, limit=9)
            await work.commit()
        return wiped

    async with units() as work:
        assert await work.outbox_ledger.redrive(message.id, now=NOW + HOUR)
        wiping = asyncio.create_task(wipe())
        await until_a_writer_waits(engine)
        await work.commit()
    assert await wiping == 0
    assert await _kept_secret(units, engine, message) == message.sealed_secret


async def test_a_purge_removes_no_more_messages_than_it_may(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    for status in (*[MessageStatus.SENT] * 3, *[MessageStatus.EXPIRED] * 2, MessageStatus.DEAD):
        await _enqueue(units, message := a_message())
        await _close(units, message, status)
    for removed, left in ((2, 3), (2, 1), (1, 0), (0, 0)):
        async with units() as work:
            assert await work.outbox_ledger.purge(before=NOW + SECOND, limit=2) == removed
            await work.commit()
        counts = (await _census(units)).counts
        assert counts[MessageStatus.SENT] + counts[MessageStatus.EXPIRED] == left
        assert counts[MessageStatus.DEAD] == 1


async def test_all_mail_to_a_mailbox_is_listed_in_pages(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """HD-13: in the order of the identifiers, whatever became of each."""
    messages = [a_message(queued_at=NOW + n * SECOND) for n in range(5)]
    for message in reversed(messages):
        await _enqueue(units, message)
    await _close(units, messages[2], MessageStatus.SENT)
    await _enqueue(units, replace(a_message(), to="ada@example.org"))
    mailbox = EmailAddress.parse("ada@example.com")

    async def page(after: MessageId | None) -> list[MessageId]:
        async with units.read_only() as work:
            found = await work.outbox_ledger.to(mailbox, limit=2, after=after)
        return [message.id for message in found]

    ids = [message.id for message in messages]
    assert await page(None) == ids[:2]
    assert await page(ids[1]) == ids[2:4]
    assert await page(ids[3]) == ids[4:]
    assert await page(ids[4]) == []
    # A message that is gone still tells where to go on.
    assert await page(a_message(queued_at=NOW + SECOND + SECOND / 2).id) == ids[2:4]


async def test_the_census_counts_to_ten_thousand_in_each_state(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """So that a scrape of the metrics costs the same however long the outbox is."""
    assert MOST_COUNTED == 10_000
    messages = [a_message(queued_at=NOW + n * SECOND) for n in range(10_001)]
    await _enqueue_all(units, messages[1:10_000])
    sent = a_message()
    await _enqueue(units, sent)
    await _close(units, sent, MessageStatus.SENT)
    for more, counted in (([], 9_999), (messages[10_000:], 10_000), (messages[:1], 10_000)):
        await _enqueue_all(units, more)
        census = await _census(units)
        assert census.counts[MessageStatus.WAITING] == counted
        assert census.counts[MessageStatus.SENT] == 1
    assert (await _census(units)).oldest_waiting == NOW


async def _census(units: UnitOfWorkFactory[ServiceUnit]) -> OutboxCensus:
    async with units.read_only() as work:
        return await work.outbox_ledger.census()


async def _enqueue_all(
    units: UnitOfWorkFactory[ServiceUnit], messages: Sequence[OutboxMessage]
) -> None:
    """Enqueue very many: on a database in one round trip, as no use case ever does."""
    async with units() as work:
        if isinstance(units, MemoryUnitOfWorkFactory):
            for message in messages:
                await work.outbox.enqueue(message)
        else:
            adapter = importlib.import_module("adapters.sqlalchemy.mail.outbox")
            assert isinstance(work.outbox, adapter.SqlAlchemyOutbox)
            rows = [adapter.message_values(message) for message in messages]
            await work.outbox._execution.run_each(adapter._ENQUEUE, rows)
        await work.commit()
