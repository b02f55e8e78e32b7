"""What became of messages, over one memory transaction."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from adapters.memory.mail.tables import OUTBOX, OutboxEntry
from adapters.memory.store import Transaction
from application.mail.ports import MOST_COUNTED, HeldMessage, OutboxCensus, OutboxLedger
from domain.email_address import EmailAddress
from domain.mail.message import MessageId, MessageStatus


class MemoryOutboxLedger(OutboxLedger):
    """The outbox's dictionary, by state and by mailbox."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._entries = transaction.table(OUTBOX)

    async def to(
        self, address: EmailAddress, *, limit: int, after: MessageId | None = None
    ) -> list[HeldMessage]:
        await self._transaction.reading()
        entries = self._entries.find(
            "recipient", address.key, where=lambda e: after is None or e.message.id > after
        )
        entries.sort(key=lambda entry: entry.message.id)
        return [_held(entry) for entry in entries[:limit]]

    async def forget(self, address: EmailAddress) -> None:
        await self._transaction.writing()
        for entry in self._entries.find("recipient", address.key):
            self._entries.remove(entry.message.id)

    async def census(self) -> OutboxCensus:
        await self._transaction.reading()
        counts = {status: self._entries.count("status", status) for status in MessageStatus}
        oldest = min(self._entries.keys("status", MessageStatus.WAITING), default=None)
        entry = None if oldest is None else self._entries.get(oldest)
        return OutboxCensus(
            counts={status: min(count, MOST_COUNTED) for status, count in counts.items()},
            oldest_waiting=None if entry is None else entry.message.queued_at,
        )

    async def listed(
        self, status: MessageStatus, *, limit: int, after: MessageId | None = None
    ) -> list[HeldMessage]:
        await self._transaction.reading()
        entries = self._entries.find(
            "status", status, where=lambda entry: after is None or entry.message.id > after
        )
        entries.sort(key=lambda entry: entry.message.id)
        return [_held(entry) for entry in entries[:limit]]

    async def redrive(self, message_id: MessageId, *, now: datetime) -> bool:
        await self._transaction.writing()
        entry = self._entries.get(message_id)
        if entry is None or entry.status not in {MessageStatus.DEAD, MessageStatus.WAITING}:
            return False
        if entry.status is MessageStatus.DEAD:
            self._revive(entry, now)
        elif not entry.is_leased:
            self._entries.put(message_id, replace(entry, due_at=now))
        return True

    async def redrive_dead(self, *, now: datetime) -> int:
        await self._transaction.writing()
        dead = self._entries.find("status", MessageStatus.DEAD)
        for entry in dead:
            self._revive(entry, now)
        return len(dead)

    def _revive(self, entry: OutboxEntry, now: datetime) -> None:
        fresh = replace(entry.message, attempts=0)
        waiting = replace(
            entry, message=fresh, status=MessageStatus.WAITING, due_at=now, closed_at=None
        )
        self._entries.put(fresh.id, waiting)

    async def purge(self, *, before: datetime, limit: int) -> int:
        await self._transaction.writing()
        over = {MessageStatus.SENT, MessageStatus.EXPIRED}
        old = self._entries.select(
            lambda e: e.status in over and e.closed_at is not None and e.closed_at < before
        )
        return sum(self._entries.remove(message_id) for message_id in islice(old, limit))

    async def wipe_dead(self, *, now: datetime, limit: int) -> int:
        await self._transaction.writing()
        expired = self._entries.find(
            "status",
            MessageStatus.DEAD,
            where=lambda e: (
                e.message.sealed_secret is not None
                and e.message.expires_at is not None
                and e.message.expires_at <= now
            ),
        )[:limit]
        for entry in expired:
            wiped = replace(entry.message, sealed_secret=None)
            self._entries.put(wiped.id, replace(entry, message=wiped))
        return len(expired)


def _held(entry: OutboxEntry) -> HeldMessage:
    message = entry.message
    return HeldMessage(
        id=message.id,
        kind=message.kind,
        to=message.to,
        status=entry.status,
        attempts=message.attempts,
        queued_at=message.queued_at,
        due_at=entry.due_at,
        expires_at=message.expires_at,
        closed_at=entry.closed_at,
        last_error=entry.error,
    )
