"""What browsers are told to make and to show passkeys with (WebAuthn level 3, section 5.1.9).

Written as ``parseCreationOptionsFromJSON`` and ``parseRequestOptionsFromJSON`` read it. Beginning
a ceremony loads no library.
"""

from collections.abc import Sequence

from adapters.webauthn.keys import ALGORITHMS
from adapters.webauthn.reading import encoded
from application.factors.ports import Json
from domain.factors.challenge import CHALLENGE_TTL
from domain.factors.factor import Passkey
from domain.identifiers import UserId

_TIMEOUT = int(CHALLENGE_TTL.total_seconds() * 1000)


def creation_options(
    *,
    rp_id: str,
    user_id: UserId,
    user_name: str,
    display_name: str,
    challenge: bytes,
    exclude: Sequence[Passkey],
) -> Json:
    """Return the options for ``navigator.credentials.create``."""
    return {
        # Browsers show the domain; the name is only there because it has to be.
        "rp": {"id": rp_id, "name": rp_id},
        "user": {
            "id": encoded(user_id.value.bytes),
            "name": user_name,
            "displayName": display_name,
        },
        "challenge": encoded(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": each} for each in ALGORITHMS],
        "timeout": _TIMEOUT,
        "excludeCredentials": [_descriptor(each) for each in exclude],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def request_options(*, rp_id: str, challenge: bytes, allowed: Sequence[Passkey]) -> Json:
    """Return the options for ``navigator.credentials.get``."""
    return {
        "challenge": encoded(challenge),
        "timeout": _TIMEOUT,
        "rpId": rp_id,
        "allowCredentials": [_descriptor(each) for each in allowed],
        "userVerification": "required",
    }


def _descriptor(passkey: Passkey) -> Json:
    named: dict[str, object] = {"id": encoded(passkey.credential_id), "type": "public-key"}
    if passkey.transports:
        named["transports"] = list(passkey.transports)
    return named
