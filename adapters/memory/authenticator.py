"""Keyed digests without a library."""

import hmac

from application.ports.crypto import Authenticator


class MemoryAuthenticator(Authenticator):
    """HMAC-SHA256, under a key that is the HMAC-SHA256 of the purpose under the secret."""

    def __init__(self, secret_key: bytes, previous: bytes | None = None) -> None:
        self._secret_key, self._previous = secret_key, previous

    def tag(self, message: bytes, *, purpose: str) -> bytes:
        return self.tag_with(_derived(self._secret_key, purpose), message)

    def previous_key(self, *, purpose: str) -> bytes | None:
        return None if self._previous is None else _derived(self._previous, purpose)

    def tag_with(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, "sha256")


def _derived(secret: bytes, purpose: str) -> bytes:
    return hmac.digest(secret, purpose.encode(), "sha256")
