"""Where the library comes in: it checks once more what was read, and the signature.

It is handed only what was read strictly before, written anew. A sign counter that stands still is
the use case's to judge, so the library is told that none was seen.
"""

from collections.abc import Sequence

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import InvalidBackupFlags

from adapters.webauthn.cbor import read_map
from adapters.webauthn.keys import ALGORITHMS, ensure_taken
from adapters.webauthn.reading import (
    LONGEST_ATTESTATION,
    LONGEST_DATA,
    LONGEST_SIGNATURE,
    AuthenticatorData,
    Credential,
    decoded,
    encoded,
    ensure_ceremony,
)
from application.factors.ports import Json, NewPasskey, ShownPasskey
from domain.factors.factor import Passkey

_WITHOUT_STATEMENT = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"
"""An attestation object, up to the length (two bytes) of what the device says."""


def created(response: Json, *, rp_id: str, origins: Sequence[str], challenge: bytes) -> NewPasskey:
    """Return the passkey that was made; any exception means that it is none.

    No statement about the device was asked for. One that comes all the same is not looked at: it
    says nothing that Doorward relies on, and to read it takes certificates of strangers.
    """
    credential = Credential.read(response)
    ensure_ceremony(
        credential.client_data, kind="webauthn.create", challenge=challenge, origins=origins
    )
    attestation = decoded(credential.response["attestationObject"], longest=LONGEST_ATTESTATION)
    data = AuthenticatorData.read(_authenticator_data(attestation), rp_id=rp_id, attests=True)
    if data.public_key is None or data.credential_id != credential.id:
        raise ValueError("two identifiers")
    ensure_taken(data.public_key)
    # The library takes a point that is on no curve, and fails when it is used.
    decoded_public_key_to_cryptography(decode_credential_public_key(data.public_key))
    without_statement = _WITHOUT_STATEMENT + len(data.raw).to_bytes(2) + data.raw
    sent = _written(credential, attestationObject=encoded(without_statement))
    try:
        verify_registration_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=list(origins),
            supported_pub_key_algs=[COSEAlgorithmIdentifier(each) for each in ALGORITHMS],
        )
    except InvalidBackupFlags:
        pass  # looked at last; a device whose flags contradict each other is still the device
    return NewPasskey(
        credential_id=credential.id,
        public_key=data.public_key,
        sign_count=data.sign_count,
        synced=data.may_be_copied,
        transports=credential.transports,
        user_verified=data.user_verified,
    )


def shown(
    response: Json, *, rp_id: str, origins: Sequence[str], challenge: bytes, passkey: Passkey
) -> ShownPasskey:
    """Return what the response proves; any exception means that it proves nothing."""
    credential = Credential.read(response)
    ensure_ceremony(
        credential.client_data, kind="webauthn.get", challenge=challenge, origins=origins
    )
    raw = decoded(credential.response["authenticatorData"], longest=LONGEST_DATA)
    data = AuthenticatorData.read(raw, rp_id=rp_id, attests=False)
    if credential.id != passkey.credential_id or credential.user_id not in {None, passkey.user_id}:
        raise ValueError("another's passkey")
    signature = decoded(credential.response["signature"], longest=LONGEST_SIGNATURE)
    sent = _written(credential, authenticatorData=encoded(raw), signature=encoded(signature))
    try:
        verify_authentication_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=list(origins),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
        )
    except InvalidBackupFlags:
        pass  # looked at after the signature: a test holds the library to it
    return ShownPasskey(
        sign_count=data.sign_count, synced=data.may_be_copied, user_verified=data.user_verified
    )


def _authenticator_data(attestation: bytes) -> bytes:
    """Return the one part of an attestation object that is looked at (section 6.5.4)."""
    members, length = read_map(attestation)
    data = members.get("authData")
    if length != len(attestation) or members.keys() != {"fmt", "attStmt", "authData"}:
        raise ValueError("not an attestation object")
    if not isinstance(members["fmt"], str) or not isinstance(data, bytes):
        raise TypeError("not an attestation object")
    return data


def _written(credential: Credential, **response: str) -> dict[str, object]:
    name = encoded(credential.id)
    client_data = encoded(credential.client_data)
    return {
        "id": name,
        "rawId": name,
        "type": "public-key",
        "response": {"clientDataJSON": client_data, **response},
    }
