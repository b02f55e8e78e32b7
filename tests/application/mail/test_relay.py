"""The worker: every promised mail once, none lost, and none that stops the others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from adapters.memory.mail.outbox import MemoryOutbox
from adapters.memory.mail.tables import OUTBOX, OutboxEntry
from adapters.memory.store import inside_unit_of_work
from application.credentials.mails import PASSWORD_CHANGED, PASSWORD_RESET_REQUESTED
from application.credentials.ports import CredentialsUnit
from application.mail.ports import Mail, Mailer, MailNotSent, MailRefused
from application.mail.relay import (
    HAND_OVER_LEASE,
    LEASE,
    LONGEST_WAIT,
    POISONED_AFTER,
    RelayReport,
)
from application.mail.request import Queue
from domain.email_address import EmailAddress
from domain.errors import ServiceUnavailable
from domain.mail.message import MessageId, MessageKind, MessageStatus, OutboxMessage
from tests.application.service import DAY, MINUTE, SECOND
from tests.application.stories import ADA, ORIGIN, Service
from tests.contracts.samples import KINDS

SENT, DEAD, EXPIRED, WAITING = (
    MessageStatus.SENT,
    MessageStatus.DEAD,
    MessageStatus.EXPIRED,
    MessageStatus.WAITING,
)


class WatchedMailer(Mailer):
    """Takes every mail, and lets something happen while it is on its way."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def send(self, mail: Mail) -> None:
        assert not inside_unit_of_work()
        self.sent.append(mail.message_id)
        if self.meanwhile is not None:
            await self.meanwhile()


def no_store(service: Service) -> Callable[[], Awaitable[object]]:
    """Return what takes the store away."""

    async def lose_the_store() -> None:
        service.store.answers = False

    return lose_the_store


def fails(error: Exception) -> Callable[..., Awaitable[bool]]:
    """Return an asynchronous function that raises."""

    async def call(*_args: object) -> bool:
        raise error

    return call


def fail_marks(
    monkeypatch: pytest.MonkeyPatch, *errors: Exception, times: int
) -> Callable[[], None]:
    """Raise from the next so many marks of a sent message, one error after the other."""
    genuine, left = MemoryOutbox.mark_sent, times

    async def mark_sent(self: MemoryOutbox, message_id: MessageId, *, now: datetime) -> bool:
        nonlocal left
        if left:
            left -= 1
            raise errors[left % len(errors)]
        return await genuine(self, message_id, now=now)

    monkeypatch.setattr(MemoryOutbox, "mark_sent", mark_sent)

    def undo() -> None:
        nonlocal left
        left = 0

    return undo


async def many_messages(service: Service, number: int) -> None:
    """Queue mails to as many newcomers."""
    for count in range(number):
        await service.sign_up(f"user{count}@example.com")


async def spoil(service: Service, entry: OutboxEntry) -> None:
    """Make a message that nothing can be composed from."""
    broken = replace(entry.message, sealed_secret=b"not sealed by us")
    service.store.committed(OUTBOX).apply({broken.id: replace(entry, message=broken)})


async def test_a_message_is_sent_once_and_its_secret_is_gone() -> None:
    """OB-1, OB-5: what is left of it opens nothing."""
    service = Service()
    await service.sign_up()
    (entry,) = service.queue()
    assert entry.message.sealed_secret is not None
    assert await service.deliver() == [RelayReport(claimed=1, sent=1)]
    (closed,) = service.queue(SENT)
    assert closed.message.sealed_secret is None
    assert closed.closed_at == service.clock.now()
    service.clock.advance(DAY)
    assert await service.deliver() == []
    assert len(service.mailbox.mails) == 1


