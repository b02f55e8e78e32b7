"""Where a user is signed in (SE-4)."""

from application.paging import Cursors, Page, PageRequest
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.ports import SessionsUnit
from application.sessions.subject import Subject
from domain.identifiers import SessionId, UserId
from domain.principal import Principal
from domain.sessions.permissions import SESSIONS_READ
from domain.sessions.session import Session


class ListSessions:
    """Show where a user is signed in: to the user, and to an administrator."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[SessionsUnit], clock: Clock, cursors: Cursors
    ) -> None:
        self._unit_of_work, self._clock, self._cursors = unit_of_work, clock, cursors

    async def __call__(
        self, *, principal: Principal, asked: PageRequest, user_id: UserId | None = None
    ) -> Page[Session]:
        """Return a page of living sessions, the newest first; the caller's own without ``user_id``.

        Raises PermissionDenied, UserNotFound, and InvalidCursor for a cursor that is not from
        this list of this caller (AZ-6).
        """
        subject = Subject(principal, user_id, SESSIONS_READ)
        # One's own list and an administrator's list of the same user are two lists.
        query = f"sessions of {subject.user_id}"
        query += "" if subject.is_caller else f" for {principal.account_id}"
        before = self._cursors.start(asked, query=query, place=SessionId.parse)
        now = self._clock.now()
        async with self._unit_of_work.read_only() as unit:
            await subject.ensure_exists(unit)
            found = await unit.sessions.list_living(
                subject.user_id, now=now, limit=asked.limit + 1, before=before
            )
            count = None
            if asked.counted:
                count = await unit.sessions.count_living(subject.user_id, now=now)
        return self._cursors.page(
            found, asked, query=query, position=lambda each: str(each.id), count=count
        )
