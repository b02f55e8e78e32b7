"""Access tokens as JWTs (RFC 7519) in the profile of RFC 9068 (TK-1, TK-2, TK-5, AT-5).

PyJWT signs and checks signatures. What it would let pass is decided here: a token is taken
only in the one spelling that Doorward itself writes, under a key of Doorward's, with exactly
the algorithm of that key.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, assert_never

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt import PyJWTError
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm

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
from domain.identifiers import SessionId, UserId
from domain.keys.signing_key import SigningAlgorithm
from domain.principal import Permission, RoleName

MAX_TOKEN_LENGTH = 8 * 1024
RSA_BITS = 3072
REMEMBERED_TOKENS = 10_000
_TYPE = "at+jwt"
type _PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_HEADER_NAMES = frozenset({"alg", "kid", "typ"})
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P256_BYTES = 32


@dataclass(frozen=True, slots=True)
class _Suite:
    """What a key for one algorithm looks like as a JWK (RFC 7518, RFC 8037)."""

    algorithm: Algorithm
    fixed: Mapping[str, str]
    numbers: tuple[str, ...]

    def public_members(self, jwk: Mapping[str, str]) -> dict[str, str]:
        """Return the members that make up the public key, and no others."""
        if any(jwk.get(name) != value for name, value in self.fixed.items()):
            raise ValueError("the JWK is for another algorithm")
        return {name: jwk[name] for name in sorted({*self.fixed, *self.numbers})}


_SUITES = {
    SigningAlgorithm.EDDSA: _Suite(OKPAlgorithm(), {"kty": "OKP", "crv": "Ed25519"}, ("x",)),
    SigningAlgorithm.ES256: _Suite(
        ECAlgorithm(ECAlgorithm.SHA256, ec.SECP256R1), {"kty": "EC", "crv": "P-256"}, ("x", "y")
    ),
    SigningAlgorithm.RS256: _Suite(RSAAlgorithm(RSAAlgorithm.SHA256), {"kty": "RSA"}, ("n", "e")),
}


@dataclass(frozen=True, slots=True)
class _PublicKey:
    """A key to verify with, read once."""

    name: SigningAlgorithm
    algorithm: Algorithm
    key: Any
    jwk: Mapping[str, str]

    def signed(self, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is this key's, in the one form that this key makes."""
        if self.name is SigningAlgorithm.ES256 and not _is_low(signature):
            return False
        return self.algorithm.verify(message, self.key, signature)


@dataclass(frozen=True, slots=True)
class _KeySet:
    """All that hangs on the keys in use. Replaced as a whole, so that nothing old survives."""

    header: bytes
    signing_algorithm: SigningAlgorithm
    signing_key: Any
    by_kid: Mapping[str, _PublicKey]
    by_header: Mapping[str, _PublicKey]
    verified: OrderedDict[str, AccessClaims] = field(default_factory=OrderedDict)

    def remember(self, token: str, claims: AccessClaims) -> None:
        """Keep what a verified token says; the oldest makes room.

        Tokens live for minutes, so the one that came first is also the first to expire.
        """
        if len(self.verified) >= REMEMBERED_TOKENS:
            self.verified.popitem(last=False)
        self.verified[token] = claims