async def test_a_waiting_secret_is_sealed() -> None:
    """OB-5, RF-5: a copy of the queue is no use without the key that is not in it."""
    service = Service()
    await service.sign_up()
    everything = repr(service.snapshot())
    token = await service.mailed_token()
    assert token not in everything
    thief = Service(store=service.store, clock=service.clock, secret_key=b"guess" * 8)
    await service.sign_up("bob@example.com")
    assert await thief.relay() == RelayReport(claimed=1, postponed=1)
    assert thief.mailbox.mails == []


async def test_nothing_is_mailed_for_a_change_that_was_rolled_back() -> None:
    """OB-1: message and change are one commit."""
    service = Service()
    async with service.units() as unit:
        address = EmailAddress.parse(ADA)
        notice = service.mail.notifications.notice(
            PASSWORD_CHANGED, address, now=service.clock.now()
        )
        await unit.outbox.enqueue(notice)
    assert await service.deliver() == []


async def test_no_unit_of_work_is_open_while_mail_is_on_its_way() -> None:
    """OB-2: a slow server holds no transaction."""
    mailer = WatchedMailer()
    service = Service(mailer=mailer)
    open_units: list[int] = []

    async def look() -> None:
        open_units.append(service.store.open_units)

    mailer.meanwhile = look
    await many_messages(service, 3)
    await service.deliver()
    assert open_units == [0, 0, 0]


async def test_a_refused_message_is_parked_with_its_secret_for_the_operator() -> None:
    """OB-4: an SMTP 5xx is final; the others go on their way."""
    service = Service()
    await many_messages(service, 3)
    service.mailbox.fail_next(MailRefused())
    assert await service.relay() == RelayReport(claimed=3, sent=2, dead=1)
    (dead,) = service.queue(DEAD)
    assert dead.error == "refused by the server"
    assert dead.message.sealed_secret is not None
    service.clock.advance(DAY)
    assert await service.deliver() == []


async def test_a_message_that_is_not_taken_yet_waits_longer_each_time() -> None:
    """OB-2: doubled, shortened at random by up to half, never above a quarter of an hour."""
    service = Service()
    await service.sign_up()
    waits: list[timedelta] = []
    for _ in range(40):
        service.mailbox.fail_next(MailNotSent())
        assert await service.relay() == RelayReport(claimed=1, postponed=1)
        (entry,) = service.queue()
        assert entry.error == "not accepted yet"
        waits.append(entry.due_at - service.clock.now())
        assert await service.relay() == RelayReport()
        service.clock.advance(waits[-1])
    for attempt, wait in enumerate(waits):
        longest = min(10 * SECOND * 2**attempt, LONGEST_WAIT)
        assert longest / 2 <= wait <= longest
    assert len({wait / LONGEST_WAIT for wait in waits[10:]}) > 20
    await service.relay()
    assert len(service.mailbox.mails) == 1


async def test_a_day_without_a_mail_server_loses_nothing() -> None:
    """OB-2: the queue holds, the server is asked at a sane pace, and then all is sent."""
    service = Service()
    await service.verified_user()
    await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
    grant = await service.sign_in()
    await service.refresh(grant.refresh_token)
    service.clock.advance(MINUTE)
    with pytest.raises(Exception, match="ended"):
        await service.refresh(grant.refresh_token)
    tries = 0
    for _ in range(24 * 60):
        service.mailbox.fail_next(MailNotSent(), times=10)
        tries += (await service.relay()).postponed
        service.mailbox._failures.clear()
        service.clock.advance(MINUTE)
    service.clock.advance(LONGEST_WAIT)
    assert 100 < tries < 500
    await service.deliver()
    assert (await service.subjects())[-1] == "We ended one of your sessions"
    assert len(service.queue(EXPIRED)) == 1


async def test_a_secret_that_has_expired_is_not_mailed() -> None:
    """OB-2, OB-5: worthless after its time, counted, and wiped."""
    service = Service()
    await service.sign_up()
    service.clock.advance(DAY)
    assert await service.relay() == RelayReport(claimed=1, expired=1)
    (entry,) = service.queue(EXPIRED)
    assert entry.message.sealed_secret is None
    assert service.mailbox.mails == []


