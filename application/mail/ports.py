"""What mail needs from outside: a mailer, the outbox, and the circuit."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from application.ports.unit_of_work import UnitOfWork
from domain.email_address import EmailAddress
from domain.failures import Failure
from domain.mail.circuit import Circuit
from domain.mail.message import MessageId, MessageKind, MessageStatus, OutboxMessage


class MailRefused(Exception):
    """The server will never take this message (an SMTP 5xx). The text is its status only.

    ``failure`` says why, for an operator, where that is known.
    """

    def __init__(self, reply: str = "", failure: Failure | None = None) -> None:
        super().__init__(reply)
        self.failure = failure


class MailNotSent(Exception):
    """The message may be taken later (a 4xx). ``failure`` says why, where that is known."""

    def __init__(self, words: str = "", failure: Failure | None = None) -> None:
        super().__init__(words)
        self.failure = failure


class MailServerAway(MailNotSent):
    """No message would be taken now: no connection, no answer, or no sign-in to the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message to exactly one mailbox (AT-3), as text and as HTML.

    ``link`` and ``token`` repeat what the text holds, for the development mailbox.
    ``message_id`` is stable over retries, so that a receiver can drop a duplicate (OB-3).
    """

    message_id: str
    to: str
    subject: str
    text: str
    html: str
    queued_at: datetime
    link: str | None = None
    token: str | None = None

    def __repr__(self) -> str:
        return f"Mail(message_id={self.message_id!r})"


class Mailer(Protocol):
    """Hands a mail over to the server that delivers it."""

    @abstractmethod
    async def send(self, mail: Mail) -> None:
        """Return once the mail is accepted.

        Raises :class:`MailNotSent` if it is worth another try, :class:`MailServerAway` if no
        other mail is worth one now either, and :class:`MailRefused` if it never will be.
        """


class Mailbox(Mailer, Protocol):
    """A mailer that keeps the mails and shows them; development only."""

    @abstractmethod
    async def newest(self, *, limit: int) -> list[Mail]:
        """Return up to that many mails, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMessage:
    """What the outbox knows of one message, without its content."""

    id: MessageId
    kind: MessageKind
    to: str
    status: MessageStatus
    attempts: int
    queued_at: datetime
    due_at: datetime
    expires_at: datetime | None
    closed_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSecret:
    """The secret that a message still holds, sealed."""

    message_id: MessageId
    sealed: bytes = field(repr=False)


