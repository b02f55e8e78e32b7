"""Access tokens that say nothing by themselves."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta

from application.keys.ports import (
    LEEWAY,
    AccessClaims,
    AccessTokenExpired,
    AccessTokenInvalid,
    AccessTokens,
    KeyMaterial,
    UnknownSigningKey,
    VerifyingKey,
)
from domain.errors import ServiceUnavailable
from domain.keys.signing_key import SigningAlgorithm

_REMEMBERED = timedelta(days=1)
"""How long an expired token is still told from one that never was."""

_SHAPES = {
    SigningAlgorithm.EDDSA: ({"kty": "OKP", "crv": "Ed25519"}, {"x": 32}),
    SigningAlgorithm.ES256: ({"kty": "EC", "crv": "P-256"}, {"x": 32, "y": 32}),
    SigningAlgorithm.RS256: ({"kty": "RSA", "e": "AQAB"}, {"n": 256}),
}


class OpaqueAccessTokens(AccessTokens):
    """Random handles; the claims stay here, in a dictionary.

    ``issued`` may be shared by several of these, to stand for several processes. Keys have
    the shape of real ones but are no points on any curve: nothing is ever signed with them.
    """

    def __init__(self, issued: dict[str, AccessClaims] | None = None) -> None:
        self._issued = {} if issued is None else issued
        self._signing: str | None = None
        self._verifying: dict[str, VerifyingKey] = {}

    def generate_key(self, algorithm: SigningAlgorithm) -> KeyMaterial:
        private_key = secrets.token_bytes(32)
        fixed, drawn = _SHAPES[algorithm]
        numbers = {
            name: _text(hashlib.shake_256(name.encode() + private_key).digest(length))
            for name, length in drawn.items()
        }
        members = dict(sorted({**fixed, **numbers}.items()))
        canonical = json.dumps(members, separators=(",", ":")).encode()
        kid = _text(hashlib.sha256(canonical).digest())
        public_jwk = {**members, "kid": kid, "alg": algorithm.value, "use": "sig"}
        return KeyMaterial(
            kid=kid, algorithm=algorithm, public_jwk=public_jwk, private_key=private_key
        )

    def use(self, signing: KeyMaterial, verifying: Sequence[VerifyingKey]) -> None:
        own = VerifyingKey(
            kid=signing.kid, algorithm=signing.algorithm, public_jwk=signing.public_jwk
        )
        self._signing = signing.kid
        self._verifying = {key.kid: key for key in (*verifying, own)}

    def issue(self, claims: AccessClaims) -> str:
        if self._signing is None:
            raise ServiceUnavailable
        self._forget_before(claims.issued_at - _REMEMBERED)
        token = f"{self._signing}.{secrets.token_urlsafe(32)}"
        self._issued[token] = claims
        return token

    def verify(self, token: str, *, now: datetime) -> AccessClaims:
        kid, dot, _ = token.partition(".")
        if not dot:
            raise AccessTokenInvalid
        if kid not in self._verifying:
            raise UnknownSigningKey
        claims = self._issued.get(token)
        if claims is None or claims.issued_at > now + LEEWAY:
            raise AccessTokenInvalid
        if now >= claims.expires_at + LEEWAY:
            raise AccessTokenExpired
        return claims

    def jwks(self) -> list[dict[str, str]]:
        return [dict(key.public_jwk) for key in self._verifying.values()]

    def _forget_before(self, time: datetime) -> None:
        """Drop the oldest tokens, which expire first, so that the dictionary does not grow."""
        while self._issued:
            oldest = next(iter(self._issued))
            if self._issued[oldest].expires_at >= time:
                return
            del self._issued[oldest]


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