async def test_poison_does_not_stop_the_others_and_ends_dead() -> None:
    """OB-4: eight bad messages at the head, and the ninth is sent all the same."""
    service = Service()
    await many_messages(service, 8)
    for entry in service.queue():
        await spoil(service, entry)
    await service.sign_up()
    report = await service.relay()
    assert report == RelayReport(claimed=9, sent=1, postponed=8)
    rounds = 1
    while service.queue():
        service.clock.advance(LONGEST_WAIT)
        await service.relay()
        rounds += 1
    assert rounds == POISONED_AFTER
    assert {entry.error for entry in service.queue(DEAD)} == {"SealBroken"}
    assert len(service.queue(DEAD)) == 8


async def test_a_request_that_cannot_be_answered_is_poison_too() -> None:
    """OB-4: its own half-done work is undone."""
    service = Service()
    await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
    (entry,) = service.queue()
    broken = replace(entry.message, to="no address")
    service.store.committed(OUTBOX).apply({broken.id: replace(entry, message=broken)})
    assert await service.relay() == RelayReport(claimed=1, postponed=1)
    assert service.queue()[0].error == "ValidationFailed"


async def test_what_went_wrong_is_kept_without_words_of_the_message() -> None:
    """LG-1, OB-5: the name of the error and no more."""
    service = Service()
    await service.sign_up()
    service.mailbox.fail_next(RuntimeError(f"could not reach {ADA} with dwm_secret"))
    await service.relay()
    assert service.queue()[0].error == "RuntimeError"


async def test_two_workers_never_send_one_message_twice() -> None:
    """OB-3: claimed by one, leased, and not seen by the other."""
    service = Service()
    await many_messages(service, 30)
    other = Service(store=service.store, clock=service.clock)
    reports = await asyncio.gather(service.relay(limit=20), other.relay(limit=20), service.relay())
    assert sum(report.sent for report in reports) == 30
    sent = [mail.message_id for mail in [*service.mailbox.mails, *other.mailbox.mails]]
    assert len(sent) == len(set(sent)) == 30


async def test_a_slow_mail_server_makes_no_doubles() -> None:
    """OB-3: a batch that takes longer than its lease leaves the rest to the next worker."""
    mailer = WatchedMailer()
    service = Service(mailer=mailer)
    await many_messages(service, 20)
    other = Service(store=service.store, clock=service.clock)

    async def a_slow_answer_and_a_busy_colleague() -> None:
        service.clock.advance(20 * SECOND)
        await other.relay()

    mailer.meanwhile = a_slow_answer_and_a_busy_colleague
    await service.deliver()
    mailer.meanwhile = None
    service.clock.advance(LEASE)
    await service.deliver()
    sent = [*mailer.sent, *(mail.message_id for mail in other.mailbox.mails)]
    assert len(sent) == len(set(sent)) == 20
    assert len(service.queue(SENT)) == 20


async def test_a_worker_that_died_gives_its_messages_back_with_the_lease() -> None:
    """OB-3, DU-2: sent later, under the same Message-ID."""
    service = Service()
    await service.sign_up()
    service.mailbox.fail_next(MailNotSent())
    async with service.units() as unit:
        (claimed,) = await unit.outbox.claim(
            kinds=KINDS, limit=9, lease=LEASE, now=service.clock.now()
        )
        await unit.commit()
    assert await service.relay() == RelayReport()
    service.clock.advance(LEASE)
    assert await service.relay() == RelayReport(claimed=1, postponed=1)
    service.clock.advance(LONGEST_WAIT)
    await service.relay()
    assert [mail.message_id for mail in service.mailbox.mails] == [str(claimed.id)]


async def test_messages_leave_in_the_order_in_which_they_were_promised() -> None:
    """OB-4: up to the limit of a round, the oldest first."""
    service = Service()
    await many_messages(service, 5)
    assert (await service.relay(limit=2)).sent == 2
    assert [mail.to for mail in service.mailbox.mails] == ["user0@example.com", "user1@example.com"]


