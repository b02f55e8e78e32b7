"""The audit trail over one memory transaction."""

from dataclasses import replace

from adapters.memory.audit.tables import AUDIT
from adapters.memory.store import Transaction
from application.audit.ports import AuditPosition, AuditQuery, AuditTrail
from domain.audit.event import AuditEvent
from domain.identifiers import UserId
from domain.origin import Origin


class MemoryAuditTrail(AuditTrail):
    """Rows in a dictionary, found by whom they are about through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._events = transaction.table(AUDIT)

    async def append(self, event: AuditEvent) -> None:
        await self._transaction.writing()
        self._events.put(event.id, event)

    async def about(
        self, user_id: UserId, *, limit: int, before: AuditPosition | None = None
    ) -> list[AuditEvent]:
        await self._transaction.reading()
        events = self._events.find(
            "about", str(user_id), where=lambda e: before is None or (e.occurred_at, e.id) < before
        )
        return sorted(events, key=lambda e: (e.occurred_at, e.id), reverse=True)[:limit]

    async def count_about(self, user_id: UserId) -> int:
        await self._transaction.reading()
        return len(self._events.find("about", str(user_id)))

    async def search(
        self, query: AuditQuery, *, limit: int, before: AuditPosition | None = None
    ) -> list[AuditEvent]:
        await self._transaction.reading()
        found = self._events.select(
            lambda e: query.matches(e) and (before is None or (e.occurred_at, e.id) < before)
        ).values()
        return sorted(found, key=lambda e: (e.occurred_at, e.id), reverse=True)[:limit]

    async def count(self, query: AuditQuery) -> int:
        await self._transaction.reading()
        return len(self._events.select(query.matches))

    async def forget_origins(self, user_id: UserId) -> None:
        await self._transaction.writing()
        own = {str(user_id), None}
        for event in self._events.find("about", str(user_id), where=lambda e: e.actor.id in own):
            origin = Origin(request_id=event.origin.request_id)
            self._events.put(event.id, replace(event, origin=origin))
