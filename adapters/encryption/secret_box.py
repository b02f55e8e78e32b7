"""Secrets at rest: AES-256-GCM, one derived key per purpose (RF-5, TK-4; ASVS 11.3.2).

A sealed secret is one version byte, the nonce, and the ciphertext with its tag.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from application.ports.crypto import SealBroken, SecretBox

MIN_SECRET_BYTES = 32
_VERSION = b"\x01"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


class AesGcmSecretBox(SecretBox):
    """Seals under keys that are derived from one secret, which the database never sees.

    Every purpose has a key of its own (HKDF-SHA256, RFC 5869), and the purpose is
    authenticated with the text as well, so that a box is never opened for another purpose.
    """

    def __init__(self, secret_key: bytes, previous: bytes | None = None) -> None:
        """Keep the secret, and the one before it while they are changed.

        Raises ``ValueError`` if one has fewer than 256 bits (CF-1).
        """
        self._secret_key, self._previous = secret_key, previous
        for secret in self._secrets:
            if len(secret) < MIN_SECRET_BYTES:
                raise ValueError(f"the secret key needs at least {MIN_SECRET_BYTES} bytes")

    @property
    def _secrets(self) -> tuple[bytes, ...]:
        """The secrets under which boxes are opened, the present one first."""
        return (self._secret_key,) if self._previous is None else (self._secret_key, self._previous)

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return the sealed bytes under a fresh random nonce (NIST SP 800-38D, 8.2.2)."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher, bound = _cipher(self._secret_key, purpose)
        return _VERSION + nonce + cipher.encrypt(nonce, plain, bound)

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return what was sealed; raise :class:`SealBroken` if one bit of it is different."""
        for secret in self._secrets:
            if (plain := _opened(sealed, secret, purpose)) is not None:
                return plain
        raise SealBroken

    def renew(self, sealed: bytes, *, purpose: str) -> bytes | None:
        """Return the secret in a new box; None if the present key opens the old one."""
        if _opened(sealed, self._secret_key, purpose) is not None:
            return None
        return self.seal(self.open(sealed, purpose=purpose), purpose=purpose)


def _opened(sealed: bytes, secret: bytes, purpose: str) -> bytes | None:
    """Return what was sealed under this secret, or None."""
    nonce_end = len(_VERSION) + _NONCE_BYTES
    if len(sealed) < nonce_end + _TAG_BYTES or not sealed.startswith(_VERSION):
        return None
    cipher, bound = _cipher(secret, purpose)
    try:
        return cipher.decrypt(sealed[len(_VERSION) : nonce_end], sealed[nonce_end:], bound)
    except InvalidTag:
        return None


def _cipher(secret: bytes, purpose: str) -> tuple[AESGCM, bytes]:
    """Return the purpose's cipher and the bytes to authenticate beside the text.

    Derived anew each time: a few microseconds, and no secret stays in a cache.
    """
    name = purpose.encode()
    kdf = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"doorward:" + name)
    return AESGCM(kdf.derive(secret)), _VERSION + name