async def test_an_empty_queue_costs_no_commit() -> None:
    """OB-2: idling writes nothing."""
    service = Service()
    assert await service.relay() == RelayReport()
    assert service.units.commits == 0


async def test_a_store_that_is_away_after_the_mail_was_accepted_has_it_sent_once() -> None:
    """OB-1, OB-3: the mark is written when the store is back, however long that takes."""
    mailer = WatchedMailer()
    service = Service(mailer=mailer)
    await many_messages(service, 2)
    other = Service(store=service.store, clock=service.clock)
    mailer.meanwhile = no_store(service)
    with pytest.raises(ServiceUnavailable):
        await service.relay()
    mailer.meanwhile = None
    for _ in range(3):
        service.clock.advance(HAND_OVER_LEASE)
        with pytest.raises(ServiceUnavailable):
            await service.relay()
        with pytest.raises(ServiceUnavailable):
            await other.relay()
    assert len(mailer.sent) == 1
    service.store.answers = True
    # The other worker comes first, and leaves what may be on its way to the one that has it.
    assert await other.relay() == RelayReport()
    assert await service.relay() == RelayReport(claimed=1, sent=1)
    service.clock.advance(HAND_OVER_LEASE)
    assert await other.relay() == RelayReport()
    sent = [*mailer.sent, *(mail.message_id for mail in other.mailbox.mails)]
    assert len(sent) == len(set(sent)) == 2
    assert len(service.queue(SENT)) == 2


async def test_a_hiccup_of_the_store_while_the_mark_is_written_sends_nothing_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OB-3: whatever the failure is; it is retried at once."""
    service = Service()
    await service.sign_up()
    fail_marks(monkeypatch, ServiceUnavailable(), RuntimeError("half a hiccup"), times=1)
    assert await service.relay() == RelayReport(claimed=1, sent=1)
    (entry,) = service.queue(SENT)
    assert entry.error is None
    assert len(service.mailbox.mails) == 1


async def test_a_mark_that_is_refused_again_and_again_stops_no_other_mail_and_is_never_set_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OB-3, OB-4: and the lease is renewed meanwhile, so that no other worker sends it."""
    service = Service()
    await service.sign_up()
    other = Service(store=service.store, clock=service.clock)
    undo = fail_marks(monkeypatch, RuntimeError("no"), times=99_999)
    assert await service.relay() == RelayReport(claimed=1, sent=1, unmarked=1)
    for _ in range(POISONED_AFTER + 2):
        service.clock.advance(HAND_OVER_LEASE / 2)
        assert await service.relay() == RelayReport(unmarked=1)
        assert await other.relay() == RelayReport()
    undo()
    await service.sign_up("bob@example.com")
    assert await service.relay() == RelayReport(claimed=1, sent=1)
    assert len(service.mailbox.mails) == 2
    assert {(entry.error, entry.message.attempts) for entry in service.queue(SENT)} == {(None, 1)}


async def test_what_a_round_did_not_come_to_when_the_store_went_is_due_when_it_is_back() -> None:
    """OB-2: it need not wait for the end of its lease."""
    mailer = WatchedMailer()
    service = Service(mailer=mailer)
    await many_messages(service, 4)
    mailer.meanwhile = no_store(service)
    with pytest.raises(ServiceUnavailable):
        await service.relay()
    mailer.meanwhile, service.store.answers = None, True
    assert await service.relay() == RelayReport(claimed=3, sent=3)
    assert [entry.message.attempts for entry in service.queue(SENT)] == [1] * 4
    assert len(mailer.sent) == 4


