"""The worker's job: turn promised messages into sent mail (OB-2 to OB-5)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from application.notifications import Notifications
from application.ports.clock import Clock, Randomness
from application.ports.mailer import Mailer, MailNotSent, MailRefused
from application.ports.outbox import MessageKind, MessageStatus, OutboxMessage
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.email_address import EmailAddress

type Answer = Callable[[UnitOfWork, EmailAddress], Awaitable[None]]
"""Looks whether a request for a mail applies, and if so queues the mail."""

LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(minutes=15)
POISONED_AFTER = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReport:
    """How one round went, in messages."""

    claimed: int = 0
    sent: int = 0
    postponed: int = 0
    expired: int = 0
    dead: int = 0


class RelayOutbox:
    """Claim due messages and send each; never hold a unit of work while mail is on its way.

    A message is sent at least once, and once only unless the worker dies between the server's
    "accepted" and the mark; its Message-ID is the same every time.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        mailer: Mailer,
        notifications: Notifications,
        answers: Mapping[MessageKind, Answer],
        clock: Clock,
        randomness: Randomness,
        retry_after: timedelta,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._mailer = mailer
        self._notifications = notifications
        self._answers = answers
        self._clock = clock
        self._randomness = randomness
        self._retry_after = retry_after
        self._round = asyncio.Lock()

    async def __call__(self, *, limit: int = 20) -> RelayReport:
        """Process up to that many messages that are due and return how it went.

        Rounds in one process wait for each other, so whoever comes second finds the first one's
        messages already sent. Rounds in different processes are kept apart by the leases.
        """
        async with self._round:
            return await self._do_round(limit)

    async def _do_round(self, limit: int) -> RelayReport:
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            messages = await unit.outbox.claim(limit=limit, lease=LEASE, now=now)
            if messages:
                await unit.commit()
        outcomes = []
        for message in messages:
            if self._clock.now() >= now + LEASE / 2:
                # The server is slow. What is left comes back with the end of its lease; sent now,
                # it might be sent by another worker as well (OB-3).
                break
            outcomes.append(await self._process(message))
        return RelayReport(
            claimed=len(messages),
            sent=outcomes.count(MessageStatus.SENT),
            postponed=outcomes.count(MessageStatus.WAITING),
            expired=outcomes.count(MessageStatus.EXPIRED),
            dead=outcomes.count(MessageStatus.DEAD),
        )

    async def _process(self, message: OutboxMessage) -> MessageStatus:
        try:
            if message.kind in self._answers:
                return await self._answer(message)
            if message.expires_at is not None and self._clock.now() >= message.expires_at:
                return await self._close(message, MessageStatus.EXPIRED)
            await self._mailer.send(self._notifications.compose(message))
        except MailRefused:
            return await self._close(message, MessageStatus.DEAD, error="refused by the server")
        except MailNotSent:
            return await self._postpone(message, error="not accepted yet")
        except Exception as problem:
            # A message that cannot be made into a mail must not stop the others (OB-4).
            return await self._set_aside(message, error=type(problem).__name__)
        return await self._close(message, MessageStatus.SENT)

    async def _answer(self, message: OutboxMessage) -> MessageStatus:
        async with self._unit_of_work() as unit:
            await self._answers[message.kind](unit, EmailAddress.parse(message.to))
            await unit.outbox.close(message.id, MessageStatus.SENT, now=self._clock.now())
            await unit.commit()
        return MessageStatus.SENT

    async def _set_aside(self, message: OutboxMessage, *, error: str) -> MessageStatus:
        if message.attempts >= POISONED_AFTER:
            return await self._close(message, MessageStatus.DEAD, error=error)
        return await self._postpone(message, error=error)

    async def _postpone(self, message: OutboxMessage, *, error: str) -> MessageStatus:
        async with self._unit_of_work() as unit:
            until = self._clock.now() + self._delay(message.attempts)
            await unit.outbox.postpone(message.id, until=until, error=error)
            await unit.commit()
        return MessageStatus.WAITING

    async def _close(
        self, message: OutboxMessage, status: MessageStatus, *, error: str | None = None
    ) -> MessageStatus:
        async with self._unit_of_work() as unit:
            await unit.outbox.close(message.id, status, now=self._clock.now(), error=error)
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
