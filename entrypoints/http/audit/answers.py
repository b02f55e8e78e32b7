"""The audit trail, as OpenAPI tells it."""

from typing import Literal

from pydantic import BaseModel, Field

from entrypoints.http.edge.parameters import Identifier, Instant


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
