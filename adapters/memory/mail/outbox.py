"""The outbox over one memory transaction."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from adapters.memory.mail.tables import OUTBOX, OutboxEntry
from adapters.memory.store import Transaction
from application.mail.ports import Outbox
from domain.mail.message import MessageId, MessageKind, MessageStatus, OutboxMessage


class MemoryOutbox(Outbox):
    """Messages in a dictionary, the waiting ones found through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._entries = transaction.table(OUTBOX)

    async def enqueue(self, message: OutboxMessage) -> None:
        await self._transaction.writing()
        entry = OutboxEntry(message=message, status=MessageStatus.WAITING, due_at=message.queued_at)
        self._entries.put(message.id, entry)

    async def claim(
        self,
        *,
        kinds: Collection[MessageKind],
        limit: int,
        lease: timedelta,
        now: datetime,
        take_over: bool = True,
    ) -> list[OutboxMessage]:
        await self._transaction.writing()
        due = self._entries.find(
            "status",
            MessageStatus.WAITING,
            where=lambda entry: (
                entry.due_at <= now
                and entry.message.kind in kinds
                and (take_over or not entry.is_leased)
            ),
        )
        due.sort(key=lambda entry: (entry.message.queued_at, entry.message.id))
        claimed = [
            replace(entry.message, attempts=entry.message.attempts + 1) for entry in due[:limit]
        ]
        for entry, message in zip(due, claimed, strict=False):
            leased = replace(entry, message=message, due_at=now + lease, is_leased=True)
            self._entries.put(message.id, leased)
        return claimed

    async def renew(self, message: OutboxMessage, *, lease: timedelta, now: datetime) -> bool:
        await self._transaction.writing()
        if (entry := self._still_ours(message)) is None:
            return False
        self._entries.put(message.id, replace(entry, due_at=now + lease, is_leased=True))
        return True

    async def postpone(self, message: OutboxMessage, *, until: datetime, error: str) -> bool:
        await self._transaction.writing()
        if (entry := self._still_ours(message)) is None:
            return False
        self._entries.put(message.id, replace(entry, due_at=until, error=error, is_leased=False))
        return True

    async def give_back(self, message: OutboxMessage, *, now: datetime) -> bool:
        await self._transaction.writing()
        if (entry := self._still_ours(message)) is None:
            return False
        untried = replace(entry.message, attempts=entry.message.attempts - 1)
        self._entries.put(message.id, replace(entry, message=untried, due_at=now, is_leased=False))
        return True

    async def mark_sent(self, message_id: MessageId, *, now: datetime) -> bool:
        await self._transaction.writing()
        entry = self._entries.get(message_id)
        if entry is None or entry.status is not MessageStatus.WAITING:
            return False
        sent = replace(
            entry,
            message=replace(entry.message, sealed_secret=None),
            status=MessageStatus.SENT,
            closed_at=now,
            error=None,
            is_leased=False,
        )
        self._entries.put(message_id, sent)
        return True

    async def close(
        self,
        message: OutboxMessage,
        status: MessageStatus,
        *,
        now: datetime,
        error: str | None = None,
    ) -> bool:
        await self._transaction.writing()
        if (entry := self._still_ours(message)) is None:
            return False
        kept = entry.message
        # A dead message keeps its secret, so that an operator can send it on its way again.
        if status is not MessageStatus.DEAD:
            kept = replace(kept, sealed_secret=None)
        closed = replace(
            entry, message=kept, status=status, closed_at=now, error=error, is_leased=False
        )
        self._entries.put(message.id, closed)
        return True

    def _still_ours(self, message: OutboxMessage) -> OutboxEntry | None:
        """Return the entry unless it was closed or claimed by another worker since."""
        entry = self._entries.get(message.id)
        if entry is None or entry.status is not MessageStatus.WAITING:
            return None
        return entry if entry.message.attempts == message.attempts else None
