"""A user, as OpenAPI tells it."""

from typing import Literal

from pydantic import ConfigDict, Field

from entrypoints.http.edge.answers import AnswerModel, optional
from entrypoints.http.edge.parameters import Identifier, Instant, Mailbox


class DormantRoleOut(AnswerModel):
    """A role that does not count, and the level of a session in which it would."""

    role: str = Field(examples=["support"])
    required_acr: str = Field(description="`aal2` or `phr`.", examples=["aal2"])


class UserOut(AnswerModel):
    """A user.

    `roles` are those of the account. `dormant_roles` says which of them do not count in the session
    that asks; it stands in one's own view alone, where one of the roles asks for a level.
    """

    model_config = ConfigDict(json_schema_extra=optional("dormant_roles"))

    id: Identifier
    email: Mailbox
    display_name: str | None = Field(examples=["Ada Lovelace"])
    status: Literal["unverified", "active", "suspended"]
    email_verified_at: Instant | None
    roles: list[str] = Field(examples=[["user"]])
    created_at: Instant
    updated_at: Instant
    last_signed_in_at: Instant | None
    dormant_roles: list[DormantRoleOut]
