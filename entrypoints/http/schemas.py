"""What goes in and what comes out, as OpenAPI tells it.

Requests are strict: no coercion, no unknown fields (IN-5). Answers are declared here and built
by :mod:`entrypoints.http.presenters`; a test holds the two against each other.
"""

from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

# Longer than any policy allows, so that the policy explains the refusal; short enough that
# nobody makes us count a megabyte.
PASSWORD_INPUT = 4096
EMAIL_INPUT = 320
TOKEN_INPUT = 512

type EmailInput = Annotated[
    str, Field(max_length=EMAIL_INPUT, examples=["ada@example.com"], description="One mailbox.")
]
type PasswordInput = Annotated[
    str,
    Field(
        max_length=PASSWORD_INPUT,
        examples=["correct horse battery staple"],
        description="Any Unicode, spaces included; the length is counted in code points.",
        json_schema_extra={"format": "password"},
    ),
]
type TokenInput = Annotated[
    str,
    Field(
        max_length=TOKEN_INPUT,
        examples=["dwm_Zk3q0qk2nq8kYp1T5oQ7u4m2b1vX9sR6wE0yA3cD5fG"],
        description="The secret from the mailed link.",
    ),
]
type DisplayName = Annotated[
    str | None,
    Field(
        max_length=400,
        examples=["Ada Lovelace"],
        description="Up to 100 characters; null or empty for none.",
    ),
]
type Instant = Annotated[
    str,
    Field(
        examples=["2026-11-21T09:30:00.123456Z"],
        description="RFC 3339, in UTC.",
        json_schema_extra={"format": "date-time"},
    ),
]
type Identifier = Annotated[
    str,
    Field(
        examples=["019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"],
        description="A UUIDv7.",
        json_schema_extra={"format": "uuid"},
    ),
]

DEFAULT_PAGE = 50


def _plain_number(value: object) -> object:
    """Let digits through and nothing that merely can be read as a number (IN-5)."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and value[0] != "0"):
        raise PydanticCustomError("WRONG_TYPE", "This is of another type than required.")
    return value


def _plain_flag(value: object) -> object:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise PydanticCustomError("WRONG_TYPE", "Use true or false.")
    return value


type Flag = Annotated[bool, BeforeValidator(_plain_flag)]
type PageSize = Annotated[
    int, BeforeValidator(_plain_number), Query(ge=1, le=200, description="How many on a page.")
]
type PageCursor = Annotated[
    str | None, Query(max_length=1024, description="`next_cursor` of the page before.")
]


class StrictModel(BaseModel):
    """A request body: exactly these fields, of exactly these types."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class SignUpRequest(StrictModel):
    """Make an account."""

    email: EmailInput
    password: PasswordInput
    display_name: DisplayName = None


class EmailRequest(StrictModel):
    """Name a mailbox."""

    email: EmailInput


class TokenRequest(StrictModel):
    """Spend a mailed secret."""

    token: TokenInput


class PasswordResetRequest(StrictModel):
    """Spend a mailed secret for a new password."""

    token: TokenInput
    new_password: PasswordInput


class SignInRequest(StrictModel):
    """Start a session."""

    email: EmailInput
    password: PasswordInput
    transport: Literal["bearer"] = Field(
        default="bearer", description="How the tokens travel. Only `bearer` so far."
    )


class RefreshRequest(StrictModel):
    """Spend a refresh token."""

    refresh_token: Annotated[
        str,
        Field(
            max_length=TOKEN_INPUT,
            examples=[
                "dwr_AZqlwn8-fEGbCi9tHoxLWgAAAAFkPq1Xr7m0vQ2b5nS8tYcKd3Wf6Hj9Lz4Gx7Rp0Ea2Ui5Oo8Tk1My3Nb6Vc9"
            ],
            description="The refresh token that came last.",
        ),
    ]


class ProfileRequest(StrictModel):
    """Change the profile; a field that is left out stays as it is."""

    display_name: DisplayName = None


class PasswordChangeRequest(StrictModel):
    """Set a new password with the present one."""

    current_password: PasswordInput
    new_password: PasswordInput


class EmailChangeRequest(StrictModel):
    """Move to another address."""

    new_email: EmailInput
    password: PasswordInput


class ErasureRequest(StrictModel):
    """Delete the account; the password says that it is really you."""

    password: PasswordInput


class SuspensionRequest(StrictModel):
    """Suspend an account."""

    reason: Annotated[
        str, Field(max_length=2000, examples=["Chargeback"], description="Up to 500 characters.")
    ]


type PermissionList = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Field(max_length=200, examples=[["orders:refund", "users:read"]]),
]
type RoleDescription = Annotated[str | None, Field(max_length=2000)]


class RoleRequest(StrictModel):
    """Define a role."""

    name: Annotated[str, Field(max_length=100, examples=["support"])]
    description: RoleDescription = None
    permissions: PermissionList


class RoleChangeRequest(StrictModel):
    """Give a role another description and other permissions."""

    description: RoleDescription = None
    permissions: PermissionList


class InvitationRequest(StrictModel):
    """Ask somebody to join."""

    email: EmailInput
    roles: Annotated[
        list[Annotated[str, Field(max_length=64)]],
        Field(max_length=50, examples=[["user"]], description="Roles to have from the start."),
    ] = []


class AcceptanceRequest(StrictModel):
    """Accept an invitation."""

    token: TokenInput
    password: PasswordInput
    display_name: DisplayName = None


