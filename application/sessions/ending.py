"""Ending sessions."""

from datetime import datetime

from application.audit.recording import Recorder
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.ports import SessionsUnit
from application.sessions.subject import Subject
from domain.identifiers import SessionId, UserId
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.events import SessionsEnded
from domain.sessions.permissions import SESSIONS_REVOKE
from domain.sessions.session import EndReason, SessionNotFound


async def end_sessions(
    unit: SessionsUnit,
    user_id: UserId,
    reason: EndReason,
    *,
    now: datetime,
    keep: SessionId | None = None,
    keep_newest: int = 0,
) -> SessionsEnded | None:
    """End the user's living sessions but those to keep; return what to record, if any ended.

    ``keep`` and ``keep_newest`` are those of ``SessionRepository.end_all``.
    """
    count = await unit.sessions.end_all(
        user_id, reason, now=now, keep=keep, keep_newest=keep_newest
    )
    if count == 0:
        return None
    return SessionsEnded(user_id=user_id, because=reason.value, count=count, occurred_at=now)


class EndSession:
    """End one session: the caller's (a sign-out, or from another session), or another user's."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[SessionsUnit],
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        session_id: SessionId,
        reason: EndReason,
        origin: Origin,
        user_id: UserId | None = None,
    ) -> None:
        """Return once the session has ended, durably; without ``user_id`` it is the caller's own.

        Raises PermissionDenied, UserNotFound, and SessionNotFound alike for an unknown, an ended
        and another user's session (AZ-2).
        """
        subject = Subject(principal, user_id, SESSIONS_REVOKE)
        await retry_on_conflict(lambda: self._end(principal, subject, session_id, reason, origin))

    async def _end(
        self,
        principal: Principal,
        subject: Subject,
        session_id: SessionId,
        reason: EndReason,
        origin: Origin,
    ) -> None:
        async with self._unit_of_work() as unit:
            await subject.ensure_exists(unit)
            session = await unit.sessions.get(session_id)
            if session is None or session.user_id != subject.user_id:
                raise SessionNotFound
            event = session.end(reason, now=self._clock.now())
            if event is None and subject.is_caller and session_id == principal.session_id:
                return  # signed out by another request in the same moment
            if event is None:
                raise SessionNotFound
            await unit.sessions.save(session)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()


class EndSessions:
    """End all sessions of the caller, or all but this one; or all of another user."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[SessionsUnit],
        clock: Clock,
        recorder: Recorder,
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        origin: Origin,
        user_id: UserId | None = None,
        keep_current: bool = False,
    ) -> int:
        """Return how many were ended, durably; without ``user_id`` they are the caller's own.

        Raises PermissionDenied and UserNotFound.
        """
        subject = Subject(principal, user_id, SESSIONS_REVOKE)
        reason = EndReason.REVOKED_BY_USER if subject.is_caller else EndReason.REVOKED_BY_ADMIN
        keep = principal.session_id if keep_current else None
        async with self._unit_of_work() as unit:
            await subject.ensure_exists(unit)
            ended = await end_sessions(
                unit, subject.user_id, reason, now=self._clock.now(), keep=keep
            )
            if ended is None:
                return 0
            await self._recorder.record(unit, ended, actor=principal, origin=origin)
            await unit.commit()
        return ended.count
