"""The worker's job: send the queued messages (OB-2 to OB-5)."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from application.mail.circuit import MailCircuit
from application.mail.notifications import Notifications
from application.mail.ports import Mailer, MailNotSent, MailRefused, MailServerAway, MailUnit
from application.mail.request import MailRequestAnswer
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange, Unavailable
from domain.failures import Failure
from domain.mail.message import MessageId, MessageKind, MessageStatus, OutboxMessage
from domain.origin import Origin

LEASE = timedelta(minutes=2)
HAND_OVER_LEASE = timedelta(minutes=10)
"""How long a message is one worker's alone once it is about to be handed to the server.

Much longer than a hand-over takes: the store may be away when the mark is to be written, and
from then on the lease cannot be renewed. A worker that dies here delays one message by as much.
"""
TAKE_OVER_AFTER = timedelta(seconds=10)
"""How long the store has to have answered before a lease that ran out counts as abandoned.

After an outage of the store the workers that still live mark what they have sent, first.
"""
LONGEST_WAIT = timedelta(minutes=15)
POISONED_AFTER = 10
LATE = timedelta(minutes=1)

type SecretCheck = Callable[[str], Awaitable[bool]]
"""Tells whether a mailed secret can still be spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReport:
    """How one round went, in messages.

    ``unmarked`` are those that the server has accepted, in this round or before, and that the
    store has not noted as sent yet.
    """

    claimed: int = 0
    sent: int = 0
    postponed: int = 0
    expired: int = 0
    dead: int = 0
    unmarked: int = 0
    failure: Failure | None = None  # of the last one that the server did not take, if known


