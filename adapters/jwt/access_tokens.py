"""Access tokens as JWTs (RFC 7519) in the profile of RFC 9068 (TK-1, TK-2, TK-5, AT-5).

PyJWT signs and checks signatures. What it would let pass is decided here: a token is taken
only in the one spelling that Doorward itself writes, under a key of Doorward's, with exactly
the algorithm of that key.
"""

from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from jwt import PyJWTError

from adapters.jwt.signing import (
    SUITES,
    PublicKey,
    encode,
    generate,
    public_jwk,
    read_public_key,
    sign,
    signature_length,
    thumbprint,
)
from application.keys.ports import (
    LEEWAY,
    MOST_ISSUED,
    OWN_CLIENT,
    AccessClaims,
    AccessTokenExpired,
    AccessTokenInvalid,
    AccessTokens,
    KeyMaterial,
    UnknownSigningKey,
    VerifyingKey,
)
from domain.assurance import Level
from domain.errors import ServiceUnavailable
from domain.identifiers import Identifier
from domain.keys.signing_key import SigningAlgorithm
from domain.principal import Permission, RoleName

MAX_TOKEN_LENGTH = 8 * 1024
"""What is read at all (TK-5); what is issued is half of it at most."""
REMEMBERED_TOKENS = 10_000
_TYPE = "at+jwt"
_LEAST = Level.AAL1.value
_HEADER_NAMES = frozenset({"alg", "kid", "typ"})


@dataclass(frozen=True, slots=True)
class _KeySet:
    """All that hangs on the keys in use. Replaced as a whole, so that nothing old survives."""

    header: bytes
    signing_algorithm: SigningAlgorithm
    signing_key: Any
    most_payload: int
    by_kid: Mapping[str, PublicKey]
    by_header: Mapping[str, PublicKey]
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
        private_key = generate(algorithm)
        jwk = public_jwk(algorithm, private_key)
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
            public_keys = {key.kid: read_public_key(key) for key in (*verifying, own)}
            private_key: Any = load_der_private_key(signing.private_key, None)
            matches = public_jwk(signing.algorithm, private_key)["kid"] == thumbprint(
                SUITES[signing.algorithm].public_members(signing.public_jwk)
            )
        except (AttributeError, KeyError, TypeError, ValueError, PyJWTError):
            raise ValueError("a signing key cannot be read") from None
        if not matches:
            raise ValueError("the halves of the signing key do not belong together")
        header = _header(signing.kid, signing.algorithm)
        self._keys = _KeySet(
            header=header,
            signing_algorithm=signing.algorithm,
            signing_key=private_key,
            most_payload=_most_payload(header, private_key),
            by_kid=public_keys,
            by_header={_header(kid, key.name).decode(): key for kid, key in public_keys.items()},
        )

    def issue(self, claims: AccessClaims) -> str:
        """Return a signed token of at most MOST_ISSUED characters; times are cut to whole seconds.

        It says the first of ``claims.shortened()`` that fits. The length is known before the
        signature is made, whose length the key decides. Raises
        :class:`~domain.errors.ServiceUnavailable` before the first :meth:`use`.
        """
        keys = self._keys
        if keys is None:
            raise ServiceUnavailable
        for said in claims.shortened():
            payload = self._payload(said)
            if len(payload) <= keys.most_payload:
                break
        else:
            raise ValueError("an access token cannot be made this short")
        message = keys.header + b"." + encode(payload)
        signature = sign(keys.signing_algorithm, keys.signing_key, message)
        return (message + b"." + encode(signature)).decode()

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

    def _payload(self, claims: AccessClaims) -> bytes:
        said: dict[str, object] = {
            "iss": self._issuer,
            "sub": str(claims.subject),
            "aud": self._audience,
            "exp": int(claims.expires_at.timestamp()),
            "iat": int(claims.issued_at.timestamp()),
            "jti": claims.token_id,
            "client_id": OWN_CLIENT,
            "sid": str(claims.sid),
            "acr": claims.acr,
            "amr": claims.amr,
            "auth_time": int(claims.authenticated_at.timestamp()),
        }
        if claims.roles is not None:
            said["roles"] = sorted(claims.roles)
        if claims.permissions is not None:
            said["permissions"] = sorted(claims.permissions)
        if claims.omitted:
            said["claims_omitted"] = claims.omitted
        return orjson.dumps(said)

    def _read_claims(self, claims: dict[str, Any]) -> AccessClaims:
        if claims["iss"] != self._issuer or claims["aud"] != self._audience:
            raise AccessTokenInvalid
        # Tokens of releases before `client_id` and `acr` live on for ten minutes after an upgrade.
        if claims.get("client_id", OWN_CLIENT) != OWN_CLIENT:
            raise AccessTokenInvalid
        issued_at, expires_at = _time(claims["iat"]), _time(claims["exp"])
        if expires_at < issued_at:
            raise AccessTokenInvalid
        omitted = _omitted(claims)
        return AccessClaims(
            subject=Identifier.parse(_text(claims["sub"])).value,
            sid=Identifier.parse(_text(claims["sid"])).value,
            token_id=_text(claims["jti"]),
            issued_at=issued_at,
            expires_at=expires_at,
            roles=None if "roles" in omitted else _roles(_texts(claims["roles"])),
            permissions=(
                None if "permissions" in omitted else _permissions(_texts(claims["permissions"]))
            ),
            acr=_text(claims.get("acr", _LEAST)),
            amr=_texts(claims.get("amr", [])),
            authenticated_at=_time(claims.get("auth_time", claims["iat"])),
        )


def _key_named_in(header: str, keys: _KeySet) -> PublicKey:
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
    return encode(orjson.dumps({"alg": algorithm.value, "typ": _TYPE, "kid": kid}))


def _most_payload(header: bytes, private_key: Any) -> int:
    """Return how many bytes of JSON fit into a token of MOST_ISSUED characters under this key."""
    signature = encode(bytes(signature_length(private_key)))
    return (MOST_ISSUED - len(header) - len(signature) - len("..")) * 3 // 4


def _decode(segment: str) -> bytes:
    """Return the bytes of unpadded base64url; raise ``ValueError`` for any second spelling.

    The last character may hold bits that no byte needs, and Python's decoder skips what it
    does not know. Only what encodes to the very same text is taken (TK-2).
    """
    data = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    if encode(data).decode() != segment:
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


def _omitted(claims: dict[str, Any]) -> tuple[str, ...]:
    """Return the claims that a token says it leaves out; ValueError if one of them is there."""
    names = _texts(claims.get("claims_omitted", []))
    if not claims.keys().isdisjoint(names):
        raise ValueError("an omitted claim is not omitted")
    return names


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
