"""Factors, as OpenAPI tells it."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from entrypoints.http.edge.answers import AnswerModel, either, optional
from entrypoints.http.edge.parameters import Identifier, Instant
from entrypoints.http.sessions.answers import TokenOut


class FactorOut(AnswerModel):
    """A factor. No secret of it is ever shown again."""

    model_config = ConfigDict(json_schema_extra=optional("synced", "remaining"))

    id: Identifier
    kind: Literal["totp", "passkey", "recovery_codes"]
    name: str | None = Field(examples=["My phone"])
    created_at: Instant
    last_used_at: Instant | None
    usable: bool = Field(
        description="False where it can prove nothing any more: the key that it was sealed under"
        " is gone, or a passkey was made for another domain."
    )
    synced: bool = Field(description="Of a passkey: the device may copy it to others.")
    remaining: int = Field(description="Of recovery codes: how many are left.", examples=[10])


class DeviceTokenOut(AnswerModel):
    """What the device keeps from now on; in cookie mode the token is in a cookie instead."""

    model_config = ConfigDict(json_schema_extra=optional("token"))

    token: str = Field(examples=["dwd_Zk3q0qk2nq8kYp1T5oQ7u4m2b1vX9sR6wE0yA3cD5fG"])
    expires_at: Instant


def _with_device(schema: dict[str, Any]) -> None:
    either(("access_token", "refresh_token"), ("csrf_token",))(schema)
    optional("device")(schema)


class SignedInOut(TokenOut):
    """A token answer; with `device` if this device is trusted from now on.

    With `transport: bearer` it has `access_token` and `refresh_token`. With `transport: cookie`
    both travel in cookies, and it has `csrf_token` in their place.
    """

    model_config = ConfigDict(json_schema_extra=_with_device)

    device: DeviceTokenOut


class TrustedDeviceOut(AnswerModel):
    """A device on which the password alone suffices."""

    id: Identifier
    created_at: Instant
    expires_at: Instant
    ip_address: str | None = Field(examples=["203.0.113.7"])
    user_agent: str | None = Field(examples=["curl/8.5.0"])


class EnrolledOut(AnswerModel):
    """The new factor, and with the first one ten recovery codes, shown this once."""

    factor: FactorOut
    recovery_codes: list[str] | None = Field(examples=[["k3v8q-9tq4m"]])


class TotpEnrolmentOut(AnswerModel):
    """What an authenticator app is set up with. Nothing is kept until a code was shown."""

    enrolment: str
    secret: str = Field(examples=["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"], description="Base32.")
    uri: str = Field(examples=["otpauth://totp/Doorward:ada@example.com?secret=GEZD…"])
    qr_svg: str = Field(description="The same address as a QR code: an SVG document.")
    expires_at: Instant


class PasskeyEnrolmentOut(AnswerModel):
    """What a browser makes a passkey with. Nothing is kept until the device has made one."""

    enrolment: str
    options: dict[str, Any] = Field(
        examples=[{"rp": {"id": "example.com"}, "attestation": "none"}],
        description="`PublicKeyCredentialCreationOptionsJSON` (WebAuthn).",
    )
    expires_at: Instant


class PasskeyChallengeOut(AnswerModel):
    """What a browser asks any of its passkeys to sign."""

    challenge: str
    expires_at: Instant
    options: dict[str, Any] = Field(
        examples=[{"rpId": "example.com", "userVerification": "required"}],
        description="`PublicKeyCredentialRequestOptionsJSON` (WebAuthn).",
    )


class RelatedOriginsOut(AnswerModel):
    """Related origins (WebAuthn level 3, section 5.11)."""

    origins: list[str] = Field(examples=[["https://example.org"]])


class RecoveryCodesOut(AnswerModel):
    """Ten recovery codes, shown this once; older ones are void."""

    codes: list[str] = Field(examples=[["k3v8q-9tq4m"]])


class StepUpChallengeOut(AnswerModel):
    """With what the caller may show who they are, in the session they are in."""

    model_config = ConfigDict(json_schema_extra=optional("passkey_options"))

    challenge: str = Field(examples=["dwc_q83vEjRWeJASNFZ4kBI0VniQ"])
    methods: list[str] = Field(
        description="Members of `proof` that count here.", examples=[["totp", "recovery_code"]]
    )
    passkey_options: dict[str, Any] = Field(
        description="For `PublicKeyCredential.parseRequestOptionsFromJSON`."
    )


class MailedChallengeOut(AnswerModel):
    """With what the mailed code, or the link, counts."""

    challenge: str
    expires_at: Instant
