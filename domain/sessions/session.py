"""The session and its refresh tokens (RF-1 to RF-5, SE-2, SE-3).

A session is a family of refresh tokens with exactly one that is current. Each refresh spends
the current one for a successor. A client that lost the answer, or has ten tabs open, may
show the spent one again for a short grace and gets the *same* successor; any other second
showing means that the token was copied, and ends the session.

The store keeps digests only. To repeat an answer, the successor is kept sealed under a key
that only the previous token yields: a copy of the database opens nothing.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.assurance import Assurance, Evidence
from domain.errors import NotAuthenticated, NotFound, Violation
from domain.identifiers import Entropy, SessionId, UserId
from domain.sessions.events import (
    SessionEnded,
    SessionRefreshed,
    SessionReplayed,
    SessionReused,
    SessionStarted,
)
from domain.sessions.refresh_token import (
    FAMILY_BYTES,
    SECRET_BYTES,
    RefreshToken,
    RefreshTokenInvalid,
)

MAX_USER_AGENT = 256


class EndReason(StrEnum):
    """Why a session has ended."""

    EXPIRED = "EXPIRED"
    IDLE = "IDLE"
    SIGNED_OUT = "SIGNED_OUT"
    REVOKED_BY_USER = "REVOKED_BY_USER"
    REVOKED_BY_ADMIN = "REVOKED_BY_ADMIN"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"
    USER_SUSPENDED = "USER_SUSPENDED"
    USER_DELETED = "USER_DELETED"
    FACTORS_RESET = "FACTORS_RESET"


_EXPLANATIONS = {
    EndReason.EXPIRED: "The session reached the end of its life.",
    EndReason.IDLE: "The session was not used for too long.",
    EndReason.SIGNED_OUT: "The session was signed out.",
    EndReason.REVOKED_BY_USER: "The session was ended from another session, or by a newer one.",
    EndReason.REVOKED_BY_ADMIN: "An administrator ended the session.",
    EndReason.PASSWORD_CHANGED: "The password was changed.",
    EndReason.REFRESH_TOKEN_REUSED: "A refresh token was used twice, so it may have been stolen.",
    EndReason.USER_SUSPENDED: "The account is suspended.",
    EndReason.USER_DELETED: "The account was deleted.",
    EndReason.FACTORS_RESET: "The second factors of the account were taken away.",
}


class SessionIsOver(NotAuthenticated):
    """The token is genuine, and its session has ended; ``details`` says why."""

    code = "SESSION_ENDED"
    message = "This session has ended. Sign in again."
    meaning = "The session is over; details say why."

    @classmethod
    def because(cls, reason: EndReason) -> "SessionIsOver":
        """Return the error for one reason."""
        # A newer version may have ended it for a reason that this one has no words for.
        explanation = _EXPLANATIONS.get(reason, "The session has ended.")
        return cls(details=[Violation("session", reason.value, explanation)])


class SessionNotFound(NotFound):
    """No live session of this user has the identifier."""

    code = "SESSION_NOT_FOUND"
    message = "There is no such session."
    meaning = "There is no such session."


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How long sessions live. ``grace`` is how long a spent refresh token may be repeated."""

    idle: timedelta
    absolute: timedelta
    grace: timedelta
    per_user: int


@dataclass(frozen=True, slots=True)
class Rotated:
    """The token was current; this is its successor. The session must be saved."""

    token: RefreshToken
    event: SessionRefreshed


@dataclass(frozen=True, slots=True)
class Replayed:
    """The token was spent a moment ago; the answer is repeated. Nothing changed."""

    token: RefreshToken
    event: SessionReplayed


@dataclass(frozen=True, slots=True)
class Reused:
    """The token was spent, and this is no retry. The session has ended and must be saved."""

    event: SessionReused


@dataclass(frozen=True, slots=True)
class Withheld:
    """The token was spent a moment ago with a proof, and none came along now. Nothing changed."""


@dataclass(frozen=True, slots=True)
class Over:
    """The token is genuine and the session has ended. Nothing changed."""

    reason: EndReason


type Rotation = Rotated | Replayed | Withheld | Reused | Over
"""An outcome and no exception: reuse must be *committed* before it is answered (F2)."""


