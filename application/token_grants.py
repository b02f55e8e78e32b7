"""What a client gets when it signs in or refreshes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from application.ports.clock import Randomness
from application.ports.tokens import AccessClaims, AccessTokens
from domain.access import permissions_of
from domain.identifiers import uuid7
from domain.session import RefreshToken, Session
from domain.user import User


class RefreshOutcome(StrEnum):
    """How the refresh token of an answer came about."""

    ISSUED = "issued"
    ROTATED = "rotated"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """Both tokens, whose they are, and for how many whole seconds they are good."""

    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    refresh_outcome: RefreshOutcome
    session: Session
    user: User

    def __repr__(self) -> str:
        return f"TokenGrant(session={self.session.id})"


class TokenGrants:
    """Makes the answer to a session that has just been saved."""

    def __init__(
        self, *, tokens: AccessTokens, randomness: Randomness, access_ttl: timedelta
    ) -> None:
        self._tokens, self._randomness, self._access_ttl = tokens, randomness, access_ttl

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
        token_id: UUID = uuid7(now, self._randomness.token_bytes)
        claims = AccessClaims(
            user_id=user.id,
            session_id=session.id,
            token_id=str(token_id),
            issued_at=now,
            expires_at=expires_at,
            roles=user.roles,
            permissions=permissions_of(user.roles),
        )
        return TokenGrant(
            access_token=self._tokens.issue(claims),
            expires_in=_whole_seconds(expires_at - now),
            refresh_token=str(refresh_token),
            refresh_expires_in=_whole_seconds(session.expires_at - now),
            refresh_outcome=outcome,
            session=session,
            user=user,
        )


def _whole_seconds(span: timedelta) -> int:
    return max(0, int(span.total_seconds()))
