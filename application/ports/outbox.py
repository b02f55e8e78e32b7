"""The outbox: mail that was promised in the same commit as the change (OB-1)."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from domain.email_address import EmailAddress
from domain.identifiers import MessageId


class MessageKind(StrEnum):
    """What the worker makes of a message: a mail, or (``…_requested``) a look whether to send one.

    The request kinds exist so that asking for a mail costs the same whether or not the address
    has an account (EN-1): only the worker looks, and nobody waits for it.
    """

    VERIFICATION_REQUESTED = "verification_requested"
    PASSWORD_RESET_REQUESTED = "password_reset_requested"
    VERIFY_EMAIL = "verify_email"
    ADDRESS_IN_USE = "address_in_use"
    RESET_PASSWORD = "reset_password"
    CONFIRM_EMAIL_CHANGE = "confirm_email_change"
    INVITATION = "invitation"
    PASSWORD_CHANGED = "password_changed"
    EMAIL_CHANGE_PENDING = "email_change_pending"
    EMAIL_CHANGED = "email_changed"
    ROLES_CHANGED = "roles_changed"
    ACCOUNT_ERASED = "account_erased"
    SESSION_REUSED = "session_reused"


class MessageStatus(StrEnum):
    """Where a message stands. Only waiting ones are ever claimed."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A mail to be: rendered by the worker, since a secret must not lie about in the clear.

    ``sealed_secret`` is opened at sending time only and removed with it (OB-5). ``expires_at``
    is when the secret dies; a mail is worthless after that (OB-2).
    """

    id: MessageId
    kind: MessageKind
    to: str
    parameters: Mapping[str, str]
    sealed_secret: bytes | None
    queued_at: datetime
    expires_at: datetime | None
    attempts: int = 0


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
class OutboxCensus:
    """How many messages there are in each state, and since when the oldest one waits."""

    counts: Mapping[MessageStatus, int]
    oldest_waiting: datetime | None


class Outbox(Protocol):
    """Messages waiting for the worker. ``enqueue`` takes effect with the commit around it."""

    @abstractmethod
    async def enqueue(self, message: OutboxMessage) -> None:
        """Add a message that is due at once."""

    @abstractmethod
    async def claim(self, *, limit: int, lease: timedelta, now: datetime) -> list[OutboxMessage]:
        """Lease up to that many due messages, oldest first, to the caller alone.

        Two callers never get the same message while its lease lasts. A lease that runs out
        makes the message due again. ``attempts`` counts this claim.
        """

    @abstractmethod
    async def postpone(self, message: OutboxMessage, *, until: datetime, error: str) -> bool:
        """Give a claimed message back, due again at ``until``; False if it was not ours any more.

        This and the next two count only while nobody else has claimed or closed the message
        since: a worker that was asleep over its lease must not undo another's work (OB-3).
        """

    @abstractmethod
    async def give_back(self, message: OutboxMessage, *, now: datetime) -> bool:
        """Give a claimed message back untried, due at once, as if it had not been claimed."""

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

    @abstractmethod
    async def waiting(self) -> int:
        """Return how many messages are not closed."""


class OutboxLedger(Protocol):
    """What became of messages: for operators, for metrics, and for whoever the mail was to."""

    @abstractmethod
    async def census(self) -> OutboxCensus:
        """Return what there is, by state."""

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
    async def to(self, address: EmailAddress) -> list[HeldMessage]:
        """Return what is kept of all mail to the mailbox, the oldest first."""

    @abstractmethod
    async def forget(self, address: EmailAddress) -> None:
        """Remove all messages to the mailbox, sent or not: its owner is gone (HD-13)."""

    @abstractmethod
    async def purge(self, *, before: datetime, now: datetime) -> int:
        """Remove sent and expired messages closed before then; return how many.

        Dead ones stay for an operator, but their secrets go once those have expired (OB-5).
        """
