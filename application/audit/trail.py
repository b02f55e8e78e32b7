"""The audit trail as administrators read it, and users what concerns them (LG-3, AZ-6)."""

from application.audit.places import place_of, position_in
from application.audit.ports import AuditQuery, AuditUnit
from application.paging import Cursors, Page, PageRequest
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit.event import AuditEvent
from domain.audit.permissions import AUDIT_READ
from domain.errors import NothingThere
from domain.identifiers import UserId
from domain.principal import Principal


class ListAuditEvents:
    """Show what happened, the newest first."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[AuditUnit], cursors: Cursors) -> None:
        self._unit_of_work, self._cursors = unit_of_work, cursors

    async def __call__(
        self, *, principal: Principal, query: AuditQuery, asked: PageRequest
    ) -> Page[AuditEvent]:
        """Return a page. Raises PermissionDenied and InvalidCursor."""
        principal.require(AUDIT_READ)
        name = f"audit events {query!r} for {principal.account_id}"
        before = self._cursors.start(asked, query=name, place=position_in)
        async with self._unit_of_work.read_only() as unit:
            found = await unit.audit.search(query, limit=asked.limit + 1, before=before)
            count = await unit.audit.count(query) if asked.counted else None
        return self._cursors.page(found, asked, query=name, position=place_of, count=count)


class ListOwnSecurityEvents:
    """Show the caller what was done by them and to them."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[AuditUnit], cursors: Cursors) -> None:
        self._unit_of_work, self._cursors = unit_of_work, cursors

    async def __call__(self, *, principal: Principal, asked: PageRequest) -> Page[AuditEvent]:
        """Return a page, the newest first; where others came from is left out.

        Raises InvalidCursor for a cursor that is not from this list of this caller (AZ-6).
        """
        user_id = _user(principal)
        query = f"security events of {user_id}"
        before = self._cursors.start(asked, query=query, place=position_in)
        async with self._unit_of_work.read_only() as unit:
            found = await unit.audit.about(user_id, limit=asked.limit + 1, before=before)
            count = await unit.audit.count_about(user_id) if asked.counted else None
        shown = [event.as_seen_by(user_id) for event in found]
        return self._cursors.page(shown, asked, query=query, position=place_of, count=count)


def _user(principal: Principal) -> UserId:
    if principal.user_id is None:
        raise NothingThere
    return principal.user_id