async def test_a_worker_that_claims_what_it_has_sent_already_only_marks_it() -> None:
    """OB-3: its own lease ran out while the mark could not be written."""
    mailer = WatchedMailer()
    service = Service(mailer=mailer)
    await service.sign_up()
    mailer.meanwhile = no_store(service)
    assert await service.relay() == RelayReport(claimed=1, sent=1, unmarked=1)
    mailer.meanwhile, service.store.answers = None, True
    (entry,) = service.queue()
    # Claimed by another worker meanwhile, which died before it handed the message over.
    claimed = replace(entry.message, attempts=entry.message.attempts + 1)
    overdue = replace(entry, message=claimed, due_at=service.clock.now())
    service.store.committed(OUTBOX).apply({claimed.id: overdue})
    await service.relay()
    assert len(service.queue(SENT)) == 1
    service.clock.advance(DAY)
    await service.relay()
    assert len(mailer.sent) == 1


async def test_a_stop_marks_what_was_accepted_before_the_worker_ends() -> None:
    """OB-3, DU-2: asked again until it says that nothing is left."""
    mailer = WatchedMailer()
    service = Service(mailer=mailer)
    await service.sign_up()
    mailer.meanwhile = no_store(service)
    assert await service.relay() == RelayReport(claimed=1, sent=1, unmarked=1)
    service.relay.stop()
    assert [str(each) for each in await service.relay.settle()] == mailer.sent
    service.store.answers = True
    assert await service.relay.settle() == ()
    assert len(service.queue(SENT)) == 1


async def test_a_message_is_not_handed_over_while_the_store_is_away() -> None:
    """OB-3: what could not be marked is not sent."""
    service = Service()
    await many_messages(service, 3)
    mailer = WatchedMailer()
    service.mailbox._forward = mailer
    mailer.meanwhile = no_store(service)
    with pytest.raises(ServiceUnavailable):
        await service.relay()
    assert len(mailer.sent) == 1


async def test_a_message_of_a_kind_that_is_not_known_here_waits_for_whoever_knows_it() -> None:
    """OB-4: it is not tried, not set aside, listed, and stands in the way of none."""
    service = Service()
    await many_messages(service, 25)
    for entry in service.queue()[:22]:
        strange = replace(entry.message, kind=MessageKind("from_the_next_version"))
        service.store.committed(OUTBOX).apply({strange.id: replace(entry, message=strange)})
    for _ in range(POISONED_AFTER + 1):
        await service.relay()
        service.clock.advance(LONGEST_WAIT)
    assert len(service.mailbox.mails) == 3
    waiting = await service.mail.list_outbox()
    assert [(each.kind, each.attempts, each.last_error) for each in waiting] == [
        ("from_the_next_version", 0, None)
    ] * 22
    assert await service.mail.redrive_outbox(message_ids=[waiting[0].id]) == 1
    assert (await service.mail.list_outbox.census()).counts[WAITING] == 22


