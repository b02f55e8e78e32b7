"""Guesses over one memory transaction."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from adapters.memory.store import Table, Transaction
from adapters.memory.users.tables import CREDENTIALS
from adapters.memory.users.users import MemoryUserRepository
from application.credentials.ports import Guessed, SignInAttemptsRepository
from domain.credentials.sign_in_attempts import SignInAttempts
from domain.email_address import EmailAddress
from domain.errors import ConcurrentChange

ATTEMPTS = Table[bytes, SignInAttempts]("sign_in_attempts", replace)


class MemorySignInAttemptsRepository(SignInAttemptsRepository):
    """Guesses in a dictionary; the store's lock is what holds a record."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._attempts = transaction.table(ATTEMPTS)

    async def look_up(self, email: EmailAddress, key: bytes) -> Guessed:
        await self._transaction.reading()
        user = await MemoryUserRepository(self._transaction).find_by_email(email)
        return Guessed(
            attempts=self._attempts.get(key) or SignInAttempts(key=key),
            user=user,
            credential=self._transaction.table(CREDENTIALS).get(user.id) if user else None,
        )

    async def find(self, key: bytes) -> SignInAttempts:
        await self._transaction.reading()
        return self._attempts.get(key) or SignInAttempts(key=key)

    async def hold(self, key: bytes) -> SignInAttempts:
        await self._transaction.writing()
        if (attempts := self._attempts.get(key)) is None:
            attempts = SignInAttempts(key=key)
            self._attempts.put(key, attempts)
        return attempts

    async def save(self, attempts: SignInAttempts) -> None:
        await self._transaction.writing()
        kept = self._attempts.get(attempts.key) or SignInAttempts(key=attempts.key)
        if kept.version != attempts.version:
            raise ConcurrentChange
        attempts.version += 1
        self._attempts.put(attempts.key, attempts)

    async def clear(self, *keys: bytes) -> None:
        await self._transaction.writing()
        for key in keys:
            self._attempts.remove(key)

    async def purge(self, *, before: datetime, limit: int) -> int:
        await self._transaction.writing()
        old = self._attempts.select(
            lambda a: a.last_attempt_at is not None and a.last_attempt_at < before
        )
        return sum(self._attempts.remove(key) for key in islice(old, limit))
