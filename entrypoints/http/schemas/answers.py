"""What comes out, as OpenAPI tells it.

Built by :mod:`entrypoints.http.presenters`; a test holds the two against each other.
"""

from typing import Literal

from pydantic import BaseModel, Field

from entrypoints.http.schemas.parameters import Identifier, Instant


class Meta(BaseModel):
    """What is not data."""

    request_id: str = Field(examples=["0b5e7d1c8f4a4a0f9f5b1c2d3e4f5061"])


class ListMeta(Meta):
    """The same for a list."""

    next_cursor: str | None = Field(default=None, description="Null on the last page.")
    limit: int
    count: int | None = Field(default=None, description="Of all pages; only with `count=true`.")


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


class RoleRef(BaseModel):
    """A role by its name."""

    role: str = Field(examples=["support"])


class MissingOut(BaseModel):
    """What is missing, and the roles that would give it."""

    permission: str
    would_be_granted_by: list[RoleRef]


class ExplanationOut(BaseModel):
    """The roles that give the permission; else what is missing."""

    granted_by: list[RoleRef]
    missing: MissingOut | None = None


class DecisionOut(BaseModel):
    """Whether it is allowed, and why if that was asked."""

    allowed: bool
    explanation: ExplanationOut | None = None


class DecisionsOut(BaseModel):
    """The answers to a batch, in the order of the questions."""

    results: list[DecisionOut]


class GrantedPermissionOut(BaseModel):
    """A permission, and the roles that give it."""

    permission: str
    granted_by: list[RoleRef]


class EffectivePermissionsOut(BaseModel):
    """What a user may do."""

    user_id: Identifier
    roles: list[str]
    permissions: list[GrantedPermissionOut]


class SigningKeyOut(BaseModel):
    """A signing key; the private half is never shown."""

    kid: str
    algorithm: Literal["EdDSA", "ES256", "RS256"]
    state: Literal["published", "active", "retired", "gone"]
    published_at: Instant
    activates_at: Instant
    retires_at: Instant | None
    gone_at: Instant | None


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


class GrantOut(BaseModel):
    """What both token answers have: how long, the session and its user."""

    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds.", examples=[600])
    refresh_expires_in: int = Field(description="Seconds.", examples=[1209600])
    refresh_outcome: Literal["issued", "rotated", "replayed"]
    session: SessionOut
    user: UserOut


class TokenOut(GrantOut):
    """Both tokens, in the body."""

    access_token: str
    refresh_token: str


class CookieTokenOut(GrantOut):
    """Both tokens travel in cookies; unsafe requests need this one in `X-CSRF-Token`."""

    csrf_token: str


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
