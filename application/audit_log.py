"""The audit trail as an administrator reads it (LG-3, AZ-6)."""

from application.audit_places import place_of, position_in
from application.paging import Cursors, Page, PageRequest
from application.ports.audit import AuditQuery
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Permission, Principal
from domain.audit import AuditEvent

READ = Permission("audit:read")


class ListAuditEvents:
    """Show what happened, the newest first."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, cursors: Cursors) -> None:
        self._unit_of_work, self._cursors = unit_of_work, cursors

    async def __call__(
        self, *, principal: Principal, query: AuditQuery, asked: PageRequest
    ) -> Page[AuditEvent]:
        """Return a page. Raises PermissionDenied and InvalidCursor."""
        principal.require(READ)
        name = f"audit events {query!r} for {principal.user_id}"
        before = self._cursors.start(asked, query=name, place=position_in)
        async with self._unit_of_work.read_only() as unit:
            found = await unit.audit.search(query, limit=asked.limit + 1, before=before)
            count = await unit.audit.count(query) if asked.counted else None
        return self._cursors.page(found, asked, query=name, position=place_of, count=count)