class JwtAccessTokens(AccessTokens):
    """Signs with one key, and accepts what the keys in use have signed for this audience.

    Checking a signature costs more than all else on the way of a request, so tokens whose
    signature was verified are remembered, up to ten thousand and by their whole text. The
    times are checked at each use, and :meth:`use` forgets all of them.
    """

    def __init__(self, *, issuer: str, audience: str) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys: _KeySet | None = None

    def generate_key(self, algorithm: SigningAlgorithm) -> KeyMaterial:
        """Return a new key pair, the private half as unencrypted PKCS #8 in DER (RFC 5958)."""
        private_key = _generate(algorithm)
        jwk = _public_jwk(algorithm, private_key)
        return KeyMaterial(
            kid=jwk["kid"],
            algorithm=algorithm,
            public_jwk=jwk,
            private_key=private_key.private_bytes(
                Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
            ),
        )

    def use(self, signing: KeyMaterial, verifying: Sequence[VerifyingKey]) -> None:
        """Sign with the one, and accept it and the others; forget every token seen before.

        Raises ``ValueError`` for a key that cannot be read or is not what it is said to be;
        the keys so far then stay in use.
        """
        try:
            own = VerifyingKey(
                kid=signing.kid, algorithm=signing.algorithm, public_jwk=signing.public_jwk
            )
            public_keys = {key.kid: _read_public_key(key) for key in (*verifying, own)}
            private_key: Any = load_der_private_key(signing.private_key, None)
            matches = _public_jwk(signing.algorithm, private_key)["kid"] == _thumbprint(
                _SUITES[signing.algorithm].public_members(signing.public_jwk)
            )
        except (AttributeError, KeyError, TypeError, ValueError, PyJWTError):
            raise ValueError("a signing key cannot be read") from None
        if not matches:
            raise ValueError("the halves of the signing key do not belong together")
        self._keys = _KeySet(
            header=_header(signing.kid, signing.algorithm),
            signing_algorithm=signing.algorithm,
            signing_key=private_key,
            by_kid=public_keys,
            by_header={_header(kid, key.name).decode(): key for kid, key in public_keys.items()},
        )

    def issue(self, claims: AccessClaims) -> str:
        """Return a signed token; times are cut to whole seconds.

        Raises :class:`~domain.errors.ServiceUnavailable` before the first :meth:`use`.
        """
        keys = self._keys
        if keys is None:
            raise ServiceUnavailable
        payload = orjson.dumps(
            {
                "iss": self._issuer,
                "sub": str(claims.user_id),
                "aud": self._audience,
                "exp": int(claims.expires_at.timestamp()),
                "iat": int(claims.issued_at.timestamp()),
                "jti": claims.token_id,
                "sid": str(claims.session_id),
                "roles": sorted(claims.roles),
                "permissions": sorted(claims.permissions),
            }
        )
        message = keys.header + b"." + _encode(payload)
        suite = _SUITES[keys.signing_algorithm]
        signature = suite.algorithm.sign(message, keys.signing_key)
        if keys.signing_algorithm is SigningAlgorithm.ES256:
            signature = _low(signature)
        return (message + b"." + _encode(signature)).decode()

    def verify(self, token: str, *, now: datetime) -> AccessClaims:
        """Return what the token says, if all that TK-1 lists holds at ``now``."""
        keys = self._keys
        if keys is None:
            raise UnknownSigningKey
        claims = keys.verified.get(token)
        known = claims is not None
        if claims is None:
            claims = self._authenticated(token, keys)
        if claims.issued_at > now + LEEWAY:
            raise AccessTokenInvalid
        if claims.expires_at <= now - LEEWAY:
            raise AccessTokenExpired
        if not known:
            keys.remember(token, claims)
        return claims

    def jwks(self) -> list[dict[str, str]]:
        """Return the public keys in use (RFC 7517); no other member can get in here."""
        return [] if self._keys is None else [dict(key.jwk) for key in self._keys.by_kid.values()]

    def _authenticated(self, token: str, keys: _KeySet) -> AccessClaims:
        """Return what a genuine token says; only its times are left to check."""
        if len(token) > MAX_TOKEN_LENGTH:
            raise AccessTokenInvalid
        try:
            header, payload, signature = token.split(".")
            key = keys.by_header.get(header) or _key_named_in(header, keys)
            if not key.signed(f"{header}.{payload}".encode("ascii"), _decode(signature)):
                raise AccessTokenInvalid
            return self._read_claims(_loads(_decode(payload)))
        except (KeyError, OverflowError, TypeError, ValueError):
            raise AccessTokenInvalid from None

    def _read_claims(self, claims: dict[str, Any]) -> AccessClaims:
        if claims["iss"] != self._issuer or claims["aud"] != self._audience:
            raise AccessTokenInvalid
        issued_at, expires_at = _time(claims["iat"]), _time(claims["exp"])
        if expires_at < issued_at:
            raise AccessTokenInvalid
        return AccessClaims(
            user_id=UserId.parse(_text(claims["sub"])),
            session_id=SessionId.parse(_text(claims["sid"])),
            token_id=_text(claims["jti"]),
            issued_at=issued_at,
            expires_at=expires_at,
            roles=_roles(_texts(claims["roles"])),
            permissions=_permissions(_texts(claims["permissions"])),
        )


def _generate(algorithm: SigningAlgorithm) -> _PrivateKey:
    match algorithm:
        case SigningAlgorithm.EDDSA:
            return ed25519.Ed25519PrivateKey.generate()
        case SigningAlgorithm.ES256:
            return ec.generate_private_key(ec.SECP256R1())
        case SigningAlgorithm.RS256:
            return rsa.generate_private_key(65537, RSA_BITS)
        case _:
            assert_never(algorithm)


