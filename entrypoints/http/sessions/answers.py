"""Sessions and tokens, as OpenAPI tells it."""

from typing import Literal

from pydantic import ConfigDict, Field

from entrypoints.http.edge.answers import AnswerModel, either
from entrypoints.http.edge.parameters import Identifier, Instant
from entrypoints.http.users.answers import UserOut


class SessionOut(AnswerModel):
    """A session."""

    id: Identifier
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant
    ip_address: str | None = Field(examples=["203.0.113.7"])
    user_agent: str | None = Field(examples=["curl/8.5.0"])
    current: bool
    acr: str = Field(
        description="How surely the user was recognised: `aal1`, `aal2` or `phr`.",
        examples=["aal1"],
    )
    amr: list[str] = Field(description="What the user has shown.", examples=[["pwd"]])
    authenticated_at: Instant


class TokenOut(AnswerModel):
    """A token answer. With `transport: bearer` it has `access_token` and `refresh_token`.

    With `transport: cookie` both travel in cookies, and it has `csrf_token` in their place.
    """

    model_config = ConfigDict(
        json_schema_extra=either(("access_token", "refresh_token"), ("csrf_token",))
    )

    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds.", examples=[600])
    refresh_expires_in: int = Field(description="Seconds.", examples=[1209600])
    refresh_outcome: Literal["issued", "rotated", "replayed"]
    session: SessionOut
    user: UserOut
    access_token: str = Field(description="For `Authorization: Bearer`, ten minutes at most.")
    refresh_token: str = Field(description="Good for one refresh, which gives the next one.")
    csrf_token: str = Field(description="For `X-CSRF-Token`, on all methods but GET and HEAD.")
