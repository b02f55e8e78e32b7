"""Signing keys over one memory transaction."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from adapters.memory.store import Table, Transaction
from application.keys.ports import SigningKeyRepository
from domain.errors import ConcurrentChange
from domain.keys.signing_key import SigningKey

SIGNING_KEYS = Table[str, SigningKey](
    "signing_keys", lambda key: replace(key, public_jwk=dict(key.public_jwk)), kept=True
)


class MemorySigningKeyRepository(SigningKeyRepository):
    """Signing keys in a dictionary, by ``kid``."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._keys = transaction.table(SIGNING_KEYS)

    async def add(self, key: SigningKey) -> None:
        await self._transaction.writing()
        if self._keys.get(key.kid) is not None:
            raise ConcurrentChange
        self._keys.put(key.kid, key)

    async def hold_all(self) -> list[SigningKey]:
        await self._transaction.writing()
        return await self.list_all()

    async def list_all(self) -> list[SigningKey]:
        await self._transaction.reading()
        keys = self._keys.select(lambda _: True).values()
        return sorted(keys, key=lambda key: (key.published_at, key.kid))

    async def save(self, key: SigningKey) -> None:
        await self._transaction.writing()
        kept = self._keys.get(key.kid)
        if kept is None or kept.version != key.version:
            raise ConcurrentChange
        key.version += 1
        self._keys.put(key.kid, key)

    async def purge(self, *, gone_before: datetime, limit: int) -> int:
        await self._transaction.writing()
        gone = self._keys.select(lambda k: k.gone_at is not None and k.gone_at < gone_before)
        return sum(self._keys.remove(kid) for kid in islice(gone, limit))
