"""Somebody else's sessions: seeing and ending them as an administrator (SE-4)."""

from application.paging import Cursors, Page, PageRequest
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.recording import Recorder
from application.retrying import retry_on_conflict
from application.session_ending import end_sessions
from domain.access import Permission, Principal
from domain.audit import Origin
from domain.identifiers import SessionId, UserId
from domain.session import EndReason, Session, SessionNotFound
from domain.user import UserNotFound

READ, REVOKE = Permission("sessions:read"), Permission("sessions:revoke")


class ListUserSessions:
    """Show where a user is signed in."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, cursors: Cursors) -> None:
        self._unit_of_work, self._clock, self._cursors = unit_of_work, clock, cursors

    async def __call__(
        self, *, principal: Principal, user_id: UserId, asked: PageRequest
    ) -> Page[Session]:
        """Return a page of living sessions, the newest first.

        Raises PermissionDenied, UserNotFound and InvalidCursor.
        """
        principal.require(READ)
        query = f"sessions of {user_id} for {principal.user_id}"
        before = self._cursors.start(asked, query=query, place=SessionId.parse)
        now = self._clock.now()
        async with self._unit_of_work.read_only() as unit:
            await _require_user(unit, user_id)
            found = await unit.sessions.list_living(
                user_id, now=now, limit=asked.limit + 1, before=before
            )
            count = await unit.sessions.count_living(user_id, now=now) if asked.counted else None
        return self._cursors.page(
            found, asked, query=query, position=lambda each: str(each.id), count=count
        )


class EndUserSessions:
    """End all sessions of a user, effective on the next request (SE-1)."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(self, *, principal: Principal, user_id: UserId, origin: Origin) -> int:
        """Return how many were ended. Raises PermissionDenied and UserNotFound."""
        principal.require(REVOKE)
        async with self._unit_of_work() as unit:
            await _require_user(unit, user_id)
            ended = await end_sessions(
                unit, user_id, EndReason.REVOKED_BY_ADMIN, now=self._clock.now()
            )
            if ended is None:
                return 0
            await self._recorder.record(unit, ended, actor=principal, origin=origin)
            await unit.commit()
        return ended.count


class EndUserSession:
    """End one session of a user."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self, *, principal: Principal, user_id: UserId, session_id: SessionId, origin: Origin
    ) -> None:
        """Return once it is over.

        Raises PermissionDenied, UserNotFound, and SessionNotFound alike for an unknown, an ended
        and another user's session.
        """
        principal.require(REVOKE)

        async def end() -> None:
            async with self._unit_of_work() as unit:
                await _require_user(unit, user_id)
                session = await unit.sessions.get(session_id)
                if session is None or session.user_id != user_id:
                    raise SessionNotFound
                event = session.end(EndReason.REVOKED_BY_ADMIN, now=self._clock.now())
                if event is None:
                    raise SessionNotFound
                await unit.sessions.save(session)
                await self._recorder.record(unit, event, actor=principal, origin=origin)
                await unit.commit()

        await retry_on_conflict(end)


async def _require_user(unit: UnitOfWork, user_id: UserId) -> None:
    if await unit.users.get(user_id) is None:
        raise UserNotFound
