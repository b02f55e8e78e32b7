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

    def __init__(self, secret_key: bytes) -> None:
        """Keep the secret; raise ``ValueError`` if it has fewer than 256 bits (CF-1)."""
        if len(secret_key) < MIN_SECRET_BYTES:
            raise ValueError(f"the secret key needs at least {MIN_SECRET_BYTES} bytes")
        self._secret_key = secret_key

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        """Return the sealed bytes under a fresh random nonce (NIST SP 800-38D, 8.2.2)."""
        nonce = os.urandom(_NONCE_BYTES)
        cipher, bound = self._for(purpose)
        return _VERSION + nonce + cipher.encrypt(nonce, plain, bound)

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return what was sealed; raise :class:`SealBroken` if one bit of it is different."""
        nonce_end = len(_VERSION) + _NONCE_BYTES
        if len(sealed) < nonce_end + _TAG_BYTES or not sealed.startswith(_VERSION):
            raise SealBroken
        cipher, bound = self._for(purpose)
        try:
            return cipher.decrypt(sealed[len(_VERSION) : nonce_end], sealed[nonce_end:], bound)
        except InvalidTag:
            raise SealBroken from None

    def _for(self, purpose: str) -> tuple[AESGCM, bytes]:
        """Return the purpose's cipher and the bytes to authenticate beside the text.

        Derived anew each time: a few microseconds, and no secret stays in a cache.
        """
        name = purpose.encode()
        kdf = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"doorward:" + name)
        return AESGCM(kdf.derive(self._secret_key)), _VERSION + name
