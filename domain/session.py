"""The session and its refresh tokens (RF-1 to RF-5, SE-2, SE-3).

A session is a family of refresh tokens with exactly one that is current. Each refresh spends
the current one for a successor. A client that lost the answer, or has ten tabs open, may
show the spent one again for a short grace and gets the *same* successor; any other second
showing means that somebody has a copy, and ends the session.

The store keeps digests only. To repeat an answer, the successor is kept sealed under a key
that only the previous token yields: a copy of the database opens nothing.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from domain.errors import NotAuthenticated, NotFound, Violation
from domain.events import (
    SessionEnded,
    SessionRefreshed,
    SessionReplayed,
    SessionReused,
    SessionStarted,
)
from domain.identifiers import Entropy, SessionId, UserId

_FORM = re.compile(r"dwr_[A-Za-z0-9_-]{91}")
_PREFIX = "dwr_"
_GENERATION_BYTES = 4
SECRET_BYTES = 32
FAMILY_BYTES = 16
MAX_USER_AGENT = 256


class EndReason(StrEnum):
    """Why a session is over."""

    EXPIRED = "EXPIRED"
    IDLE = "IDLE"
    SIGNED_OUT = "SIGNED_OUT"
    REVOKED_BY_USER = "REVOKED_BY_USER"
    REVOKED_BY_ADMIN = "REVOKED_BY_ADMIN"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"
    REFRESH_TOKEN_REUSED = "REFRESH_TOKEN_REUSED"
    USER_SUSPENDED = "USER_SUSPENDED"
    USER_DELETED = "USER_DELETED"


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
}


class SessionIsOver(NotAuthenticated):
    """The token is genuine, and its session has ended; ``details`` says why."""

    code = "SESSION_ENDED"
    message = "This session has ended. Sign in again."

    @classmethod
    def because(cls, reason: EndReason) -> "SessionIsOver":
        """Return the error for one reason."""
        return cls(details=[Violation("session", reason.value, _EXPLANATIONS[reason])])


class RefreshTokenInvalid(NotAuthenticated):
    """Not a refresh token that we ever gave out."""

    code = "REFRESH_TOKEN_INVALID"
    message = "This refresh token is not valid."


class SessionNotFound(NotFound):
    """No live session of this user has the identifier."""

    code = "SESSION_NOT_FOUND"
    message = "There is no such session."


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What the client holds: session, generation, the family's secret and its own.

    The family secret is the same in all tokens of a session. It proves that even a token long
    spent was ours once, so that knowing a session's identifier is not enough to end it.
    """

    session_id: SessionId
    generation: int
    family_secret: bytes
    secret: bytes

    @classmethod
    def parse(cls, text: str) -> "RefreshToken":
        """Read a token; raise :class:`RefreshTokenInvalid` for any but the canonical spelling."""
        if not _FORM.fullmatch(text):
            raise RefreshTokenInvalid
        # 91 characters for 68 bytes leave two spare bits, which must be zero.
        raw = urlsafe_b64decode(text.removeprefix(_PREFIX) + "=")
        family_at = 16 + _GENERATION_BYTES
        secret_at = family_at + FAMILY_BYTES
        token = cls(
            session_id=SessionId(UUID(bytes=raw[:16])),
            generation=int.from_bytes(raw[16:family_at]),
            family_secret=raw[family_at:secret_at],
            secret=raw[secret_at:],
        )
        if str(token) != text:
            raise RefreshTokenInvalid
        return token

    def __str__(self) -> str:
        generation = self.generation.to_bytes(_GENERATION_BYTES)
        raw = self.session_id.value.bytes + generation + self.family_secret + self.secret
        return _PREFIX + urlsafe_b64encode(raw).rstrip(b"=").decode()

    def __repr__(self) -> str:
        return f"RefreshToken(session_id={self.session_id}, generation={self.generation})"

    @property
    def digest(self) -> bytes:
        """SHA-256 of the whole text: what the store keeps."""
        return hashlib.sha256(str(self).encode()).digest()

    def successor(self, secret: bytes) -> "RefreshToken":
        """Return the token of the next generation with that secret."""
        return RefreshToken(self.session_id, self.generation + 1, self.family_secret, secret)

    def pad(self) -> bytes:
        """Return 256 bits that only this token yields, to seal its one successor's secret.

        HKDF-SHA256 (RFC 5869) with an empty salt, one block. Each token has one successor,
        so the pad is used once and an exclusive-or is all the cipher it takes.
        """
        key = hmac.digest(bytes(32), self.secret, "sha256")
        return hmac.digest(key, b"doorward refresh successor v1" + self.digest + b"\x01", "sha256")


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(SECRET_BYTES)


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
    """The token was spent, and it is no retry. The session is dead and must be saved."""

    event: SessionReused


