"""Keyed digests: HMAC-SHA256 under one derived key per purpose (RFC 2104, RFC 5869)."""

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.encryption.secret_box import MIN_SECRET_BYTES
from application.ports.crypto import Authenticator

_KEY_BYTES = 32


class HmacAuthenticator(Authenticator):
    """Tags under keys that are derived from one secret, which the database never sees."""

    def __init__(self, secret_key: bytes, previous: bytes | None = None) -> None:
        """Keep the secret, and the one before it while they are changed.

        Raises ``ValueError`` if one has fewer than 256 bits (CF-1).
        """
        if min(len(each) for each in (secret_key, previous or secret_key)) < MIN_SECRET_BYTES:
            raise ValueError(f"the secret key needs at least {MIN_SECRET_BYTES} bytes")
        self._secret_key, self._previous = secret_key, previous
        # Kept, unlike the box's: a trail of a million rows asks two million times.
        self._keys: dict[str, bytes] = {}

    def tag(self, message: bytes, *, purpose: str) -> bytes:
        """Return the digest."""
        key = self._keys.get(purpose)
        if key is None:
            key = self._keys[purpose] = _derived(self._secret_key, purpose)
        return hmac.digest(key, message, "sha256")

    def previous_key(self, *, purpose: str) -> bytes | None:
        """Return the key that is derived from the secret before this one."""
        return None if self._previous is None else _derived(self._previous, purpose)

    def tag_with(self, key: bytes, message: bytes) -> bytes:
        """Return the digest."""
        return hmac.digest(key, message, "sha256")


def _derived(secret: bytes, purpose: str) -> bytes:
    info = b"doorward tag:" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(secret)