async def test_a_store_that_fails_while_a_message_is_looked_at_is_no_poison(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OB-4: only what is wrong with the message itself is given up in the end."""
    service = Service()
    await service.sign_up()
    check = fails(ServiceUnavailable())
    monkeypatch.setattr(service.relay, "_is_live", check)
    for _ in range(POISONED_AFTER + 2):
        assert (await service.relay()).postponed == 1
        service.clock.advance(LONGEST_WAIT)
    (entry,) = service.queue()
    assert entry.error == "ServiceUnavailable"


async def test_a_request_that_another_version_has_noted_more_of_is_answered() -> None:
    """OB-4: what is not known of its origin is passed over."""
    service = Service()
    await service.verified_user()
    await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
    (entry,) = service.queue()
    richer = replace(entry.message, parameters={**entry.message.parameters, "country": "xx"})
    service.store.committed(OUTBOX).apply({richer.id: replace(entry, message=richer)})
    await service.deliver()
    assert (await service.subjects())[-1] == "Set a new password"


async def test_a_stop_sends_what_is_being_sent_and_gives_the_rest_back_untried() -> None:
    """OB-3, DU-2: due at once for the next worker, as if it had not been claimed."""
    mailer = WatchedMailer()
    service = Service(mailer=mailer)
    await many_messages(service, 5)

    async def stop() -> None:
        service.relay.stop()

    mailer.meanwhile = stop
    assert await service.relay() == RelayReport(claimed=5, sent=1)
    assert await service.relay() == RelayReport()
    waiting = service.queue()
    assert [entry.message.attempts for entry in waiting] == [0] * 4
    assert {entry.due_at for entry in waiting} == {service.clock.now()}
    next_one = Service(store=service.store, clock=service.clock)
    assert await next_one.relay() == RelayReport(claimed=4, sent=4)
    sent = [*mailer.sent, *(mail.message_id for mail in next_one.mailbox.mails)]
    assert len(sent) == len(set(sent)) == 5


@pytest.mark.parametrize("failure", [MailNotSent(), MailRefused(), RuntimeError()])
async def test_a_worker_that_slept_over_its_lease_leaves_anothers_message_alone(
    failure: Exception,
) -> None:
    """OB-3: however its own try ended, the other one's claim goes on."""
    mailer = WatchedMailer()
    service = Service(mailer=mailer)
    await service.sign_up()

    async def sleep_while_another_claims() -> None:
        service.clock.advance(HAND_OVER_LEASE)
        async with service.units() as unit:
            (taken,) = await unit.outbox.claim(
                kinds=KINDS, limit=9, lease=LEASE, now=service.clock.now()
            )
            await unit.commit()
        assert taken.attempts == 2
        raise failure

    mailer.meanwhile = sleep_while_another_claims
    await service.relay()
    (entry,) = service.queue()
    assert entry.message.attempts == 2
    assert entry.message.sealed_secret is not None
    assert entry.due_at == service.clock.now() + LEASE
    assert entry.error is None


async def test_a_worker_that_slept_over_its_lease_and_sent_the_mail_says_so() -> None:
    """OB-3: the one that has claimed it by then must not send it again, and learns so in time."""
    mailer = WatchedMailer()
    service = Service(mailer=mailer)
    other = Service(store=service.store, clock=service.clock)
    await service.sign_up()
    taken: list[OutboxMessage] = []

    async def sleep_while_another_claims() -> None:
        service.clock.advance(HAND_OVER_LEASE)
        async with service.units() as unit:
            taken.extend(
                await unit.outbox.claim(kinds=KINDS, limit=9, lease=LEASE, now=service.clock.now())
            )
            await unit.commit()

    mailer.meanwhile = sleep_while_another_claims
    await service.relay()
    (claimed,) = taken
    assert len(service.queue(SENT)) == 1
    assert await other.relay._process(claimed) is WAITING
    assert other.mailbox.mails == []


async def test_a_request_that_another_worker_has_by_now_is_not_answered_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OB-3, LG-3: the mail, its secret and its row are the fenced close's, all or nothing."""
    service = Service()
    await service.verified_user()
    other = Service(store=service.store, clock=service.clock)
    await other.relay()  # so that the store has answered it for long when the lease runs out
    await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
    answer = service.credentials.answers[PASSWORD_RESET_REQUESTED]
    prepare = answer.prepare
    reports: list[RelayReport] = []

    async def sleep_over_the_lease(
        address: EmailAddress, asked: Mapping[str, str]
    ) -> Queue[CredentialsUnit] | None:
        queue = await prepare(address, asked)
        service.clock.advance(LEASE)
        reports.append(await other.relay())
        return queue

    monkeypatch.setattr(answer, "prepare", sleep_over_the_lease)
    assert await service.relay() == RelayReport(claimed=1, postponed=1)
    assert reports == [RelayReport(claimed=1, sent=1)]
    await service.deliver()
    mails = [*service.mailbox.mails, *other.mailbox.mails]
    assert [mail.subject for mail in mails].count("Set a new password") == 1
    (row,) = service.audited("password.reset_requested")
    assert row.origin == ORIGIN
