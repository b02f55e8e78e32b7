"""Challenges that were used, over one memory transaction."""

from datetime import datetime
from itertools import islice

from adapters.memory.store import Table, Transaction, itself
from application.factors.ports import SpentChallenges
from domain.factors.challenge import InvalidChallenge

SPENT_CHALLENGES = Table[bytes, datetime]("spent_challenges", itself)


class MemorySpentChallenges(SpentChallenges):
    """When each expires, by its nonce."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._spent = transaction.table(SPENT_CHALLENGES)

    async def spend(self, nonce: bytes, *, expires_at: datetime) -> None:
        await self._transaction.writing()
        if self._spent.get(nonce) is not None:
            raise InvalidChallenge
        self._spent.put(nonce, expires_at)

    async def is_spent(self, nonce: bytes) -> bool:
        await self._transaction.reading()
        return self._spent.get(nonce) is not None

    async def purge(self, *, now: datetime, limit: int) -> int:
        await self._transaction.writing()
        expired = self._spent.select(lambda expires_at: expires_at <= now)
        return sum(self._spent.remove(nonce) for nonce in islice(expired, limit))
