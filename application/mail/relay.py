"""The worker's job: send the queued messages (OB-2 to OB-5)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from application.mail.circuit import MailCircuit
from application.mail.notifications import Notifications
from application.mail.ports import Mailer, MailNotSent, MailRefused, MailServerAway, MailUnit
from application.mail.request import MailRequestAnswer
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.email_address import EmailAddress
from domain.mail.message import MessageKind, MessageStatus, OutboxMessage
from domain.origin import Origin

LEASE = timedelta(minutes=2)
LONGEST_WAIT = timedelta(minutes=15)
POISONED_AFTER = 10
LATE = timedelta(minutes=1)

type SecretCheck = Callable[[str], Awaitable[bool]]
"""Tells whether a mailed secret can still be spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayReport:
    """How one round went, in messages."""

    claimed: int = 0
    sent: int = 0
    postponed: int = 0
    expired: int = 0
    dead: int = 0


class RelayOutbox[U: MailUnit]:
    """Claim due messages and send each; never hold a unit of work while mail is on its way.

    A message is sent at least once, and once only unless the worker dies between the server's
    "accepted" and the mark; its Message-ID is the same every time.
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
        self._round = asyncio.Lock()
        self._stopping = False
        self._worth_a_try = self._server_is_known = False

    async def __call__(self, *, limit: int = 20) -> RelayReport:
        """Process up to that many messages that are due and return how it went.

        Rounds in one process wait for each other, so the second one finds the messages of the
        first already sent. Rounds in different processes are kept apart by the leases.
        """
        async with self._round:
            return RelayReport() if self._stopping else await self._do_round(limit)

    def stop(self) -> None:
        """Finish the message that is being sent, and give the rest of the round back untried."""
        self._stopping = True

    async def _do_round(self, limit: int) -> RelayReport:
        began = self._clock.now()
        messages = await self._claim(limit)
        outcomes: list[MessageStatus] = []
        self._server_is_known = False
        try:
            for number, message in enumerate(messages):
                # A slow server could outlast the lease, and another worker would send it too
                # (OB-3); and one that is away is not asked for each message in turn (OB-2).
                late = self._clock.now() >= began + LEASE / 2
                if self._stopping or late or not self._worth_a_try:
                    await self._give_back(messages[number:])
                    break
                outcomes.append(await self._process(message))
        finally:
            if messages and not self._server_is_known:
                await self._circuit.left_open()
        return RelayReport(
            claimed=len(messages),
            sent=outcomes.count(MessageStatus.SENT),
            postponed=outcomes.count(MessageStatus.WAITING),
            expired=outcomes.count(MessageStatus.EXPIRED),
            dead=outcomes.count(MessageStatus.DEAD),
        )

    async def _claim(self, limit: int) -> list[OutboxMessage]:
        self._worth_a_try = True
        async with self._unit_of_work() as unit:
            allowed = await self._circuit.allowance(unit, limit)
            if allowed == 0:
                return []
            now = self._clock.now()
            messages = await unit.outbox.claim(limit=allowed, lease=LEASE, now=now)
            if messages:
                await unit.commit()
        return messages

    async def _process(self, message: OutboxMessage) -> MessageStatus:
        try:
            if message.kind in self._answers:
                return await self._answer(message)
            if message.expires_at is not None and self._clock.now() >= message.expires_at:
                return await self._close(message, MessageStatus.EXPIRED, error="out of time")
            if not await self._is_live(message):
                return await self._close(message, MessageStatus.EXPIRED, error="replaced or spent")
            return await self._send(message)
        except Exception as problem:
            # A message that cannot be made into a mail must not stop the others (OB-4).
            return await self._set_aside(message, error=type(problem).__name__)

    async def _send(self, message: OutboxMessage) -> MessageStatus:
        mail = self._notifications.compose(message)
        try:
            await self._mailer.send(mail)
        except MailServerAway:
            self._server_is_known = True
            self._worth_a_try = await self._circuit.missed()
            return await self._postpone(message, error="the server is away")
        except MailNotSent:
            await self._server_answered()
            return await self._postpone(message, error="not accepted yet")
        except MailRefused:
            await self._server_answered()
            return await self._close(message, MessageStatus.DEAD, error="refused by the server")
        # First of all, so that nothing can come between and have it sent again (OB-3).
        status = await self._close(message, MessageStatus.SENT)
        await self._server_answered()
        return status

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
        queue = await self._answers[message.kind].prepare(EmailAddress.parse(message.to))
        async with self._unit_of_work() as unit:
            status, now = MessageStatus.SENT, self._clock.now()
            if not await unit.outbox.close(message, status, now=now):
                return MessageStatus.WAITING  # another worker has it by now
            if queue is not None:
                await queue(unit, Origin(**message.parameters))
            await unit.commit()
        return MessageStatus.SENT

    async def _give_back(self, messages: Sequence[OutboxMessage]) -> None:
        async with self._unit_of_work() as unit:
            for message in messages:
                await unit.outbox.give_back(message, now=self._clock.now())
            await unit.commit()

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
