"""A secret box from the standard library."""

import hashlib
import hmac
import secrets

from application.ports.crypto import SealBroken, SecretBox

_NONCE = 16
_TAG = 32


class MemorySecretBox(SecretBox):
    """Encrypts with an HMAC-SHA256 key stream, then authenticates. For tests and demonstrations.

    Both keys follow from the given one and the purpose, so that a box of another purpose does
    not open.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        hidden = self._crypt(plain, nonce, purpose)
        return nonce + hidden + self._tag(nonce + hidden, purpose)

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        if len(sealed) < _NONCE + _TAG:
            raise SealBroken
        body, tag = sealed[:-_TAG], sealed[-_TAG:]
        if not hmac.compare_digest(tag, self._tag(body, purpose)):
            raise SealBroken
        return self._crypt(body[_NONCE:], body[:_NONCE], purpose)

    def _crypt(self, data: bytes, nonce: bytes, purpose: str) -> bytes:
        key = self._derived("stream", purpose)
        blocks = range(-(-len(data) // hashlib.sha256().digest_size))
        stream = b"".join(hmac.digest(key, nonce + n.to_bytes(8), "sha256") for n in blocks)
        return bytes(a ^ b for a, b in zip(data, stream, strict=False))

    def _tag(self, body: bytes, purpose: str) -> bytes:
        return hmac.digest(self._derived("tag", purpose), body, "sha256")

    def _derived(self, use: str, purpose: str) -> bytes:
        return hmac.digest(self._key, f"{use}:{purpose}".encode(), "sha256")