def _key_named_in(header: str, keys: _KeySet) -> _PublicKey:
    """Return the key for a header that is not spelled as ours are, if it says the same.

    A header with any other member (``jwk``, ``jku``, ``x5u``, ``crit`` …) is refused, known
    to us or not (RFC 8725, 3.10; RFC 7515, 4.1.11).
    """
    members = _loads(_decode(header))
    algorithm = SigningAlgorithm(_text(members["alg"]))
    if members.keys() != _HEADER_NAMES or members["typ"] != _TYPE:
        raise AccessTokenInvalid
    key = keys.by_kid.get(_text(members["kid"]))
    if key is None:
        raise UnknownSigningKey
    if key.name is not algorithm:
        raise AccessTokenInvalid
    return key


def _header(kid: str, algorithm: SigningAlgorithm) -> bytes:
    return _encode(orjson.dumps({"alg": algorithm.value, "typ": _TYPE, "kid": kid}))


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _decode(segment: str) -> bytes:
    """Return the bytes of unpadded base64url; raise ``ValueError`` for any second spelling.

    The last character may hold bits that no byte needs, and Python's decoder skips what it
    does not know. Only what encodes to the very same text is taken (TK-2).
    """
    data = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if _encode(data).decode() != segment:
        raise ValueError("not canonical base64url")
    return data


def _loads(data: bytes) -> dict[str, Any]:
    """Return the JSON object; raise ``ValueError`` if it is not written as we write it.

    Compact and free of duplicate names, about which two readers could disagree.
    """
    value = orjson.loads(data)
    if not isinstance(value, dict) or orjson.dumps(value) != data:
        raise ValueError("not a compact JSON object")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return tuple(_text(item) for item in value)


def _time(value: object) -> datetime:
    """Return the time; only a whole number of seconds is one (not true, not 1.5, not "1")."""
    if type(value) is not int or value < 0:
        raise ValueError("not a number of seconds")
    return datetime.fromtimestamp(value, UTC)


# Most tokens carry one of a few sets: remembered tokens share them.
@lru_cache(maxsize=256)
def _roles(names: tuple[str, ...]) -> frozenset[RoleName]:
    return frozenset(map(RoleName, names))


@lru_cache(maxsize=256)
def _permissions(names: tuple[str, ...]) -> frozenset[Permission]:
    return frozenset(map(Permission, names))


def _thumbprint(members: Mapping[str, str]) -> str:
    """Return the JWK's thumbprint (RFC 7638) over its required members."""
    canonical = orjson.dumps(dict(members), option=orjson.OPT_SORT_KEYS)
    return _encode(hashlib.sha256(canonical).digest()).decode()


def _public_jwk(algorithm: SigningAlgorithm, private_key: Any) -> dict[str, str]:
    """Return the public half of a private key, named by its thumbprint."""
    suite = _SUITES[algorithm]
    members = suite.public_members(suite.algorithm.to_jwk(private_key.public_key(), as_dict=True))
    return _named(members, _thumbprint(members), algorithm)


def _named(members: dict[str, str], kid: str, algorithm: SigningAlgorithm) -> dict[str, str]:
    return {**members, "kid": kid, "alg": algorithm.value, "use": "sig"}


def _read_public_key(source: VerifyingKey) -> _PublicKey:
    suite = _SUITES[source.algorithm]
    members = suite.public_members(source.public_jwk)
    key = suite.algorithm.from_jwk(members)
    if weakness := suite.algorithm.check_key_length(key):
        raise ValueError(weakness)
    jwk = _named(members, source.kid, source.algorithm)
    return _PublicKey(source.algorithm, suite.algorithm, key, jwk)


def _low(signature: bytes) -> bytes:
    """Return the lower of the two ECDSA signatures (r, s) and (r, n − s), which both verify."""
    if _is_low(signature):
        return signature
    r, s = signature[:_P256_BYTES], int.from_bytes(signature[_P256_BYTES:])
    return r + (_P256_ORDER - s).to_bytes(_P256_BYTES)


def _is_low(signature: bytes) -> bool:
    """Tell whether this is the one of the two that we issue: a token has one signature (TK-2)."""
    s = int.from_bytes(signature[_P256_BYTES:])
    return len(signature) == 2 * _P256_BYTES and s <= _P256_ORDER // 2
