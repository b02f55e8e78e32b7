"""Accounts, as OpenAPI tells it."""

from typing import Literal

from pydantic import Field

from entrypoints.http.audit.answers import AuditEventOut
from entrypoints.http.edge.answers import AnswerModel
from entrypoints.http.edge.parameters import Identifier, Instant, Mailbox
from entrypoints.http.sessions.answers import SessionOut
from entrypoints.http.users.answers import UserOut


class VerifiedUserOut(UserOut):
    """A user whose address has just been proven."""

    password_reset_required: bool = Field(
        description="True if no password counts; a reset mail is on its way then."
    )


class SignUpOut(AnswerModel):
    """The same answer whether or not the address had an account."""

    email: Mailbox
    display_name: str | None = Field(examples=["Ada Lovelace"])
    status: Literal["unverified"]


class InvitationOut(AnswerModel):
    """An invitation that can still be accepted."""

    id: Identifier
    email: Mailbox
    roles: list[str] = Field(examples=[["user"]])
    invited_by: Identifier | None = Field(
        description="A user or a service account; null: an operator."
    )
    created_at: Instant
    expires_at: Instant


class ExportedUserOut(UserOut):
    """The account, with what only its owner gets to see."""

    suspension_reason: str | None


class ExportedPasswordOut(AnswerModel):
    """What is told of a password: nothing but its age."""

    changed_at: Instant


class ExportedSessionOut(SessionOut):
    """A session that is kept, living or over."""

    ended_at: Instant | None
    end_reason: str | None


class ExportedSecretOut(AnswerModel):
    """A mailed secret that was not spent yet; the secret itself is not held."""

    purpose: Literal["email_verification", "password_reset", "email_change", "invitation"]
    email: Mailbox
    created_at: Instant
    expires_at: Instant


class ExportedMessageOut(AnswerModel):
    """A mail that waits, or was sent or given up in the last days."""

    id: Identifier
    kind: str
    to: Mailbox
    status: Literal["waiting", "sent", "dead", "expired"]
    queued_at: Instant
    closed_at: Instant | None


class ExportOut(AnswerModel):
    """Everything that is held about the caller. docs/operating.md explains each part."""

    exported_at: Instant
    user: ExportedUserOut
    password: ExportedPasswordOut | None
    mailed_secrets: list[ExportedSecretOut]
    sessions: list[ExportedSessionOut]
    messages: list[ExportedMessageOut]
    security_events: list[AuditEventOut]
    invitations_sent: list[InvitationOut]
