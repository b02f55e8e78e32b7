"""Spending a refresh token for its successor (RF-1 to RF-4)."""

from datetime import datetime

from application.audit.recording import Recorder
from application.mail.notifications import Notifications
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.mails import SESSION_REUSED
from application.sessions.ports import SessionsUnit
from application.sessions.token_grants import RefreshOutcome, TokenGrant, TokenGrants
from domain.origin import Origin
from domain.principal import Principal, PrincipalKind
from domain.sessions.events import SessionRefused
from domain.sessions.refresh_token import RefreshToken, RefreshTokenInvalid
from domain.sessions.session import (
    EndReason,
    Over,
    Replayed,
    Reused,
    Rotated,
    Rotation,
    Session,
    SessionIsOver,
    SessionPolicy,
    Withheld,
)
from domain.users.user import User

STEPPED_UP = "STEPPED_UP"
"""Why a token was refused that was spent with a proof a moment ago."""


class RefreshSession:
    """Spend a refresh token for its successor (RF-1 to RF-4).

    The domain says what happened; it is committed; only then is a refusal raised. A request
    that another one overtook starts again and then finds its token spent a moment ago, which
    is a replay and gets the same answer.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[SessionsUnit],
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
        the reason, for a genuine one that has ended or was found to be copied. One that was spent
        with a proof a moment ago is RefreshTokenInvalid, too, and ends nothing: whoever gave the
        proof has its successor by now.
        """
        presented = RefreshToken.parse(refresh_token)
        grant = await retry_on_conflict(lambda: self._refresh(presented, origin))
        if grant is None:
            raise RefreshTokenInvalid
        return grant

    async def _refresh(self, presented: RefreshToken, origin: Origin) -> TokenGrant | None:
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
                # A session that has ended stays so, and a copied token counts in any case.
                rotation = Over(EndReason.USER_SUSPENDED)
            # Signed before the commit: a token must not be spent if its successor cannot be sent.
            grant = self._grant(rotation, session, user, now)
            await self._write(unit, rotation, session, user, origin)
            await unit.commit()
        if grant is not None or isinstance(rotation, Withheld):
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
        self, unit: SessionsUnit, rotation: Rotation, session: Session, user: User, origin: Origin
    ) -> None:
        actor = Principal(kind=PrincipalKind.USER, user_id=user.id, session_id=session.id)
        if isinstance(rotation, Over | Withheld):
            now = self._clock.now()
            because = rotation.reason.value if isinstance(rotation, Over) else STEPPED_UP
            refused = SessionRefused(user_id=user.id, because=because, occurred_at=now)
            await self._recorder.record(unit, refused, actor=actor, origin=origin)
            return
        if not isinstance(rotation, Replayed):
            await unit.sessions.save(session)
        await self._recorder.record(unit, rotation.event, actor=actor, origin=origin)
        if isinstance(rotation, Reused):
            kind, now = SESSION_REUSED, rotation.event.occurred_at
            await unit.outbox.enqueue(self._notifications.notice(kind, user.email, now=now))
