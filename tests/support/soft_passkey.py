"""A passkey made of software: real responses, as a browser's ``toJSON()`` gives them.

What it says is chosen by its fields, truly or not; a test changes them between two ceremonies.
"""

import hashlib
import hmac
import json
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle
from typing import Any, Protocol

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED, EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


def b64(data: bytes) -> str:
    """Return unpadded base64url."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Return the bytes of unpadded base64url."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


class KeyPair(Protocol):
    """What is in the device."""

    def public(self) -> bytes:
        """Return the key as the device attests it."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature."""

    def attest(self, data: bytes) -> bytes:
        """Return the attestation object around what the device says."""


class _Real:
    def attest(self, data: bytes) -> bytes:
        return cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})


class Es256(_Real):
    """ECDSA on P-256, which most devices make."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def public(self) -> bytes:
        point = self.key.public_key().public_numbers()
        x, y = point.x.to_bytes(32), point.y.to_bytes(32)
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


class EdDsa(_Real):
    """Ed25519."""

    def __init__(self) -> None:
        self.key = ed25519.Ed25519PrivateKey.generate()

    def public(self) -> bytes:
        return cbor2.dumps({1: 1, 3: -8, -1: 6, -2: self.key.public_key().public_bytes_raw()})

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message)


class Rs256(_Real):
    """RSA, which Windows made for years. To make a key takes long: there are two, in turn."""

    def __init__(self) -> None:
        self.key = _rsa_key(next(_turns))

    def public(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 3, 3: -257, -1: numbers.n.to_bytes(256), -2: numbers.e.to_bytes(3)})

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())


_turns = cycle((0, 1))


@cache
def _rsa_key(_: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class MemoryKey:
    """What :class:`~adapters.memory.factors.passkeys.MemoryPasskeys` understands."""

    def __init__(self) -> None:
        self.key = os.urandom(32)

    def public(self) -> bytes:
        return self.key

    def sign(self, message: bytes) -> bytes:
        return hmac.digest(self.key, message, "sha256")

    def attest(self, data: bytes) -> bytes:
        return data


@dataclass(eq=False, kw_only=True)
class SoftPasskey:
    """A device with one key, and the browser around it.

    ``counts``: whether its counter rises. ``says`` replaces or adds members of what the browser
    says of the ceremony; ``extra_flags`` are added to those of the fields.
    """

    origin: str
    key: KeyPair = field(default_factory=Es256)
    id: bytes = field(default_factory=lambda: os.urandom(32))
    verified: bool = True
    present: bool = True
    synced: bool = False
    counts: bool = True
    count: int = 0
    user_handle: bytes | None = None
    rp_id: str | None = None
    extra_flags: int = 0
    extensions: bytes = b""
    transports: tuple[str, ...] = ("internal",)
    says: dict[str, Any] = field(default_factory=dict)

    def create(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the options for making a passkey."""
        self.rp_id = self.rp_id or options["rp"]["id"]
        self.user_handle = unb64(options["user"]["id"])
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + self.key.public()
        data = self._data(ATTESTED, attested)
        response: dict[str, Any] = {
            "clientDataJSON": b64(self._client_data("webauthn.create", options)),
            "attestationObject": b64(self.key.attest(data)),
            "transports": list(self.transports),
        }
        return self._credential(response)

    def get(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the options for showing a passkey."""
        self.rp_id = self.rp_id or options["rpId"]
        data, client_data = self._data(0, b""), self._client_data("webauthn.get", options)
        response: dict[str, Any] = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(data),
            "signature": b64(self.key.sign(data + hashlib.sha256(client_data).digest())),
            "userHandle": None if self.user_handle is None else b64(self.user_handle),
        }
        return self._credential(response)

    def _client_data(self, kind: str, options: Mapping[str, Any]) -> bytes:
        said = {
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": False,
        }
        return json.dumps(said | self.says).encode()

    def _data(self, flags: int, attested: bytes) -> bytes:
        self.count += self.counts
        flags |= PRESENT * self.present | VERIFIED * self.verified | self.extra_flags
        flags |= (ELIGIBLE | BACKED_UP) * self.synced | EXTENDED * bool(self.extensions)
        domain = hashlib.sha256((self.rp_id or "").encode()).digest()
        return domain + struct.pack(">BI", flags, self.count) + attested + self.extensions

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": b64(self.id),
            "rawId": b64(self.id),
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        }
