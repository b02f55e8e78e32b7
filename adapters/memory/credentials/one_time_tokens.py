"""Mailed secrets' records over one memory transaction."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice

from adapters.memory.store import Table, Transaction, itself
from adapters.memory.users.users import require_user
from application.credentials.ports import OneTimeTokenRepository
from domain.credentials.one_time_token import OneTimeToken, Purpose
from domain.identifiers import UserId

ONE_TIME_TOKENS = Table[tuple[UserId, Purpose], OneTimeToken](
    "one_time_tokens",
    itself,
    section="mailed_secrets",
    owner=lambda token: token.user_id,
    digest=lambda token: (token.digest,),
)


class MemoryOneTimeTokenRepository(OneTimeTokenRepository):
    """Mailed secrets in a dictionary, by user and purpose, found by digest through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._tokens = transaction.table(ONE_TIME_TOKENS)

    async def put(self, token: OneTimeToken) -> None:
        await self._transaction.writing()
        require_user(self._transaction, token.user_id)
        self._tokens.put((token.user_id, token.purpose), token)

    async def find(self, digest: bytes) -> OneTimeToken | None:
        await self._transaction.reading()
        return next(iter(self._tokens.find("digest", digest)), None)

    async def take(self, digest: bytes) -> OneTimeToken | None:
        await self._transaction.writing()
        token = next(iter(self._tokens.find("digest", digest)), None)
        if token is not None:
            self._tokens.remove((token.user_id, token.purpose))
        return token

    async def list_of(self, user_id: UserId) -> list[OneTimeToken]:
        await self._transaction.reading()
        found = (self._tokens.get((user_id, purpose)) for purpose in sorted(Purpose))
        return [token for token in found if token is not None]

    async def discard(self, user_id: UserId, purposes: Sequence[Purpose]) -> None:
        await self._transaction.writing()
        for purpose in purposes:
            self._tokens.remove((user_id, purpose))

    async def purge(self, *, now: datetime, limit: int) -> int:
        await self._transaction.writing()
        expired = self._tokens.select(lambda token: token.expires_at <= now)
        return sum(self._tokens.remove(key) for key in islice(expired, limit))
