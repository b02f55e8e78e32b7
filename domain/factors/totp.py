"""Time-based one-time passwords (RFC 6238), and the few lines of arithmetic behind them."""

import hmac
import re
from base64 import b32decode, b32encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import ValidationFailed
from domain.identifiers import Entropy

SECRET_BYTES = 20
"""What RFC 4226, section 4, recommends."""
FEWEST_SECRET_BYTES = 10
"""What other services have handed out; only for secrets that were made elsewhere."""
MOST_SECRET_BYTES = 64
STEPS_ASIDE = 1
"""How many steps a clock may be ahead or behind (RFC 6238, section 5.2)."""
_DIGITS = re.compile(r"[0-9]{6,8}")


class Algorithm(StrEnum):
    """Which hash stands behind the codes."""

    SHA1 = "SHA1"
    SHA256 = "SHA256"
    SHA512 = "SHA512"


@dataclass(frozen=True, slots=True)
class TotpSettings:
    """How codes follow from a secret; every authenticator app knows the defaults.

    Raises :class:`ValidationFailed` for what no app makes: other than 6 or 8 digits, or a
    ``period`` outside of 15 to 60 seconds.
    """

    algorithm: Algorithm = Algorithm.SHA1
    digits: int = 6
    period: int = 30

    def __post_init__(self) -> None:
        if self.digits not in {6, 8}:
            raise ValidationFailed.of("digits", "NOT_ALLOWED", "Codes have 6 or 8 digits.")
        if not 15 <= self.period <= 60:
            message = "A code is good for 15 to 60 seconds."
            raise ValidationFailed.of("period", "NOT_ALLOWED", message)

    def counter_at(self, moment: datetime) -> int:
        """Return the number of the step that the moment is in."""
        return int(moment.timestamp()) // self.period

    def code(self, secret: bytes, counter: int) -> str:
        """Return the code of one step (RFC 4226, section 5.3)."""
        digest = hmac.digest(secret, counter.to_bytes(8), self.algorithm.value.lower())
        offset = digest[-1] & 0x0F
        number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
        return f"{number % 10**self.digits:0{self.digits}d}"

    def match(self, secret: bytes, code: str, *, now: datetime, after: int) -> int | None:
        """Return the step whose code this is, or None.

        Only the present step and its neighbours count, and of them only those behind ``after``,
        the last one that was used: so each code is good once (RFC 6238, section 5.2). The digits
        are those of ASCII and no others; every step is compared, in constant time.
        """
        if not _DIGITS.fullmatch(code) or len(code) != self.digits:
            return None
        present, found = self.counter_at(now), None
        for counter in range(present - STEPS_ASIDE, present + STEPS_ASIDE + 1):
            is_it = hmac.compare_digest(self.code(secret, counter), code)
            if is_it and counter > after:
                found = counter
        return found


def fresh_totp_secret(entropy: Entropy) -> bytes:
    """Return a new secret (160 bits)."""
    return entropy(SECRET_BYTES)


def shown_secret(secret: bytes) -> str:
    """Return the secret as people type it: Base32 (RFC 4648, section 6) without padding."""
    return b32encode(secret).decode().rstrip("=")


def read_secret(text: str) -> bytes:
    """Return what a secret in Base32 stands for; raise :class:`ValidationFailed` for no secret.

    Spaces between groups, lower case and padding are as people and exports have them.
    """
    bare = text.replace(" ", "").rstrip("=").upper()
    try:
        if not text.isascii():
            raise ValueError
        secret = b32decode(bare + "=" * (-len(bare) % 8))
    except ValueError:
        raise ValidationFailed.of("secret", "INVALID_FORMAT", "This is no Base32.") from None
    if not FEWEST_SECRET_BYTES <= len(secret) <= MOST_SECRET_BYTES:
        message = f"Use {FEWEST_SECRET_BYTES} to {MOST_SECRET_BYTES} bytes."
        raise ValidationFailed.of("secret", "INVALID_LENGTH", message)
    return secret