MOST_COUNTED = 10_000
"""As far as a census counts, so that it costs the same however much there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxCensus:
    """How many messages there are in each state, and since when the oldest one waits.

    As a count, :data:`MOST_COUNTED` stands for that many or more.
    """

    counts: Mapping[MessageStatus, int]
    oldest_waiting: datetime | None


class Outbox(Protocol):
    """Messages waiting for the worker. ``enqueue`` takes effect with the commit around it."""

    @abstractmethod
    async def enqueue(self, message: OutboxMessage) -> None:
        """Add a message that is due at once."""

    @abstractmethod
    async def claim(
        self,
        *,
        kinds: Collection[MessageKind],
        limit: int,
        lease: timedelta,
        now: datetime,
        take_over: bool = True,
    ) -> list[OutboxMessage]:
        """Lease up to that many due messages of these kinds, oldest first, to the caller alone.

        Messages of other kinds are for workers of another version, and are left as they are.
        Two callers never get the same message while its lease lasts. A lease that runs out
        makes the message due again, but not for a caller that does not ``take_over``.
        ``attempts`` counts this claim.
        """

    @abstractmethod
    async def renew(self, message: OutboxMessage, *, lease: timedelta, now: datetime) -> bool:
        """Let the lease of a claimed message end ``lease`` from now, however long it was.

        False if it was not ours any more, as for the three that follow.
        """

    @abstractmethod
    async def postpone(self, message: OutboxMessage, *, until: datetime, error: str) -> bool:
        """Give a claimed message back, due again at ``until``; False if it was not ours any more.

        This and the next two count only while no other worker has claimed or closed the message
        since: a worker whose lease ran out must not undo another's work (OB-3).
        """

    @abstractmethod
    async def give_back(self, message: OutboxMessage, *, now: datetime) -> bool:
        """Give a claimed message back untried, due at once, as if it had not been claimed."""

    @abstractmethod
    async def mark_sent(self, message_id: MessageId, *, now: datetime) -> bool:
        """End a waiting message that the server has accepted; False if it had ended already.

        It does not matter which worker has claimed it meanwhile: that it was accepted stays true,
        and no worker may send it again (OB-3). It loses its secret at once.
        """

    @abstractmethod
    async def close(
        self,
        message: OutboxMessage,
        status: MessageStatus,
        *,
        now: datetime,
        error: str | None = None,
    ) -> bool:
        """End the message for good. Sent and expired ones lose their secret at once."""


class OutboxLedger(Protocol):
    """What became of messages: for operators, for metrics, and for the export of their owner."""

    @abstractmethod
    async def census(self) -> OutboxCensus:
        """Return what there is, by state, counting no further than 10,000 in each.

        10,000 stands for that many or more (:data:`MOST_COUNTED`). The oldest waiting message is
        the first in the order of the identifiers, which sort by time.
        """

    @abstractmethod
    async def listed(
        self, status: MessageStatus, *, limit: int, after: MessageId | None = None
    ) -> list[HeldMessage]:
        """Return up to that many messages in this state, in the order of their ids."""

    @abstractmethod
    async def redrive(self, message_id: MessageId, *, now: datetime) -> bool:
        """Make a dead or a waiting message due at once; False if there is none such.

        A dead one waits again as if it had never been tried. One that a worker has at this
        moment stays with it.
        """

    @abstractmethod
    async def redrive_dead(self, *, now: datetime) -> int:
        """Do so with every dead message; return how many there were."""

    @abstractmethod
    async def to(
        self, address: EmailAddress, *, limit: int, after: MessageId | None = None
    ) -> list[HeldMessage]:
        """Return up to that many of all messages to the mailbox, in the order of their ids.

        ``after`` starts behind the message that it names.
        """

    @abstractmethod
    async def forget(self, address: EmailAddress) -> None:
        """Remove all messages to the mailbox, sent or not: its owner is gone (HD-13)."""

    @abstractmethod
    async def purge(self, *, before: datetime, limit: int) -> int:
        """Remove up to that many sent and expired messages closed before then; return how many."""

    @abstractmethod
    async def wipe_dead(self, *, now: datetime, limit: int) -> int:
        """Wipe up to that many expired secrets of dead messages; return how many (OB-5).

        The messages themselves stay for an operator.
        """


class OutboxSecrets(Protocol):
    """The secrets that messages hold, for when SECRET_KEY is changed."""

    @abstractmethod
    async def held(self, *, limit: int, after: MessageId | None = None) -> list[HeldSecret]:
        """Return up to that many secrets, in the order of the ids of their messages.

        Waiting and dead messages hold one. ``after`` starts behind the message that it names.
        """

    @abstractmethod
    async def renew(self, held: HeldSecret, sealed: bytes) -> bool:
        """Keep the secret in this box instead; False if the message holds that one no more.

        Nothing else of the message changes, and it does not matter whether a worker has it.
        """


class CircuitRepository(Protocol):
    """Circuits, by the name of what they guard. One that was never written is closed."""

    @abstractmethod
    async def get(self, name: str) -> Circuit:
        """Return the circuit."""

    @abstractmethod
    async def hold(self, name: str) -> Circuit:
        """Return the circuit, and keep others from changing it until the unit ends."""

    @abstractmethod
    async def save(self, circuit: Circuit) -> None:
        """Write the circuit that is held."""


class MailUnit(UnitOfWork, Protocol):
    """What mail touches."""

    @property
    @abstractmethod
    def outbox(self) -> Outbox:
        """Messages waiting for the worker."""

    @property
    @abstractmethod
    def outbox_ledger(self) -> OutboxLedger:
        """What became of messages."""

    @property
    @abstractmethod
    def outbox_secrets(self) -> OutboxSecrets:
        """The secrets that messages hold."""

    @property
    @abstractmethod
    def circuits(self) -> CircuitRepository:
        """The circuits."""
