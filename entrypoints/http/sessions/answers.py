"""Sessions and tokens, as OpenAPI tells it."""

from typing import Literal

from pydantic import BaseModel, Field

from entrypoints.http.edge.parameters import Identifier, Instant
from entrypoints.http.users.answers import UserOut


class SessionOut(BaseModel):
    """A session."""

    id: Identifier
    created_at: Instant
    last_used_at: Instant
    expires_at: Instant
    ip_address: str | None = Field(examples=["203.0.113.7"])
    user_agent: str | None = Field(examples=["curl/8.5.0"])
    current: bool


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