class RelayOutbox[U: MailUnit]:
    """Claim due messages and send each; never hold a unit of work while mail is on its way.

    A message is sent at least once, and once only unless the worker dies between the server's
    "accepted" and the mark; its Message-ID is the same every time. A mark that cannot be written
    is written again until it is, and stops no other message. Messages of a kind that this
    version does not know are left for the one that does.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[U],
        mailer: Mailer,
        notifications: Notifications,
        circuit: MailCircuit,
        answers: Mapping[MessageKind, MailRequestAnswer[U]],
        secret_checks: Mapping[MessageKind, SecretCheck],
        clock: Clock,
        randomness: Randomness,
        retry_after: timedelta,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._mailer = mailer
        self._notifications = notifications
        self._circuit = circuit
        self._answers, self._secret_checks = answers, secret_checks
        self._clock = clock
        self._randomness = randomness
        self._retry_after = retry_after
        self._kinds = notifications.kinds | answers.keys()
        self._round, self._sending = asyncio.Lock(), asyncio.Lock()
        self._accepted: dict[MessageId, OutboxMessage] = {}
        self._untried: list[OutboxMessage] = []
        self._in_touch_since: datetime | None = None
        self._stopping = False
        self._worth_a_try = self._server_is_known = False
        self._failure: Failure | None = None

    async def __call__(self, *, limit: int = 20) -> RelayReport:
        """Process up to that many messages that are due and return how it went.

        Rounds in one process wait for each other, so the second one finds the messages of the
        first already sent. Rounds in different processes are kept apart by the leases.
        """
        async with self._round:
            if self._stopping:
                return RelayReport()
            try:
                return await self._do_round(limit)
            except Unavailable:
                self._in_touch_since = None
                raise

    def stop(self) -> None:
        """Finish the message that is being sent, and give the rest of the round back untried.

        What the server has accepted by then is marked by :meth:`settle`.
        """
        self._stopping = True

    async def sent(self) -> None:
        """Return as soon as no message is on its way to the mail server."""
        async with self._sending:
            pass

    @property
    def owes_marks(self) -> bool:
        """Whether the server has accepted a message that the store has no mark of yet."""
        return bool(self._accepted)

    async def settle(self) -> Collection[MessageId]:
        """Mark what the server has accepted; return what the store still does not take a mark of.

        Waits for the round that is running.
        """
        async with self._round:
            with suppress(Unavailable):
                await self._mark_accepted()
                await self._give_untried_back()
            return tuple(self._accepted)

    async def _do_round(self, limit: int) -> RelayReport:
        await self._mark_accepted()
        await self._give_untried_back()
        began = self._clock.now()
        messages = await self._claim(limit)
        outcomes: list[MessageStatus] = []
        self._server_is_known, self._failure = False, None
        self._untried = list(messages)
        try:
            for message in messages:
                # A slow server could outlast the lease, and another worker would send it too
                # (OB-3); and one that is away is not asked for each message in turn (OB-2).
                late = self._clock.now() >= began + LEASE / 2
                if self._stopping or late or not self._worth_a_try:
                    await self._give_untried_back()
                    break
                outcomes.append(await self._process(message))
                self._untried.remove(message)
        finally:
            if messages and not self._server_is_known:
                await self._circuit.left_open()
        return RelayReport(
            claimed=len(messages),
            sent=outcomes.count(MessageStatus.SENT),
            postponed=outcomes.count(MessageStatus.WAITING),
            expired=outcomes.count(MessageStatus.EXPIRED),
            dead=outcomes.count(MessageStatus.DEAD),
            unmarked=len(self._accepted),
            failure=self._failure,
        )

    async def _claim(self, limit: int) -> list[OutboxMessage]:
        self._worth_a_try = True
        async with self._unit_of_work() as unit:
            allowed = await self._circuit.allowance(unit, limit)
            if allowed == 0:
                return []
            now = self._clock.now()
            messages = await unit.outbox.claim(
                kinds=self._kinds,
                limit=allowed,
                lease=LEASE,
                now=now,
                take_over=self._is_long_in_touch(now),
            )
            if messages:
                await unit.commit()
        return messages

    def _is_long_in_touch(self, now: datetime) -> bool:
        """Tell whether the store has answered for long enough; asked when it has just answered."""
        if self._in_touch_since is None:
            self._in_touch_since = now
        return now >= self._in_touch_since + TAKE_OVER_AFTER

    async def _process(self, message: OutboxMessage) -> MessageStatus:
        if message.id in self._accepted:
            # Our own lease ran out before the mark was written; it is sent all the same.
            await self._mark(message)
            return MessageStatus.SENT
        try:
            if message.kind in self._answers:
                return await self._answer(message)
            if message.expires_at is not None and self._clock.now() >= message.expires_at:
                return await self._close(message, MessageStatus.EXPIRED, error="out of time")
            if not await self._is_live(message):
                return await self._close(message, MessageStatus.EXPIRED, error="replaced or spent")
            return await self._send(message)
        except (Unavailable, ConcurrentChange) as problem:
            # Says something about the store and nothing about the message, which is no poison.
            return await self._postpone(message, error=type(problem).__name__)
        except Exception as problem:
            # A message that cannot be made into a mail must not stop the others (OB-4).
            return await self._set_aside(message, error=type(problem).__name__)

    async def _send(self, message: OutboxMessage) -> MessageStatus:
        mail = self._notifications.compose(message)
        if not await self._renew(message, HAND_OVER_LEASE):
            return MessageStatus.WAITING  # another worker has it by now
        try:
            async with self._sending:
                await self._mailer.send(mail)
        except MailServerAway as away:
            self._server_is_known = True
            self._worth_a_try = await self._circuit.missed()
            return await self._postpone(message, error=self._why("the server is away", away))
        except MailNotSent as later:
            await self._server_answered()
            return await self._postpone(message, error=self._why("not accepted yet", later))
        except MailRefused as refused:
            await self._server_answered()
            error = self._why("refused by the server", refused)
            return await self._close(message, MessageStatus.DEAD, error=error)
        # First of all, so that nothing can come between and have it sent again (OB-3).
        self._accepted[message.id] = message
        await self._mark(message)
        with suppress(Exception):  # what goes wrong with the circuit is not about this message
            await self._server_answered()
        return MessageStatus.SENT

    async def _mark(self, message: OutboxMessage) -> bool:
        """Note that the message is sent; False if the store does not take it now.

        Whatever is wrong, it is nothing that sending once more would cure, so all of it is for
        the next round. The second try is for a connection that broke while the mail was sent.
        """
        for _ in range(2):
            try:
                async with self._unit_of_work() as unit:
                    await unit.outbox.mark_sent(message.id, now=self._clock.now())
                    await unit.commit()
            except Exception as problem:
                if isinstance(problem, Unavailable):
                    self._in_touch_since = None
            else:
                del self._accepted[message.id]
                return True
        return False

    async def _mark_accepted(self) -> None:
        """Write the marks that are missing, and keep other workers from the messages till then."""
        for message in list(self._accepted.values()):
            if not await self._mark(message):
                with suppress(ConcurrentChange):
                    await self._renew(message, HAND_OVER_LEASE)

    async def _renew(self, message: OutboxMessage, lease: timedelta) -> bool:
        async with self._unit_of_work() as unit:
            is_ours = await unit.outbox.renew(message, lease=lease, now=self._clock.now())
            await unit.commit()
        return is_ours

    def _why(self, words: str, problem: MailNotSent | MailRefused) -> str:
        """Return the words with the reason, and keep it for the report of the round."""
        self._failure = problem.failure or self._failure
        return f"{words}: {problem.failure.name}" if problem.failure else words

    async def _server_answered(self) -> None:
        self._server_is_known = True
        await self._circuit.answered()

    async def _is_live(self, message: OutboxMessage) -> bool:
        """Tell whether what the message brings can still be spent; True if it brings nothing.

        A secret that was replaced, spent or discarded while its mail waited for a server that
        was away is not worth a mail. Asked only of mail that is late: in the ordinary run of
        things the newer mail is right behind the older one. Raises SealBroken for a secret that
        was sealed under another key.
        """
        check = self._secret_checks.get(message.kind)
        if check is None or self._clock.now() - message.queued_at < LATE:
            return True
        return await check(self._notifications.secret_in(message))

    async def _answer(self, message: OutboxMessage) -> MessageStatus:
        answer, address = self._answers[message.kind], EmailAddress.parse(message.to)
        queue = await answer.prepare(address, message.parameters)
        async with self._unit_of_work() as unit:
            status, now = MessageStatus.SENT, self._clock.now()
            if not await unit.outbox.close(message, status, now=now):
                return MessageStatus.WAITING  # another worker has it by now
            if queue is not None:
                await queue(unit, _origin_in(message))
            await unit.commit()
        return MessageStatus.SENT

    async def _give_untried_back(self) -> None:
        """Give back what a round has claimed and not come to, also one that the store cut short."""
        untried = [each for each in self._untried if each.id not in self._accepted]
        if untried:
            async with self._unit_of_work() as unit:
                for message in untried:
                    await unit.outbox.give_back(message, now=self._clock.now())
                await unit.commit()
        self._untried = []

    async def _set_aside(self, message: OutboxMessage, *, error: str) -> MessageStatus:
        if message.attempts >= POISONED_AFTER:
            return await self._close(message, MessageStatus.DEAD, error=error)
        return await self._postpone(message, error=error)

    async def _postpone(self, message: OutboxMessage, *, error: str) -> MessageStatus:
        async with self._unit_of_work() as unit:
            until = self._clock.now() + self._delay(message.attempts)
            await unit.outbox.postpone(message, until=until, error=error)
            await unit.commit()
        return MessageStatus.WAITING

    async def _close(
        self, message: OutboxMessage, status: MessageStatus, *, error: str | None = None
    ) -> MessageStatus:
        async with self._unit_of_work() as unit:
            await unit.outbox.close(message, status, now=self._clock.now(), error=error)
            await unit.commit()
        return status

    def _delay(self, attempts: int) -> timedelta:
        """Return the doubled wait, shortened at random by up to half.

        The jitter keeps a thousand messages from coming back at once.
        """
        doublings: int = min(max(attempts - 1, 0), 20)
        longest = min(self._retry_after * (1 << doublings), LONGEST_WAIT)
        jitter = int.from_bytes(self._randomness.token_bytes(2)) / 0xFFFF
        return longest * (1 - jitter / 2)


def _origin_in(message: OutboxMessage) -> Origin:
    """Return where the request came from; what only another version knows of it is left out."""
    known = {each.name for each in fields(Origin)}
    return Origin(**{name: each for name, each in message.parameters.items() if name in known})
