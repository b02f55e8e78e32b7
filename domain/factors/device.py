"""Devices on which a user is asked for the password alone, until they forget them."""

import hashlib
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import NotFound
from domain.identifiers import Entropy, Identifier, UserId

SECRET_BYTES = 32
_FORM = re.compile(r"dwd_[A-Za-z0-9_-]{43}")


class DeviceId(Identifier):
    """Identifies a trusted device."""

    __slots__ = ()


def digest_of_device(token: str) -> bytes | None:
    """Return what is stored and looked up in the token's place; None for what is no token."""
    if not _FORM.fullmatch(token):
        return None
    return hashlib.sha256(b"device:" + token.encode()).digest()


MOST_DEVICES = 20
"""How many devices a user may trust; for one more the oldest is forgotten."""


class DeviceNotFound(NotFound):
    """The user trusts no device with this identifier."""

    code = "DEVICE_NOT_FOUND"
    message = "There is no such device."
    meaning = "The user trusts no device with this identifier."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedDevice:
    """A device that showed a second factor once, and keeps a token of that."""

    id: DeviceId
    user_id: UserId
    digest: bytes
    created_at: datetime
    expires_at: datetime
    ip_address: str | None
    user_agent: str | None

    @classmethod
    def trust(
        cls,
        *,
        user_id: UserId,
        ttl: timedelta,
        ip_address: str | None,
        user_agent: str | None,
        now: datetime,
        entropy: Entropy,
    ) -> tuple["TrustedDevice", str]:
        """Return the record to keep, and the token for the device (256 random bits)."""
        token = "dwd_" + urlsafe_b64encode(entropy(SECRET_BYTES)).rstrip(b"=").decode()
        device = cls(
            id=DeviceId.new(now, entropy),
            user_id=user_id,
            digest=hashlib.sha256(b"device:" + token.encode()).digest(),
            created_at=now,
            expires_at=now + ttl,
            ip_address=ip_address,
            user_agent=user_agent[:256] if user_agent else None,
        )
        return device, token

    def is_good(self, *, ttl: timedelta, now: datetime) -> bool:
        """Tell whether it is trusted now; ``ttl`` is how long any device may be, as of today."""
        return now < min(self.expires_at, self.created_at + ttl)
