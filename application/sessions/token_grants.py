"""What a client gets when it signs in or refreshes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from application.audit.recording import Recorder
from application.keys.ports import AccessClaims, AccessTokens
from application.ports.clock import Randomness
from application.sessions.ending import end_sessions
from application.sessions.ports import SessionsUnit
from domain.assurance import Assurance, Evidence, Level
from domain.identifiers import uuid7
from domain.origin import Origin
from domain.principal import ADMINISTRATOR, Authority, Principal, PrincipalKind
from domain.sessions.refresh_token import RefreshToken
from domain.sessions.session import EndReason, Session, SessionPolicy
from domain.users.user import User


class RefreshOutcome(StrEnum):
    """How the refresh token of an answer came about."""

    ISSUED = "issued"
    ROTATED = "rotated"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceToken:
    """What a device keeps, so that it is asked for the password alone until then."""

    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """Both tokens, whose they are, and for how many whole seconds they are good.

    ``authority`` is what the user's roles give in this session. ``device`` comes with a sign-in
    after which the device is trusted.
    """

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    refresh_outcome: RefreshOutcome
    session: Session
    user: User
    authority: Authority
    device: DeviceToken | None = None

    def __repr__(self) -> str:
        return f"TokenGrant(session={self.session.id})"


class TokenGrants:
    """Makes the answer to a session that has just been saved."""

    def __init__(
        self,
        *,
        tokens: AccessTokens,
        randomness: Randomness,
        access_ttl: timedelta,
        administrator_acr: Level | None,
    ) -> None:
        self._tokens, self._randomness, self._access_ttl = tokens, randomness, access_ttl
        self._administrator_acr = administrator_acr

    def grant(
        self,
        user: User,
        session: Session,
        refresh_token: RefreshToken,
        outcome: RefreshOutcome,
        *,
        now: datetime,
    ) -> TokenGrant:
        """Return a fresh access token beside the refresh token; neither outlives the session."""
        expires_at = min(now + self._access_ttl, session.absolute_expires_at)
        # What sleeps at this session's level is in no token: others go by what stands there.
        authority = user.authority(administrator=self._administrator_acr).at(session.assurance.acr)
        token_id: UUID = uuid7(now, self._randomness.token_bytes)
        claims = AccessClaims(
            subject=user.id.value,
            sid=session.id.value,
            token_id=str(token_id),
            issued_at=now,
            expires_at=expires_at,
            roles=authority.roles,
            # An administrator may do everything, also what no list could hold: the token says so
            # by its role, and that there is no list.
            permissions=None if ADMINISTRATOR in authority.roles else authority.permissions,
            acr=session.assurance.acr.value,
            amr=session.assurance.amr,
            authenticated_at=session.assurance.at,
        )
        return TokenGrant(
            access_token=self._tokens.issue(claims),
            expires_in=_whole_seconds(expires_at - now),
            refresh_token=str(refresh_token),
            refresh_expires_in=_whole_seconds(session.expires_at - now),
            refresh_outcome=outcome,
            session=session,
            user=user,
            authority=authority,
        )


class SessionStarts:
    """Opens a session within the user's cap, and makes the answer to it."""

    def __init__(
        self,
        *,
        grants: TokenGrants,
        randomness: Randomness,
        recorder: Recorder,
        policy: SessionPolicy,
    ) -> None:
        self._grants, self._randomness = grants, randomness
        self._recorder, self._policy = recorder, policy

    async def __call__(
        self,
        unit: SessionsUnit,
        user: User,
        *,
        evidence: Evidence | Assurance,
        origin: Origin,
        now: datetime,
    ) -> TokenGrant:
        """Return both tokens of a new session, which the caller has yet to commit.

        What the user has shown decides the session's level, here for every way to sign in; of a
        session that takes the place of another, what was known in that one (:meth:`Session.start`).

        Above the cap the oldest sessions end (SE-4). What cannot be signed leaves no session
        behind: the tokens are made before the commit.
        """
        session, refresh_token, started = Session.start(
            user_id=user.id,
            evidence=evidence,
            policy=self._policy,
            ip_address=origin.ip_address,
            user_agent=origin.user_agent,
            now=now,
            entropy=self._randomness.token_bytes,
        )
        evicted = None
        if self._policy.per_user:
            reason, keep = EndReason.REVOKED_BY_USER, self._policy.per_user - 1
            evicted = await end_sessions(unit, user.id, reason, now=now, keep_newest=keep)
        await unit.sessions.add(session)
        actor = Principal(kind=PrincipalKind.USER, user_id=user.id, session_id=session.id)
        await self._recorder.record(unit, started, evicted, actor=actor, origin=origin)
        return self._grants.grant(user, session, refresh_token, RefreshOutcome.ISSUED, now=now)


def _whole_seconds(span: timedelta) -> int:
    return max(0, int(span.total_seconds()))
