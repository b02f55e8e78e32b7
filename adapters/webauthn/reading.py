"""Reading what a browser sends, with one meaning (WebAuthn level 3, sections 5.1, 5.8.1 and 6.1).

Every function raises ``ValueError`` or ``TypeError`` for what it does not understand.
"""

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Self
from uuid import UUID

from adapters.webauthn.cbor import read_map
from application.factors.ports import Json
from domain.factors.factor import LONGEST_CREDENTIAL_ID
from domain.identifiers import UserId

LONGEST_CLIENT_DATA = 4 * 1024
"""Bytes; browsers write a few hundred."""
LONGEST_ATTESTATION = 16 * 1024
"""Bytes; a TPM's with its certificates has about six thousand."""
LONGEST_DATA = 4 * 1024
"""Bytes of what a device signs; without extensions 37."""
LONGEST_SIGNATURE = 1024
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_TRANSPORT = re.compile(r"[a-z][a-z-]{0,31}")
MOST_TRANSPORTS = 8
_HEAD = 37
"""Bytes before what is attested: the domain's hash, the flags, the counter."""
_AAGUID = 16
# Token binding (level 1) was never spoken by this service: a browser that used it spoke to another.
_UNBOUND = ({"status": "supported"}, None)


def encoded(data: bytes) -> str:
    """Return unpadded base64url (RFC 4648, section 5)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: object, *, longest: int) -> bytes:
    """Return the bytes of canonical, unpadded base64url: each value has one spelling (TK-2)."""
    if not isinstance(text, str) or len(text) > longest * 4 // 3 + 2:
        raise TypeError("not a short text")
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(data) > longest or encoded(data) != text:
        raise ValueError("too long, or not canonical base64url")
    return data


def of_object(value: object, name: str) -> Mapping[str, object]:
    """Return the member of a JSON object that is an object itself."""
    member = _object(value).get(name)
    return _object(member)


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError("not an object")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What registration and authentication responses have in common."""

    id: bytes
    client_data: bytes
    response: Mapping[str, object]

    @classmethod
    def read(cls, sent: Json) -> Self:
        """Read the outer object; what it has besides is the browser's own affair."""
        credential, response = _object(sent), of_object(sent, "response")
        if credential.get("type") != "public-key" or credential.get("id") != credential["rawId"]:
            raise ValueError("not a public-key credential under one name")
        return cls(
            id=decoded(credential["rawId"], longest=LONGEST_CREDENTIAL_ID),
            client_data=decoded(response["clientDataJSON"], longest=LONGEST_CLIENT_DATA),
            response=response,
        )

    @property
    def user_id(self) -> UserId | None:
        """Whose it is, by the device's word; keys that are not discoverable know it not."""
        handle = self.response.get("userHandle")
        if handle is None or handle == "":
            return None
        return UserId(UUID(bytes=decoded(handle, longest=_AAGUID)))

    @property
    def transports(self) -> tuple[str, ...]:
        """How the device can be reached, by its own word: a hint for the browser, later on."""
        given = self.response.get("transports") or []
        if not isinstance(given, list) or len(given) > MOST_TRANSPORTS:
            raise TypeError("not a short list")
        if not all(isinstance(each, str) and _TRANSPORT.fullmatch(each) for each in given):
            raise ValueError("not names of transports")
        return tuple(dict.fromkeys(given))


def ensure_ceremony(
    client_data: bytes, *, kind: str, challenge: bytes, origins: Collection[str]
) -> None:
    """Return if the browser says that this was the ceremony, on a page of ours (MF-3).

    A page in a frame of another origin's page is none: its user believes to be elsewhere.
    """
    said = json.loads(
        client_data.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse
    )
    if not isinstance(said, dict):
        raise TypeError("not an object")
    right = (
        said["type"] == kind
        and said["challenge"] == encoded(challenge)
        and said["origin"] in origins
        and said.get("crossOrigin", False) is False
        and "topOrigin" not in said
        and said.get("tokenBinding") in _UNBOUND
    )
    if not right:
        raise ValueError("another ceremony, or another page")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name twice")
    return members


def _refuse(_: str) -> NoReturn:
    raise ValueError("not JSON")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticatorData:
    """What the device signs (section 6.1). ``attested`` is the new key's part, if there is one."""

    raw: bytes
    user_verified: bool
    may_be_copied: bool
    sign_count: int
    credential_id: bytes | None
    public_key: bytes | None

    @classmethod
    def read(cls, raw: bytes, *, rp_id: str, attests: bool) -> Self:
        """Read what was made for the domain, by a device that its user touched.

        ``attests`` is whether a new key has to be in it; if not, none may be.
        """
        if len(raw) < _HEAD or raw[:32] != hashlib.sha256(rp_id.encode()).digest():
            raise ValueError("for another domain")
        flags, rest = raw[32], raw[_HEAD:]
        if not flags & 0x01 or bool(flags & 0x40) is not attests:
            raise ValueError("not touched, or for another ceremony")
        credential_id = public_key = None
        if attests:
            credential_id, public_key, rest = _attested(rest)
        if flags & 0x80:
            _, length = read_map(rest)
            rest = rest[length:]
        if rest:
            raise ValueError("bytes are left over")
        return cls(
            raw=raw,
            user_verified=bool(flags & 0x04),
            may_be_copied=bool(flags & 0x08),
            sign_count=int.from_bytes(raw[33:37]),
            credential_id=credential_id,
            public_key=public_key,
        )


def _attested(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the credential's identifier, its key, and what follows (section 6.5.1)."""
    start = _AAGUID + 2
    end = start + int.from_bytes(data[_AAGUID:start])
    if not start < end <= min(len(data), start + LONGEST_CREDENTIAL_ID):
        raise ValueError("not an identifier of a credential")
    _, length = read_map(data[end:])
    return data[start:end], data[end : end + length], data[end + length :]
