"""The audit trail, as OpenAPI tells it."""

from typing import Literal

from pydantic import Field

from entrypoints.http.edge.answers import AnswerModel
from entrypoints.http.edge.parameters import Identifier, Instant


class PartyOut(AnswerModel):
    """Who did something, or what it happened to; the id outlives the thing."""

    kind: str = Field(examples=["user"])
    id: str | None


class ActorOut(PartyOut):
    """Who did something; with an API key, also which one that was."""

    key_id: str | None = None


class AuditEventOut(AnswerModel):
    """A row of the audit trail."""

    id: Identifier
    occurred_at: Instant
    type: str = Field(examples=["session.started"])
    outcome: Literal["success", "failure"]
    reason: str | None
    actor: ActorOut
    target: PartyOut | None
    ip_address: str | None
    user_agent: str | None
    request_id: str | None
    data: dict[str, str]
