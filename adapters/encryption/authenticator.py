"""Keyed digests: HMAC-SHA256 under one derived key per purpose (RFC 2104, RFC 5869)."""

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.encryption.secret_box import MIN_SECRET_BYTES
from application.ports.crypto import Authenticator

_KEY_BYTES = 32


class HmacAuthenticator(Authenticator):
    """Tags under keys that are derived from one secret, which the database never sees."""

    def __init__(self, secret_key: bytes) -> None:
        """Keep the secret; raise ``ValueError`` if it has fewer than 256 bits (CF-1)."""
        if len(secret_key) < MIN_SECRET_BYTES:
            raise ValueError(f"the secret key needs at least {MIN_SECRET_BYTES} bytes")
        self._secret_key = secret_key
        # Kept, unlike the box's: a trail of a million rows asks two million times.
        self._keys: dict[str, bytes] = {}

    def tag(self, message: bytes, *, purpose: str) -> bytes:
        """Return the digest."""
        key = self._keys.get(purpose)
        if key is None:
            key = self._keys[purpose] = self._derived(purpose)
        return hmac.digest(key, message, "sha256")

    def _derived(self, purpose: str) -> bytes:
        info = b"doorward tag:" + purpose.encode()
        kdf = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info)
        return kdf.derive(self._secret_key)
