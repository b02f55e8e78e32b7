"""The outbox over one memory transaction."""

from dataclasses import replace
from datetime import datetime, timedelta

from adapters.memory.store import OutboxEntry, Transaction
from application.ports.outbox import MessageStatus, Outbox, OutboxMessage
from domain.identifiers import MessageId


class MemoryOutbox(Outbox):
    """Messages in a dictionary, the waiting ones found through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._entries = transaction.outbox

    async def enqueue(self, message: OutboxMessage) -> None:
        await self._transaction.writing()
        entry = OutboxEntry(message=message, status=MessageStatus.WAITING, due_at=message.queued_at)
        self._entries.put(message.id, entry)

    async def claim(self, *, limit: int, lease: timedelta, now: datetime) -> list[OutboxMessage]:
        await self._transaction.writing()
        due = self._entries.find(
            "status", MessageStatus.WAITING, where=lambda entry: entry.due_at <= now
        )
        due.sort(key=lambda entry: (entry.message.queued_at, entry.message.id))
        claimed = [
            replace(entry.message, attempts=entry.message.attempts + 1) for entry in due[:limit]
        ]
        for entry, message in zip(due, claimed, strict=False):
            leased = replace(entry, message=message, due_at=now + lease)
            self._entries.put(message.id, leased)
        return claimed

    async def postpone(self, message_id: MessageId, *, until: datetime, error: str) -> None:
        await self._transaction.writing()
        if (entry := self._waiting(message_id)) is not None:
            self._entries.put(message_id, replace(entry, due_at=until, error=error))

    async def close(
        self,
        message_id: MessageId,
        status: MessageStatus,
        *,
        now: datetime,
        error: str | None = None,
    ) -> None:
        await self._transaction.writing()
        if (entry := self._waiting(message_id)) is None:
            return
        message = entry.message
        # A dead message keeps its secret, so that an operator can send it on its way again.
        if status is not MessageStatus.DEAD:
            message = replace(message, sealed_secret=None)
        closed = replace(entry, message=message, status=status, closed_at=now, error=error)
        self._entries.put(message_id, closed)

    async def waiting(self) -> int:
        await self._transaction.reading()
        return self._entries.count("status", MessageStatus.WAITING)

    async def purge(self, *, before: datetime) -> int:
        await self._transaction.writing()
        over = {MessageStatus.SENT, MessageStatus.EXPIRED}
        old = self._entries.select(
            lambda e: e.status in over and e.closed_at is not None and e.closed_at < before
        )
        return sum(self._entries.remove(message_id) for message_id in old)

    def _waiting(self, message_id: MessageId) -> OutboxEntry | None:
        """Return the entry unless it is closed: a late worker must not open it again."""
        entry = self._entries.get(message_id)
        return entry if entry is not None and entry.status is MessageStatus.WAITING else None
