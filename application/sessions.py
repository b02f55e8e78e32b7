"""Keeping a session, seeing one's sessions, and ending them."""

from datetime import datetime

from application.notifications import Notifications
from application.paging import Cursors, Page, PageRequest
from application.ports.clock import Clock, Randomness
from application.ports.outbox import MessageKind
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.recording import Recorder
from application.retrying import retry_on_conflict
from application.session_ending import end_sessions
from application.token_grants import RefreshOutcome, TokenGrant, TokenGrants
from domain.access import Principal, PrincipalKind
from domain.audit import Origin
from domain.events import SessionRefused
from domain.identifiers import SessionId, UserId
from domain.session import (
    EndReason,
    Over,
    RefreshToken,
    RefreshTokenInvalid,
    Replayed,
    Reused,
    Rotated,
    Rotation,
    Session,
    SessionIsOver,
    SessionNotFound,
    SessionPolicy,
)
from domain.user import User


class RefreshSession:
    """Spend a refresh token for its successor (RF-1 to RF-4).

    The domain says what happened; it is committed; only then is a refusal raised. A request
    that another one overtook starts again and then finds its token spent a moment ago, which
    is a replay and gets the same answer.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
        notifications: Notifications,
        grants: TokenGrants,
        session_policy: SessionPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._randomness = randomness
        self._recorder = recorder
        self._notifications = notifications
        self._grants = grants
        self._session_policy = session_policy

    async def __call__(self, *, refresh_token: str, origin: Origin) -> TokenGrant:
        """Return a new access token and the one successor of the refresh token.

        Raises RefreshTokenInvalid for a token that is none of ours and SessionIsOver, with
        the reason, for a genuine one that has ended or was found to be copied.
        """
        presented = RefreshToken.parse(refresh_token)
        return await retry_on_conflict(lambda: self._refresh(presented, origin))

    async def _refresh(self, presented: RefreshToken, origin: Origin) -> TokenGrant:
        async with self._unit_of_work() as unit:
            found = await unit.sessions.get_with_user(presented.session_id)
            if found is None:
                raise RefreshTokenInvalid
            session, user = found
            now = self._clock.now()
            rotation = session.rotate(
                presented,
                policy=self._session_policy,
                now=now,
                entropy=self._randomness.token_bytes,
            )
            if user.suspended_at is not None and isinstance(rotation, Rotated | Replayed):
                # A session that is over stays so, and a copied token counts in any case.
                rotation = Over(EndReason.USER_SUSPENDED)
            # Signed before the commit: what cannot be answered must not spend the token.
            grant = self._grant(rotation, session, user, now)
            await self._write(unit, rotation, session, user, origin)
            await unit.commit()
        if grant is not None:
            return grant
        raise SessionIsOver.because(
            rotation.reason if isinstance(rotation, Over) else EndReason.REFRESH_TOKEN_REUSED
        )

    def _grant(
        self, rotation: Rotation, session: Session, user: User, now: datetime
    ) -> TokenGrant | None:
        if isinstance(rotation, Rotated):
            outcome = RefreshOutcome.ROTATED
        elif isinstance(rotation, Replayed):
            outcome = RefreshOutcome.REPLAYED
        else:
            return None
        return self._grants.grant(user, session, rotation.token, outcome, now=now)

    async def _write(
        self, unit: UnitOfWork, rotation: Rotation, session: Session, user: User, origin: Origin
    ) -> None:
        actor = Principal(kind=PrincipalKind.USER, user_id=user.id, session_id=session.id)
        if isinstance(rotation, Over):
            now, because = self._clock.now(), rotation.reason.value
            refused = SessionRefused(user_id=user.id, because=because, occurred_at=now)
            await self._recorder.record(unit, refused, actor=actor, origin=origin)
            return
        if not isinstance(rotation, Replayed):
            await unit.sessions.save(session)
        await self._recorder.record(unit, rotation.event, actor=actor, origin=origin)
        if isinstance(rotation, Reused):
            kind, now = MessageKind.SESSION_REUSED, rotation.event.occurred_at
            await unit.outbox.enqueue(self._notifications.notice(kind, user.email, now=now))


class ListOwnSessions:
    """Show the caller where they are signed in."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, cursors: Cursors) -> None:
        self._unit_of_work, self._clock, self._cursors = unit_of_work, clock, cursors

    async def __call__(self, *, principal: Principal, asked: PageRequest) -> Page[Session]:
        """Return a page of the caller's living sessions, the newest first.

        Raises InvalidCursor for a cursor that is not from this list of this caller (AZ-6).
        """
        user_id, now = _user(principal), self._clock.now()
        query = f"sessions of {user_id}"
        before = self._cursors.start(asked, query=query, place=SessionId.parse)
        async with self._unit_of_work.read_only() as unit:
            found = await unit.sessions.list_living(
                user_id, now=now, limit=asked.limit + 1, before=before
            )
            count = await unit.sessions.count_living(user_id, now=now) if asked.counted else None
        return self._cursors.page(
            found, asked, query=query, position=lambda each: str(each.id), count=count
        )


class EndOwnSession:
    """End one session of the caller's: this one (sign-out) or another."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self, *, principal: Principal, session_id: SessionId, reason: EndReason, origin: Origin
    ) -> None:
        """Return once the session is over, durably.

        Raises SessionNotFound alike for an unknown, an ended and somebody else's (AZ-2).
        """
        await retry_on_conflict(lambda: self._end(principal, session_id, reason, origin))

    async def _end(
        self, principal: Principal, session_id: SessionId, reason: EndReason, origin: Origin
    ) -> None:
        async with self._unit_of_work() as unit:
            session = await unit.sessions.get(session_id)
            if session is None or session.user_id != _user(principal):
                raise SessionNotFound
            event = session.end(reason, now=self._clock.now())
            if event is None and session_id == principal.session_id:
                return  # signed out by another request in the same moment
            if event is None:
                raise SessionNotFound
            await unit.sessions.save(session)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()


class EndOwnSessions:
    """End all sessions of the caller's, or all others."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(self, *, principal: Principal, include_current: bool, origin: Origin) -> int:
        """Return how many were ended, durably."""
        user_id, now = _user(principal), self._clock.now()
        keep = None if include_current else principal.session_id
        async with self._unit_of_work() as unit:
            ended = await end_sessions(unit, user_id, EndReason.REVOKED_BY_USER, now=now, keep=keep)
            if ended is None:
                return 0
            await self._recorder.record(unit, ended, actor=principal, origin=origin)
            await unit.commit()
        return ended.count


def _user(principal: Principal) -> UserId:
    if principal.user_id is None:
        raise SessionNotFound
    return principal.user_id
