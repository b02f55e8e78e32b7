"""A user, as OpenAPI tells it."""

from typing import Literal

from pydantic import Field

from entrypoints.http.edge.answers import AnswerModel
from entrypoints.http.edge.parameters import Identifier, Instant, Mailbox


class UserOut(AnswerModel):
    """A user."""

    id: Identifier
    email: Mailbox
    display_name: str | None = Field(examples=["Ada Lovelace"])
    status: Literal["unverified", "active", "suspended"]
    email_verified_at: Instant | None
    roles: list[str] = Field(examples=[["user"]])
    created_at: Instant
    updated_at: Instant
    last_signed_in_at: Instant | None
