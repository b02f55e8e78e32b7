"""Secrets that travel by mail: bound to a purpose, spent once (AT-1, AT-4, AT-5)."""

import hashlib
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.email_address import EmailAddress
from domain.errors import InvalidSecret
from domain.identifiers import Entropy, UserId

SECRET_BYTES = 32
_FORM = re.compile(r"dwm_[A-Za-z0-9_-]{43}")


class InvalidToken(InvalidSecret):
    """One answer for a wrong, used, expired, replaced or foreign secret."""

    code = "INVALID_TOKEN"
    message = "This link or token cannot be used. Ask for a new one."
    meaning = "The mailed token is wrong, used, old or replaced."


class Purpose(StrEnum):
    """What a mailed secret may be spent for, and nothing else."""

    EMAIL_VERIFICATION = "email_verification"
    PASSWORD_RESET = "password_reset"
    EMAIL_CHANGE = "email_change"
    INVITATION = "invitation"
    SIGN_IN = "sign_in"
    FACTOR_UNDO = "factor_undo"
    FACTOR_ENROLMENT = "factor_enrolment"


OF_THE_PASSWORD = tuple(purpose for purpose in Purpose if purpose is not Purpose.FACTOR_UNDO)
"""What can be spent no more after a change of the password (AT-6).

The link that undoes the first second factor outlives it: whoever added that factor with a stolen
password would only have to change the password, too.
"""


def digest_of(secret: str, purpose: Purpose) -> bytes:
    """Return what is stored and looked up in the secret's place.

    The whole text and the purpose go into it, so that any other spelling and any other
    purpose give another digest (TK-2). A plain hash is enough for 256 random bits.
    Raises :class:`InvalidToken` for text that no secret of ours can be.
    """
    if not _FORM.fullmatch(secret):
        raise InvalidToken
    return hashlib.sha256(f"{purpose.value}:{secret}".encode()).digest()


def fresh_secret(entropy: Entropy) -> str:
    """Return a secret to mail (256 random bits)."""
    return "dwm_" + urlsafe_b64encode(entropy(SECRET_BYTES)).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeToken:
    """A mailed secret's record. A user has at most one per purpose: a newer one replaces it."""

    user_id: UserId
    purpose: Purpose
    email: EmailAddress
    digest: bytes
    created_at: datetime
    expires_at: datetime

    @classmethod
    def issue(
        cls,
        *,
        user_id: UserId,
        purpose: Purpose,
        email: EmailAddress,
        ttl: timedelta,
        now: datetime,
        entropy: Entropy,
    ) -> tuple["OneTimeToken", str]:
        """Return the record to keep and the secret to mail."""
        secret = fresh_secret(entropy)
        token = cls(
            user_id=user_id,
            purpose=purpose,
            email=email,
            digest=digest_of(secret, purpose),
            created_at=now,
            expires_at=now + ttl,
        )
        return token, secret

    def ensure_proves(self, email: EmailAddress, *, now: datetime) -> None:
        """Raise InvalidToken unless the secret still proves this very address."""
        if now >= self.expires_at or self.email.key != email.key:
            raise InvalidToken
