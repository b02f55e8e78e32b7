"""What goes in about factors: exactly these fields, of exactly these types (IN-5)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from application.factors.challenges import LONGEST
from application.factors.proofs import Proof, ProofKind
from entrypoints.http.edge.answers import either
from entrypoints.http.edge.parameters import (
    LEFT_OUT,
    TOKEN_INPUT,
    EmailInput,
    PasswordInput,
    TokenInput,
)
from entrypoints.http.edge.requests import DescribedBy, StrictModel
from entrypoints.http.sessions.requests import RefreshTokenInput

type Transport = Annotated[
    Literal["bearer", "cookie"],
    Field(description="How the tokens travel: in the body, or in cookies."),
]
type ChallengeInput = Annotated[
    str,
    Field(
        max_length=LONGEST,
        examples=["dwc_q83vEjRWeJASNFZ4kBI0VniQ"],
        description="What the answer before this one gave.",
    ),
]
type CodeInput = Annotated[
    str, Field(max_length=64, examples=["492039"], description="As the app shows it.")
]
type RecoveryCodeInput = Annotated[
    str, Field(max_length=64, examples=["k3v8q-9tq4m"], description="One that was not used yet.")
]
type PasskeyInput = Annotated[
    dict[str, Any],
    Field(
        examples=[{"id": "q83vEjRW", "type": "public-key"}],
        description="What the browser's `toJSON()` of the credential returns.",
    ),
]
type MailedCodeInput = Annotated[
    str,
    Field(
        max_length=64,
        examples=["49203917"],
        description="For the first factor of a caller with a dormant role: the code that the"
        " request before this one mailed.",
    ),
]
type RememberDevice = Annotated[
    bool,
    Field(
        description="Trust this device from now on, after a second factor; the answer then has"
        " `device`. Nothing comes of it where `TRUSTED_DEVICE_TTL` is 0."
    ),
]
type DeviceTokenInput = Annotated[
    str,
    Field(
        max_length=TOKEN_INPUT,
        examples=["dwd_Zk3q0qk2nq8kYp1T5oQ7u4m2b1vX9sR6wE0yA3cD5fG"],
        description="What an earlier answer gave as `device.token`. With `transport: cookie` the"
        " cookie says it.",
    ),
]
type FactorName = Annotated[
    str | None,
    Field(
        max_length=400,
        examples=["My phone"],
        description="Up to 100 characters; null or empty for none.",
    ),
]


class ProofRequest(StrictModel):
    """One thing that proves who the caller is: exactly one of these fields."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"totp": "492039"}]})

    totp: CodeInput = LEFT_OUT
    recovery_code: RecoveryCodeInput = LEFT_OUT
    passkey: PasskeyInput = LEFT_OUT
    email_code: CodeInput = LEFT_OUT
    email_token: TokenInput = LEFT_OUT
    password: PasswordInput = LEFT_OUT

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise PydanticCustomError("NOT_ALLOWED", "Show exactly one proof.")
        return self

    @property
    def proof(self) -> Proof:
        """What is shown."""
        (name,) = self.model_fields_set
        return Proof(ProofKind(name), getattr(self, name))


class PasswordSignInRequest(StrictModel):
    """Start a session."""

    email: EmailInput
    password: PasswordInput
    transport: Transport = "bearer"
    proof: ProofRequest = LEFT_OUT
    remember_device: RememberDevice = False
    device_token: DeviceTokenInput = LEFT_OUT


class ChallengeSignInRequest(StrictModel):
    """Start a session with what a challenge stands for, and a proof."""

    challenge: ChallengeInput
    proof: ProofRequest
    transport: Transport = "bearer"
    remember_device: RememberDevice = False


def _form(given: object) -> str:
    """Return which form was meant; the tags are no names, and are never shown."""
    return "(challenge)" if isinstance(given, Mapping) and "challenge" in given else "(password)"


class SignInRequest(PasswordSignInRequest, ChallengeSignInRequest):
    """Start a session: with `email` and `password`, or with `challenge` and `proof`."""

    model_config = ConfigDict(
        json_schema_extra=either(
            ("email", "password"), ("challenge", "proof"), others=("device_token",)
        )
    )


type AnySignInRequest = Annotated[
    Annotated[PasswordSignInRequest, Tag("(password)")]
    | Annotated[ChallengeSignInRequest, Tag("(challenge)")],
    Discriminator(_form),
    DescribedBy(SignInRequest),
]


class TotpConfirmation(StrictModel):
    """Show that the authenticator app has the secret."""

    enrolment: ChallengeInput
    code: CodeInput
    name: FactorName = None
    email_code: MailedCodeInput = LEFT_OUT


class PasskeyConfirmation(StrictModel):
    """Show the passkey that the device has made."""

    enrolment: ChallengeInput
    credential: PasskeyInput
    name: FactorName = None
    email_code: MailedCodeInput = LEFT_OUT


class FactorRename(StrictModel):
    """Give a factor another name."""

    name: FactorName


class StepUpRequest(StrictModel):
    """Show who one is, in the session one is in."""

    refresh_token: RefreshTokenInput = LEFT_OUT
    proof: ProofRequest
    challenge: ChallengeInput = LEFT_OUT


class FactorsResetRequest(StrictModel):
    """Take a user's factors away."""

    reason: Annotated[
        str,
        Field(
            max_length=2000,
            examples=["Lost the phone; called back on the number we know"],
            description="Up to 500 characters, kept in the audit trail for good.",
        ),
    ]