@dataclass(frozen=True, slots=True)
class Over:
    """The token is genuine and the session has ended. Nothing changed."""

    reason: EndReason


type Rotation = Rotated | Replayed | Reused | Over
"""An outcome and no exception: reuse must be *committed* before it is told (F2)."""


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
    version: int = 0

    @classmethod
    def start(
        cls,
        *,
        user_id: UserId,
        policy: SessionPolicy,
        ip_address: str | None,
        user_agent: str | None,
        now: datetime,
        entropy: Entropy,
    ) -> tuple["Session", RefreshToken, SessionStarted]:
        """Return a new session with its first refresh token."""
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
        )
        event = SessionStarted(session_id=session_id, user_id=user_id, occurred_at=now)
        return session, token, event

    @property
    def expires_at(self) -> datetime:
        """When it ends if it is not used again."""
        return min(self.idle_expires_at, self.absolute_expires_at)

    def over(self, now: datetime) -> EndReason | None:
        """Return why the session is over, or None while it lives."""
        if self.end_reason is not None:
            return self.end_reason
        if now >= self.absolute_expires_at:
            return EndReason.EXPIRED
        return EndReason.IDLE if now >= self.idle_expires_at else None

    def end(self, reason: EndReason, *, now: datetime) -> SessionEnded | None:
        """End the session for good; None if it was over already."""
        if self.over(now) is not None:
            return None
        self._close(reason, now)
        return SessionEnded(
            session_id=self.id, user_id=self.user_id, because=reason.value, occurred_at=now
        )

    def rotate(
        self, presented: RefreshToken, *, policy: SessionPolicy, now: datetime, entropy: Entropy
    ) -> Rotation:
        """Spend a refresh token, repeat the answer, or find out that it was copied.

        Raises :class:`RefreshTokenInvalid`, and changes nothing, for a token that this
        session never gave out: a guess must not be able to end somebody's session.
        """
        family = hashlib.sha256(presented.family_secret).digest()
        if not hmac.compare_digest(family, self.family_digest):
            raise RefreshTokenInvalid
        self._refuse_forgery(presented)
        if (reason := self.over(now)) is not None:
            return Over(reason)
        if presented.generation == self.generation:
            return self._advance(presented, policy, now, entropy)
        if presented.generation == self.generation - 1 and self._within_grace(policy, now):
            return self._repeat(presented, now)
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
        self, presented: RefreshToken, policy: SessionPolicy, now: datetime, entropy: Entropy
    ) -> Rotated:
        token = presented.successor(entropy(SECRET_BYTES))
        self.sealed_successor = _xor(token.secret, presented.pad()) if policy.grace else None
        self.previous_digest, self.current_digest = self.current_digest, token.digest
        self.generation, self.rotated_at, self.last_used_at = token.generation, now, now
        self.idle_expires_at = now + policy.idle
        event = SessionRefreshed(session_id=self.id, user_id=self.user_id, occurred_at=now)
        return Rotated(token, event)

    def _repeat(self, presented: RefreshToken, now: datetime) -> Rotation:
        assert self.sealed_successor is not None  # noqa: S101 - _within_grace said so
        token = presented.successor(_xor(self.sealed_successor, presented.pad()))
        event = SessionReplayed(session_id=self.id, user_id=self.user_id, occurred_at=now)
        return Replayed(token, event)

    def _close(self, reason: EndReason, now: datetime) -> None:
        self.ended_at, self.end_reason, self.sealed_successor = now, reason, None