class Meta(BaseModel):
    """What is not data."""

    request_id: str = Field(examples=["0b5e7d1c8f4a4a0f9f5b1c2d3e4f5061"])


class ListMeta(Meta):
    """The same for a list."""

    next_cursor: str | None = Field(default=None, description="Null on the last page.")
    limit: int


class Envelope[T](BaseModel):
    """A successful answer."""

    data: T
    meta: Meta


class ListEnvelope[T](BaseModel):
    """A successful answer with a list."""

    data: list[T]
    meta: ListMeta


class UserOut(BaseModel):
    """A user."""

    id: Identifier
    email: str = Field(examples=["ada@example.com"])
    display_name: str | None = Field(examples=["Ada Lovelace"])
    status: Literal["unverified", "active", "suspended"]
    email_verified_at: Instant | None
    roles: list[str] = Field(examples=[["user"]])
    created_at: Instant
    updated_at: Instant
    last_signed_in_at: Instant | None


class VerifiedUserOut(UserOut):
    """A user whose address has just been proven."""

    password_reset_required: bool = Field(
        description="True if no password counts; a reset mail is on its way then."
    )


class SignUpOut(BaseModel):
    """The same answer whether or not the address had an account."""

    email: str = Field(examples=["ada@example.com"])
    display_name: str | None = Field(examples=["Ada Lovelace"])
    status: Literal["unverified"]


class SessionOut(BaseModel):
    """A session."""

    id: Identifier
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant
    ip_address: str | None = Field(examples=["203.0.113.7"])
    user_agent: str | None = Field(examples=["curl/8.5.0"])
    current: bool


class RoleOut(BaseModel):
    """A role; a built-in one has no times."""

    name: str = Field(examples=["support"])
    description: str | None
    permissions: list[str] = Field(examples=[["orders:refund", "users:read"]])
    built_in: bool
    created_at: Instant | None
    updated_at: Instant | None


class PermissionOut(BaseModel):
    """A permission: Doorward's own, or one of a product's that some role gives."""

    name: str = Field(examples=["users:read"])
    built_in: bool


class InvitationOut(BaseModel):
    """An invitation that can still be accepted."""

    id: Identifier
    email: str = Field(examples=["bob@example.com"])
    roles: list[str] = Field(examples=[["user"]])
    invited_by: Identifier | None = Field(description="Null: an operator.")
    created_at: Instant
    expires_at: Instant


class PartyOut(BaseModel):
    """Who did something, or what it happened to; the id outlives the thing."""

    kind: str = Field(examples=["user"])
    id: str | None


class AuditEventOut(BaseModel):
    """A row of the audit trail."""

    id: Identifier
    occurred_at: Instant
    type: str = Field(examples=["session.started"])
    outcome: Literal["success", "failure"]
    reason: str | None
    actor: PartyOut
    target: PartyOut | None
    ip_address: str | None
    user_agent: str | None
    request_id: str | None
    data: dict[str, str]


class ExportedUserOut(UserOut):
    """The account, with what only its owner gets to see."""

    suspension_reason: str | None


class ExportedPasswordOut(BaseModel):
    """What is told of a password: nothing but its age."""

    changed_at: Instant


class ExportedSessionOut(SessionOut):
    """A session that is kept, living or over."""

    ended_at: Instant | None
    end_reason: str | None


class ExportedSecretOut(BaseModel):
    """A mailed secret that was not spent yet; the secret itself is not held."""

    purpose: Literal["email_verification", "password_reset", "email_change", "invitation"]
    email: str
    created_at: Instant
    expires_at: Instant


class ExportedMessageOut(BaseModel):
    """A mail that waits, or was sent or given up in the last days."""

    id: Identifier
    kind: str
    to: str
    status: Literal["waiting", "sent", "dead", "expired"]
    queued_at: Instant
    closed_at: Instant | None


class ExportOut(BaseModel):
    """Everything that is held about the caller. docs/operating.md explains each part."""

    exported_at: Instant
    user: ExportedUserOut
    password: ExportedPasswordOut | None
    sessions: list[ExportedSessionOut]
    mailed_secrets: list[ExportedSecretOut]
    invitations_sent: list[InvitationOut]
    messages: list[ExportedMessageOut]
    security_events: list[AuditEventOut]


class TokenOut(BaseModel):
    """Both tokens, the session and its user."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds.", examples=[600])
    refresh_token: str
    refresh_expires_in: int = Field(description="Seconds.", examples=[1209600])
    refresh_outcome: Literal["issued", "rotated", "replayed"]
    session: SessionOut
    user: UserOut


class ErrorCodeOut(BaseModel):
    """A row of the error catalogue."""

    code: str
    status: int
    meaning: str
    retryable: bool


class MailOut(BaseModel):
    """A mail of the development mailbox."""

    to: str
    subject: str
    text: str
    html: str
    link: str | None
    token: str | None
    queued_at: Instant


class MailboxOut(BaseModel):
    """The development mailbox, the newest mail first."""

    data: list[MailOut]


class HealthOut(BaseModel):
    """The service's condition, part by part."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, str] = Field(examples=[{"database": "ok", "schema": "ok"}])


class JwksOut(BaseModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, str]]


class ServerMetadataOut(BaseModel):
    """Authorization server metadata (RFC 8414)."""

    issuer: str
    jwks_uri: str
    response_types_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    service_documentation: str | None = None
