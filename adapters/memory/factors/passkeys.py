"""Passkeys for tests: laid out like real ones, without key pairs."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from application.factors.ports import (
    ClaimedPasskey,
    Json,
    NewPasskey,
    PasskeyRefused,
    Passkeys,
    ShownPasskey,
)
from domain.factors.factor import LONGEST_CREDENTIAL_ID, Passkey
from domain.identifiers import UserId

_HEAD, _AAGUID, _KEY = 37, 16, 32
_PRESENT, _VERIFIED, _ELIGIBLE, _ATTESTED = 0x01, 0x04, 0x08, 0x40


class MemoryPasskeys(Passkeys):
    """Responses are laid out as real ones are, but for two things.

    The "public" key is the device's own secret of 32 bytes, and a signature is an HMAC under it;
    and what a device attests stands in the response as it is, without CBOR around it.
    """

    def __init__(self, *, rp_id: str, origins: Sequence[str]) -> None:
        self._rp_id, self._origins = rp_id, tuple(origins)

    @property
    def rp_id(self) -> str:
        return self._rp_id

    @property
    def origins(self) -> Sequence[str]:
        return self._origins

    def creation_options(
        self,
        *,
        user_id: UserId,
        user_name: str,
        display_name: str,
        challenge: bytes,
        exclude: Sequence[Passkey],
    ) -> Json:
        return {
            "rp": {"id": self._rp_id, "name": self._rp_id},
            "user": {
                "id": _text(user_id.value.bytes),
                "name": user_name,
                "displayName": display_name,
            },
            "challenge": _text(challenge),
            "excludeCredentials": [_descriptor(each) for each in exclude],
            "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
        }

    async def created(self, response: Json, *, challenge: bytes) -> NewPasskey:
        try:
            credential_id, inner, _ = self._read(response, "webauthn.create", challenge)
            data = _bytes(inner["attestationObject"])
            self._ensure_for_this_domain(data, attests=True)
            start = _HEAD + _AAGUID + 2
            end = start + int.from_bytes(data[start - 2 : start])
            if data[start:end] != credential_id or len(data) != end + _KEY:
                raise PasskeyRefused
            return NewPasskey(
                credential_id=credential_id,
                public_key=data[end:],
                transports=tuple(map(str, inner.get("transports", ()))),
                **_facts(data),
            )
        except (AttributeError, LookupError, TypeError, ValueError):
            raise PasskeyRefused from None

    def request_options(self, *, challenge: bytes, allowed: Sequence[Passkey] = ()) -> Json:
        return {
            "challenge": _text(challenge),
            "rpId": self._rp_id,
            "allowCredentials": [_descriptor(each) for each in allowed],
            "userVerification": "required",
        }

    def claimed(self, response: Json) -> ClaimedPasskey:
        try:
            credential_id, inner = _opened(response)
            handle = inner.get("userHandle")
            user_id = UserId(UUID(bytes=_bytes(handle))) if handle else None
        except (AttributeError, LookupError, TypeError, ValueError):
            raise PasskeyRefused from None
        return ClaimedPasskey(credential_id=credential_id, user_id=user_id)

    async def shown(self, response: Json, *, challenge: bytes, passkey: Passkey) -> ShownPasskey:
        claimed = self.claimed(response)
        if claimed.credential_id != passkey.credential_id:
            raise PasskeyRefused
        if claimed.user_id not in {None, passkey.user_id}:
            raise PasskeyRefused
        try:
            _, inner, client_data = self._read(response, "webauthn.get", challenge)
            data, signature = _bytes(inner["authenticatorData"]), _bytes(inner["signature"])
            self._ensure_for_this_domain(data, attests=False)
            signed = data + hashlib.sha256(client_data).digest()
            right = hmac.digest(passkey.public_key, signed, "sha256")
            if len(data) != _HEAD or not hmac.compare_digest(signature, right):
                raise PasskeyRefused
            return ShownPasskey(**_facts(data))
        except (AttributeError, LookupError, TypeError, ValueError):
            raise PasskeyRefused from None

    def _read(
        self, response: Json, kind: str, challenge: bytes
    ) -> tuple[bytes, Mapping[str, Any], bytes]:
        credential_id, inner = _opened(response)
        client_data = _bytes(inner["clientDataJSON"])
        said = json.loads(client_data)
        if (
            said["type"] != kind
            or said["challenge"] != _text(challenge)
            or said["origin"] not in self._origins
            or said.get("crossOrigin", False) is not False
        ):
            raise PasskeyRefused
        return credential_id, inner, client_data

    def _ensure_for_this_domain(self, data: bytes, *, attests: bool) -> None:
        flags = data[32]
        if data[:32] != hashlib.sha256(self._rp_id.encode()).digest() or not flags & _PRESENT:
            raise PasskeyRefused
        if bool(flags & _ATTESTED) is not attests:
            raise PasskeyRefused


def _opened(response: Any) -> tuple[bytes, Mapping[str, Any]]:
    name, inner = response["rawId"], response["response"]
    credential_id = _bytes(name)
    if response["type"] != "public-key" or response["id"] != name:
        raise PasskeyRefused
    if not isinstance(inner, Mapping) or len(credential_id) > LONGEST_CREDENTIAL_ID:
        raise PasskeyRefused
    return credential_id, inner


def _facts(data: bytes) -> dict[str, Any]:
    flags = data[32]
    return {
        "sign_count": int.from_bytes(data[33:37]),
        "synced": bool(flags & _ELIGIBLE),
        "user_verified": bool(flags & _VERIFIED),
    }


def _descriptor(passkey: Passkey) -> Json:
    named = {"id": _text(passkey.credential_id), "type": "public-key"}
    return {**named, "transports": list(passkey.transports)}


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if not raw or _text(raw) != text:
        raise PasskeyRefused
    return raw
