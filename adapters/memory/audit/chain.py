"""The chain over the audit trail, in one memory transaction."""

from collections.abc import Sequence
from dataclasses import replace

from adapters.memory.audit.tables import AUDIT, CHAIN, CHAIN_HEADS
from adapters.memory.store import Transaction
from application.audit.ports import AuditChain, AuditPosition
from domain.audit.chain import ChainedEvent, ChainHead
from domain.audit.event import AuditEvent
from domain.origin import NOWHERE

_ONE = "the one"


class MemoryAuditChain(AuditChain):
    """Places in a dictionary beside the rows; the store's lock is what holds the end."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._events, self._chain = transaction.table(AUDIT), transaction.table(CHAIN)
        self._heads = transaction.table(CHAIN_HEADS)

    async def hold(self) -> ChainHead:
        await self._transaction.writing()
        return self._heads.get(_ONE) or ChainHead()

    async def head(self) -> ChainHead:
        await self._transaction.reading()
        return self._heads.get(_ONE) or ChainHead()

    async def was_begun(self) -> bool:
        await self._transaction.reading()
        sealed = self._events.select(lambda event: event.seal is not None)
        return bool(sealed or self._chain.select(lambda _: True))

    async def last_place(self) -> int:
        await self._transaction.reading()
        return max((row.position for row in self._chain.select(lambda _: True).values()), default=0)

    async def loose(self, *, limit: int, after: AuditPosition | None = None) -> list[AuditEvent]:
        await self._transaction.reading()
        loose = self._events.select(
            lambda event: (
                self._chain.get(event.id) is None
                and (after is None or (event.occurred_at, event.id) > after)
            )
        ).values()
        return sorted(loose, key=lambda e: (e.occurred_at, e.id))[:limit]

    async def extend(self, rows: Sequence[ChainedEvent], head: ChainHead) -> None:
        await self._transaction.writing()
        for row in rows:
            self._events.put(row.event.id, row.event)
            # A place, and not a second copy of where the user came from: erasure blanks the one.
            self._chain.put(row.event.id, replace(row, event=replace(row.event, origin=NOWHERE)))
        self._heads.put(_ONE, head)

    async def read(self, *, after: int | None, up_to: int | None, limit: int) -> list[ChainedEvent]:
        await self._transaction.reading()
        places = self._chain.select(
            lambda row: (
                (after is None or row.position > after) and (up_to is None or row.position <= up_to)
            )
        )
        found = []
        for place in sorted(places.values(), key=lambda row: row.position):
            event = self._events.get(place.event.id)
            if event is not None:
                found.append(replace(place, event=event))
        return found[:limit]
