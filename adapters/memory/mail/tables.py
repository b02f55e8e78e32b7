"""The outbox."""

from dataclasses import dataclass, replace
from datetime import datetime

from adapters.memory.store import Table
from domain.mail.message import MessageId, MessageStatus, OutboxMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """A message and what became of it. ``due_at`` also says how long a lease lasts."""

    message: OutboxMessage
    status: MessageStatus
    due_at: datetime
    is_leased: bool = False
    closed_at: datetime | None = None
    error: str | None = None


def _copied(entry: OutboxEntry) -> OutboxEntry:
    message = replace(entry.message, parameters=dict(entry.message.parameters))
    return replace(entry, message=message)


OUTBOX = Table[MessageId, OutboxEntry](
    "outbox_messages",
    _copied,
    section="messages",
    status=lambda entry: (entry.status,),
    recipient=lambda entry: (entry.message.to.lower(),),
)
