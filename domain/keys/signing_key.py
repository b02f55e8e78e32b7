"""The keys that sign access tokens: published, active, retired, gone (TK-3, TK-4).

What a key is at a given time follows from its times alone. So a rotation needs one write
and nothing else to be called: the successor stands in the JWKS first, signs once every
cache has seen it, and the old key leaves when its last token has expired. That a key signs from
now on is noted once, for the audit trail; nothing waits for the note.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.keys.events import (
    SigningKeyPromoted,
    SigningKeyPublished,
    SigningKeyRetired,
    SigningKeyRevoked,
)


class SigningAlgorithm(StrEnum):
    """JWS algorithms that a key may be for; a key has exactly one (RFC 8725, 3.1)."""

    EDDSA = "EdDSA"
    ES256 = "ES256"
    RS256 = "RS256"


class KeyState(StrEnum):
    """What a key is good for."""

    PUBLISHED = "published"
    ACTIVE = "active"
    RETIRED = "retired"
    GONE = "gone"


@dataclass(slots=True, eq=False, kw_only=True)
class SigningKey:
    """A key pair. The private half is sealed before it gets here; the public one is a JWK."""

    kid: str
    algorithm: SigningAlgorithm
    public_jwk: Mapping[str, str]
    sealed_private_key: bytes
    published_at: datetime
    activates_at: datetime
    promoted_at: datetime | None = None
    retires_at: datetime | None = None
    gone_at: datetime | None = None
    version: int = 0

    @classmethod
    def publish(
        cls,
        *,
        kid: str,
        algorithm: SigningAlgorithm,
        public_jwk: Mapping[str, str],
        sealed_private_key: bytes,
        now: datetime,
        activates_at: datetime,
    ) -> tuple["SigningKey", SigningKeyPublished]:
        """Return a key that stands in the JWKS from now on and signs from ``activates_at``."""
        key = cls(
            kid=kid,
            algorithm=algorithm,
            public_jwk=public_jwk,
            sealed_private_key=sealed_private_key,
            published_at=now,
            activates_at=activates_at,
        )
        return key, SigningKeyPublished(kid=kid, occurred_at=now)

    def promote(self, *, now: datetime) -> SigningKeyPromoted | None:
        """Note that the key signs by now; None if it does not yet, or if that is noted already."""
        came = now >= self.activates_at
        never = self.retires_at is not None and self.retires_at <= self.activates_at
        if self.promoted_at is not None or not came or never:
            return None
        self.promoted_at = self.activates_at
        return SigningKeyPromoted(kid=self.kid, occurred_at=self.promoted_at)

    def retire(self, *, at: datetime, keep: timedelta, now: datetime) -> SigningKeyRetired:
        """Sign no more from ``at`` on; stay in the JWKS for ``keep`` (token life plus leeway)."""
        self.retires_at, self.gone_at = at, at + keep
        return SigningKeyRetired(kid=self.kid, occurred_at=now)

    def revoke(self, *, now: datetime) -> SigningKeyRevoked:
        """Leave the JWKS at once: every token that this key signed is refused."""
        self.retires_at = self.gone_at = now
        return SigningKeyRevoked(kid=self.kid, occurred_at=now)

    @property
    def is_usable(self) -> bool:
        """Whether this version knows the algorithm: a newer one beside it may have other keys."""
        return self.algorithm in list(SigningAlgorithm)

    def state(self, now: datetime) -> KeyState:
        """Return what the key is good for at ``now``."""
        if self.gone_at is not None and now >= self.gone_at:
            return KeyState.GONE
        if self.retires_at is not None and now >= self.retires_at:
            return KeyState.RETIRED
        return KeyState.ACTIVE if now >= self.activates_at else KeyState.PUBLISHED


def signing(keys: Iterable[SigningKey], *, now: datetime) -> SigningKey | None:
    """Return the key to sign with: the active one that became so last."""
    active = [key for key in keys if key.state(now) is KeyState.ACTIVE]
    return max(active, key=lambda key: (key.activates_at, key.kid), default=None)


def last_to_sign(keys: Iterable[SigningKey], *, now: datetime) -> SigningKey | None:
    """Return the last of the keys that sign one after the other, with no gap, from now on."""
    kept, last, at = list(keys), None, now
    while (key := signing(kept, now=at)) is not None:
        last = key
        if key.retires_at is None:
            break
        at = key.retires_at
    return last


def provided(keys: Iterable[SigningKey], *, now: datetime) -> bool:
    """Tell whether there is a key to sign with, now and at any later time, without a change."""
    last = last_to_sign(keys, now=now)
    return last is not None and last.retires_at is None


def first_day(keys: Iterable[SigningKey], *, wait: timedelta, now: datetime) -> datetime:
    """Return from when a new key may sign: at once where none does, else after ``wait``.

    Not before a key that is published already and has yet to sign.
    """
    kept = list(keys)
    if signing(kept, now=now) is None:
        return now
    waiting = (key.activates_at for key in kept if key.state(now) is KeyState.PUBLISHED)
    return max([now + wait, *waiting])


def make_room(
    newcomer: SigningKey, others: Iterable[SigningKey], *, keep: timedelta, now: datetime
) -> dict[SigningKey, SigningKeyRetired | None]:
    """Give keys their ends, so that one signs at any time and ``newcomer`` alone in the end.

    Where none signed, the newcomer itself ends on the day from which those that are published
    already do without it.
    Returns the keys that were changed, with an event for each that had no end before.
    """
    kept = [key for key in others if key.state(now) in {KeyState.PUBLISHED, KeyState.ACTIVE}]
    last = last_to_sign(kept, now=now)
    if last is None:
        days = [key.activates_at for key in kept if provided(kept, now=key.activates_at)]
        return {newcomer: newcomer.retire(at=min(days), keep=keep, now=now)} if days else {}
    end = newcomer.activates_at
    changed: dict[SigningKey, SigningKeyRetired | None] = {}
    for key in kept:
        had_end = key.retires_at
        if key is last or had_end is None or had_end > end:
            event = key.retire(at=end, keep=keep, now=now)
            changed[key] = event if had_end is None else None
    return changed


def verifying(keys: Iterable[SigningKey], *, now: datetime) -> list[SigningKey]:
    """Return the keys that the JWKS shows: all but the gone ones."""
    return [key for key in keys if key.state(now) is not KeyState.GONE]
