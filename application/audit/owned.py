"""The audit trail in a person's export and erasure."""

from collections.abc import AsyncIterator

from application.audit.ports import AuditPosition, AuditUnit
from application.owned_data import BATCH, OwnedData, Owner, Record, in_batches
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit.event import AuditEvent


class SecurityEventsData(OwnedData[AuditUnit]):
    """What was done by the user and to the user; where other people came from is left out."""

    section, is_list = "security_events", True

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[AuditUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield the rows of the trail, the newest first."""

        async def read(before: AuditPosition | None) -> list[AuditEvent]:
            async with self._unit_of_work.read_only() as unit:
                return await unit.audit.about(owner.user_id, limit=BATCH, before=before)

        async for row in in_batches(read, lambda each: (each.occurred_at, each.id)):
            event = row.as_seen_by(owner.user_id)
            target = event.target
            yield {
                "id": str(event.id),
                "occurred_at": event.occurred_at,
                "type": event.type,
                "outcome": event.outcome,
                "reason": event.reason,
                "actor": {"kind": event.actor.kind, "id": event.actor.id},
                "target": None if target is None else {"kind": target.kind, "id": target.id},
                "ip_address": event.origin.ip_address,
                "user_agent": event.origin.user_agent,
                "request_id": event.origin.request_id,
                "data": dict(event.data),
            }

    async def erase(self, unit: AuditUnit, owner: Owner) -> None:
        """Blank where the user came from; who, what and when stay, with the bare id."""
        await unit.audit.forget_origins(owner.user_id)
