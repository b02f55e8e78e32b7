"""The trail's earlier keys, over one memory transaction."""

from dataclasses import replace

from adapters.memory.audit.tables import RETIRED_KEYS
from adapters.memory.store import Transaction
from application.audit.ports import RetiredAuditKeys
from domain.audit.retired_key import RetiredAuditKey


class MemoryRetiredAuditKeys(RetiredAuditKeys):
    """Keys in a dictionary."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._keys = transaction.table(RETIRED_KEYS)

    async def add(self, key: RetiredAuditKey) -> None:
        await self._transaction.writing()
        self._keys.put(key.id, key)

    async def list_all(self) -> list[RetiredAuditKey]:
        await self._transaction.reading()
        return sorted(self._keys.select(lambda _: True).values(), key=lambda key: key.id)

    async def renew(self, key: RetiredAuditKey) -> None:
        await self._transaction.writing()
        if (kept := self._keys.get(key.id)) is not None:
            self._keys.put(key.id, replace(kept, sealed=key.sealed))
