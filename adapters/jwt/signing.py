"""Signing keys: pairs, their JWKs, and signatures with them (RFC 7517, RFC 7518, RFC 8037)."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from application.keys.ports import VerifyingKey
from domain.keys.signing_key import SigningAlgorithm

RSA_BITS = 3072
type PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P256_BYTES = 32


@dataclass(frozen=True, slots=True)
class Suite:
    """What a key for one algorithm looks like as a JWK (RFC 7518, RFC 8037)."""

    algorithm: Algorithm
    fixed: Mapping[str, str]
    numbers: tuple[str, ...]

    def public_members(self, jwk: Mapping[str, str]) -> dict[str, str]:
        """Return the members that make up the public key, and no others."""
        if any(jwk.get(name) != value for name, value in self.fixed.items()):
            raise ValueError("the JWK is for another algorithm")
        return {name: jwk[name] for name in sorted({*self.fixed, *self.numbers})}


SUITES = {
    SigningAlgorithm.EDDSA: Suite(OKPAlgorithm(), {"kty": "OKP", "crv": "Ed25519"}, ("x",)),
    SigningAlgorithm.ES256: Suite(
        ECAlgorithm(ECAlgorithm.SHA256, ec.SECP256R1), {"kty": "EC", "crv": "P-256"}, ("x", "y")
    ),
    SigningAlgorithm.RS256: Suite(RSAAlgorithm(RSAAlgorithm.SHA256), {"kty": "RSA"}, ("n", "e")),
}


@dataclass(frozen=True, slots=True)
class PublicKey:
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


def generate(algorithm: SigningAlgorithm) -> PrivateKey:
    """Return a new private key for this algorithm."""
    match algorithm:
        case SigningAlgorithm.EDDSA:
            return ed25519.Ed25519PrivateKey.generate()
        case SigningAlgorithm.ES256:
            return ec.generate_private_key(ec.SECP256R1())
        case SigningAlgorithm.RS256:
            return rsa.generate_private_key(65537, RSA_BITS)
        case _:
            assert_never(algorithm)


def encode(data: bytes) -> bytes:
    """Return unpadded base64url (RFC 7515, section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=")


def thumbprint(members: Mapping[str, str]) -> str:
    """Return the JWK's thumbprint (RFC 7638) over its required members."""
    canonical = orjson.dumps(dict(members), option=orjson.OPT_SORT_KEYS)
    return encode(hashlib.sha256(canonical).digest()).decode()


def public_jwk(algorithm: SigningAlgorithm, private_key: Any) -> dict[str, str]:
    """Return the public half of a private key, named by its thumbprint."""
    suite = SUITES[algorithm]
    members = suite.public_members(suite.algorithm.to_jwk(private_key.public_key(), as_dict=True))
    return _named(members, thumbprint(members), algorithm)


def _named(members: dict[str, str], kid: str, algorithm: SigningAlgorithm) -> dict[str, str]:
    return {**members, "kid": kid, "alg": algorithm.value, "use": "sig"}


def read_public_key(source: VerifyingKey) -> PublicKey:
    """Return the key; raise ``ValueError``, or what PyJWT raises, for one that is none or weak."""
    suite = SUITES[source.algorithm]
    members = suite.public_members(source.public_jwk)
    key = suite.algorithm.from_jwk(members)
    if weakness := suite.algorithm.check_key_length(key):
        raise ValueError(weakness)
    jwk = _named(members, source.kid, source.algorithm)
    return PublicKey(source.algorithm, suite.algorithm, key, jwk)


def sign(algorithm: SigningAlgorithm, private_key: Any, message: bytes) -> bytes:
    """Return the signature, as a JWS has it; of ES256's two, the one that we take."""
    signature = SUITES[algorithm].algorithm.sign(message, private_key)
    return low(signature) if algorithm is SigningAlgorithm.ES256 else signature


def signature_length(private_key: Any) -> int:
    """Return how many bytes each signature of this key has."""
    if isinstance(private_key, rsa.RSAPrivateKey):
        return (private_key.key_size + 7) // 8
    return 2 * _P256_BYTES  # Ed25519 and P-256 alike (RFC 8032, 5.1.6; RFC 7518, 3.4)


def low(signature: bytes) -> bytes:
    """Return the lower of the two ECDSA signatures (r, s) and (r, n − s), which both verify."""
    if _is_low(signature):
        return signature
    r, s = signature[:_P256_BYTES], int.from_bytes(signature[_P256_BYTES:])
    return r + (_P256_ORDER - s).to_bytes(_P256_BYTES)


def _is_low(signature: bytes) -> bool:
    """Tell whether this is the one of the two that we issue: a token has one signature (TK-2)."""
    s = int.from_bytes(signature[_P256_BYTES:])
    return len(signature) == 2 * _P256_BYTES and s <= _P256_ORDER // 2
