"""Messages of the outbox: mail that is queued in the same commit as the change (OB-1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.identifiers import Identifier


class MessageId(Identifier):
    """Identifies a message in the outbox."""

    __slots__ = ()


class MessageKind(str):
    """What a message is: a mail, or (``…_requested``) a request that the worker has to answer.

    The request kinds exist so that asking for a mail costs the same whether or not the address
    has an account (EN-1): only the worker looks, and no caller waits for it. Each capability
    declares its kinds beside the texts of its mails.
    """

    __slots__ = ()


class MessageStatus(StrEnum):
    """The state of a message. Only waiting ones are ever claimed."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxMessage:
    """A mail to send. The worker renders it, so that no secret is stored in the clear.

    ``sealed_secret`` is opened at sending time only and removed with it (OB-5). ``expires_at``
    is when the secret expires; the mail is not sent after that (OB-2).
    """

    id: MessageId
    kind: MessageKind
    to: str
    parameters: Mapping[str, str]
    sealed_secret: bytes | None
    queued_at: datetime
    expires_at: datetime | None
    attempts: int = 0
