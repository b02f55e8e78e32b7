"""Service accounts, as OpenAPI tells it."""

from typing import Literal

from pydantic import Field

from entrypoints.http.edge.answers import AnswerModel
from entrypoints.http.edge.parameters import Identifier, Instant


class ServiceAccountOut(AnswerModel):
    """A program's account: it has roles and API keys, and nothing that a person has."""

    id: Identifier
    name: str = Field(examples=["Billing"])
    description: str | None
    status: Literal["active", "suspended"]
    roles: list[str] = Field(examples=[["bookkeeper"]])
    created_at: Instant
    updated_at: Instant
    created_by: Identifier | None = Field(
        description="The user who made it; null: an operator, a program, or one who was erased."
    )
