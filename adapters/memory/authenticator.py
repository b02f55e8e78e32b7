"""Keyed digests without a library."""

import hmac

from application.ports.crypto import Authenticator


class MemoryAuthenticator(Authenticator):
    """HMAC-SHA256 under the key itself, with the purpose in front of the message."""

    def __init__(self, secret_key: bytes) -> None:
        self._secret_key = secret_key

    def tag(self, message: bytes, *, purpose: str) -> bytes:
        name = purpose.encode()
        return hmac.digest(self._secret_key, b"%d:%s" % (len(name), name) + message, "sha256")
