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

    def __init__(self, key: bytes, previous: bytes | None = None) -> None:
        self._keys = (key,) if previous is None else (key, previous)

    def seal(self, plain: bytes, *, purpose: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        hidden = _crypt(plain, nonce, _derived(self._keys[0], "stream", purpose))
        return nonce + hidden + _tag(nonce + hidden, self._keys[0], purpose)

    def open(self, sealed: bytes, *, purpose: str) -> bytes:
        body, key = sealed[:-_TAG], self._key_of(sealed, purpose)
        return _crypt(body[_NONCE:], body[:_NONCE], _derived(key, "stream", purpose))

    def renew(self, sealed: bytes, *, purpose: str) -> bytes | None:
        if self._key_of(sealed, purpose) is self._keys[0]:
            return None
        return self.seal(self.open(sealed, purpose=purpose), purpose=purpose)

    def _key_of(self, sealed: bytes, purpose: str) -> bytes:
        if len(sealed) >= _NONCE + _TAG:
            for key in self._keys:
                if hmac.compare_digest(sealed[-_TAG:], _tag(sealed[:-_TAG], key, purpose)):
                    return key
        raise SealBroken


def _crypt(data: bytes, nonce: bytes, key: bytes) -> bytes:
    blocks = range(-(-len(data) // hashlib.sha256().digest_size))
    stream = b"".join(hmac.digest(key, nonce + n.to_bytes(8), "sha256") for n in blocks)
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


def _tag(body: bytes, key: bytes, purpose: str) -> bytes:
    return hmac.digest(_derived(key, "tag", purpose), body, "sha256")


def _derived(key: bytes, use: str, purpose: str) -> bytes:
    return hmac.digest(key, f"{use}:{purpose}".encode(), "sha256")