@dataclass(slots=True, eq=False, kw_only=True)
class Session:
    """A sign-in that lasts, and the one live refresh token of its family."""

    id: SessionId
    user_id: UserId
    created_at: datetime
    last_used_at: datetime
    idle_expires_at: datetime
    absolute_expires_at: datetime
    generation: int
    family_digest: bytes
    current_digest: bytes
    previous_digest: bytes | None
    sealed_successor: bytes | None
    rotated_at: datetime | None
    ended_at: datetime | None
    end_reason: EndReason | None
    ip_address: str | None
    user_agent: str | None
    assurance: Assurance
    version: int = 0

    @classmethod
    def start(
        cls,
        *,
        user_id: UserId,
        evidence: Evidence | Assurance,
        policy: SessionPolicy,
        ip_address: str | None,
        user_agent: str | None,
        now: datetime,
        entropy: Entropy,
    ) -> tuple["Session", RefreshToken, SessionStarted]:
        """Return a new session with its first refresh token.

        ``evidence`` is what was shown now, or what is known from a session whose place the new
        one takes. Raises :class:`~domain.assurance.NotEnoughShown` for evidence that names nobody.
        """
        assurance = evidence if isinstance(evidence, Assurance) else Assurance.by(evidence, at=now)
        session_id = SessionId.new(now, entropy)
        token = RefreshToken(session_id, 1, entropy(FAMILY_BYTES), entropy(SECRET_BYTES))
        session = cls(
            id=session_id,
            user_id=user_id,
            created_at=now,
            last_used_at=now,
            idle_expires_at=now + policy.idle,
            absolute_expires_at=now + policy.absolute,
            generation=1,
            family_digest=hashlib.sha256(token.family_secret).digest(),
            current_digest=token.digest,
            previous_digest=None,
            sealed_successor=None,
            rotated_at=None,
            ended_at=None,
            end_reason=None,
            ip_address=ip_address,
            user_agent=user_agent[:MAX_USER_AGENT] if user_agent else None,
            assurance=assurance,
        )
        event = SessionStarted(
            session_id=session_id,
            user_id=user_id,
            acr=assurance.acr.value,
            amr=" ".join(assurance.amr),
            occurred_at=now,
        )
        return session, token, event

    @property
    def expires_at(self) -> datetime:
        """When the session ends if it is not used again."""
        return min(self.idle_expires_at, self.absolute_expires_at)

    def over(self, now: datetime) -> EndReason | None:
        """Return why the session has ended, or None while it lives."""
        if self.end_reason is not None:
            return self.end_reason
        if now >= self.absolute_expires_at:
            return EndReason.EXPIRED
        return EndReason.IDLE if now >= self.idle_expires_at else None

    def end(self, reason: EndReason, *, now: datetime) -> SessionEnded | None:
        """End the session for good; None if it had ended already."""
        if self.over(now) is not None:
            return None
        self._close(reason, now)
        return SessionEnded(
            session_id=self.id, user_id=self.user_id, because=reason.value, occurred_at=now
        )

    def recognise_again(self, evidence: Evidence, *, now: datetime) -> None:
        """Know that the user has shown this now, beside all that they had shown before (HD-6)."""
        self.assurance = self.assurance.raised_by(evidence, at=now)

    def rotate(
        self,
        presented: RefreshToken,
        *,
        policy: SessionPolicy,
        now: datetime,
        entropy: Entropy,
        proven: bool = False,
    ) -> Rotation:
        """Spend a refresh token, repeat the answer, or detect that the token was copied.

        ``proven``: a proof of who the user is comes along. What was spent with one is repeated to
        one only: a copy of the token from before would else have what the proof has raised (ASVS
        7.2.4). The session must be saved with it.

        Raises :class:`RefreshTokenInvalid`, and changes nothing, for a token that this
        session never gave out: a guess must not be able to end a user's session.
        """
        family = hashlib.sha256(presented.family_secret).digest()
        if not hmac.compare_digest(family, self.family_digest):
            raise RefreshTokenInvalid
        self._refuse_forgery(presented)
        if (reason := self.over(now)) is not None:
            return Over(reason)
        if presented.generation == self.generation:
            return self._advance(presented, policy, now, entropy, proven=proven)
        if presented.generation == self.generation - 1 and self._within_grace(policy, now):
            return self._repeat(presented, now, proven=proven)
        self._close(EndReason.REFRESH_TOKEN_REUSED, now)
        return Reused(SessionReused(session_id=self.id, user_id=self.user_id, occurred_at=now))

    def _refuse_forgery(self, presented: RefreshToken) -> None:
        """Raise for a token whose digest we would know and which has another.

        Of older generations only the family secret is left to compare, and it sufficed.
        """
        known = {self.generation: self.current_digest, self.generation - 1: self.previous_digest}
        expected = known.get(presented.generation)
        if expected is not None and not hmac.compare_digest(presented.digest, expected):
            raise RefreshTokenInvalid
        if not 0 < presented.generation <= self.generation:
            raise RefreshTokenInvalid

    def _within_grace(self, policy: SessionPolicy, now: datetime) -> bool:
        if self.sealed_successor is None or self.rotated_at is None or not policy.grace:
            return False
        return now <= self.rotated_at + policy.grace

    def _advance(
        self,
        presented: RefreshToken,
        policy: SessionPolicy,
        now: datetime,
        entropy: Entropy,
        *,
        proven: bool,
    ) -> Rotated:
        token = presented.successor(entropy(SECRET_BYTES))
        self.sealed_successor = presented.seal(token, proven=proven) if policy.grace else None
        self.previous_digest, self.current_digest = self.current_digest, token.digest
        self.generation, self.rotated_at, self.last_used_at = token.generation, now, now
        self.idle_expires_at = now + policy.idle
        event = SessionRefreshed(session_id=self.id, user_id=self.user_id, occurred_at=now)
        return Rotated(token, event)

    def _repeat(self, presented: RefreshToken, now: datetime, *, proven: bool) -> Rotation:
        assert self.sealed_successor is not None  # noqa: S101 - _within_grace said so
        token = presented.open(self.sealed_successor)
        # Sealed with a proof it opens to another one.
        if not hmac.compare_digest(token.digest, self.current_digest):
            if not proven:
                return Withheld()
            token = presented.open(self.sealed_successor, proven=True)
        elif proven:
            self.sealed_successor = presented.seal(token, proven=True)
        event = SessionReplayed(session_id=self.id, user_id=self.user_id, occurred_at=now)
        return Replayed(token, event)

    def _close(self, reason: EndReason, now: datetime) -> None:
        self.ended_at, self.end_reason, self.sealed_successor = now, reason, None
