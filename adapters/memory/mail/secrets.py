"""The secrets that messages hold, over one memory transaction."""

from dataclasses import replace

from adapters.memory.mail.tables import OUTBOX
from adapters.memory.store import Transaction
from application.mail.ports import HeldSecret, OutboxSecrets
from domain.mail.message import MessageId, MessageStatus

_OPEN = (MessageStatus.WAITING, MessageStatus.DEAD)


class MemoryOutboxSecrets(OutboxSecrets):
    """The outbox's dictionary."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._entries = transaction.table(OUTBOX)

    async def held(self, *, limit: int, after: MessageId | None = None) -> list[HeldSecret]:
        await self._transaction.reading()
        messages = [
            entry.message for status in _OPEN for entry in self._entries.find("status", status)
        ]
        held = [
            HeldSecret(message_id=each.id, sealed=each.sealed_secret)
            for each in sorted(messages, key=lambda message: message.id)
            if each.sealed_secret is not None and (after is None or each.id > after)
        ]
        return held[:limit]

    async def renew(self, held: HeldSecret, sealed: bytes) -> bool:
        await self._transaction.writing()
        entry = self._entries.get(held.message_id)
        if entry is None or entry.message.sealed_secret != held.sealed:
            return False
        message = replace(entry.message, sealed_secret=sealed)
        self._entries.put(message.id, replace(entry, message=message))
        return True
