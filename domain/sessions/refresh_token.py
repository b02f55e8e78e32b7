"""Refresh tokens: what a client holds of its session (RF-1 to RF-5)."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from uuid import UUID

from domain.errors import NotAuthenticated
from domain.identifiers import SessionId

_FORM = re.compile(r"dwr_[A-Za-z0-9_-]{91}")
_PREFIX = "dwr_"
_GENERATION_BYTES = 4
SECRET_BYTES = 32
_SUCCESSOR = b"doorward refresh successor v1"
FAMILY_BYTES = 16


class RefreshTokenInvalid(NotAuthenticated):
    """Not a refresh token that Doorward ever gave out."""

    code = "REFRESH_TOKEN_INVALID"
    message = "This refresh token is not valid."
    meaning = "The refresh token is not one of ours."


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What the client holds: session, generation, the family's secret and its own.

    The family secret is the same in all tokens of a session. It proves of a token that was spent
    long ago that Doorward gave it out, so that a session's identifier is not enough to end it.
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

    def seal(self, successor: "RefreshToken", *, proven: bool = False) -> bytes:
        """Return the successor's secret under a key that only this token yields.

        ``proven``: it came with a proof of who the user is, under another key.
        """
        return _xor(successor.secret, self._pad(proven=proven))

    def open(self, sealed: bytes, *, proven: bool = False) -> "RefreshToken":
        """Return the successor that :meth:`seal` was given, if ``proven`` is as it was there."""
        return self.successor(_xor(sealed, self._pad(proven=proven)))

    def _pad(self, *, proven: bool) -> bytes:
        """Return 256 bits that only this token yields.

        HKDF-SHA256 (RFC 5869) with an empty salt, one block. Each token has one successor,
        so a pad is used once and an exclusive-or is all the cipher it takes.
        """
        key = hmac.digest(bytes(32), self.secret, "sha256")
        of = b"doorward refresh successor of a proof v1" if proven else _SUCCESSOR
        return hmac.digest(key, of + self.digest + b"\x01", "sha256")


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(SECRET_BYTES)
