"""API keys, as OpenAPI tells it."""

from typing import Literal

from pydantic import ConfigDict, Field

from entrypoints.http.edge.answers import AnswerModel, optional
from entrypoints.http.edge.parameters import Identifier, Instant


class ApiKeyOut(AnswerModel):
    """An API key. Its text is shown once, when it is made."""

    id: Identifier
    name: str = Field(examples=["Nightly export"])
    hint: str = Field(description="How the key begins.", examples=["dwk_9xn7"])
    permissions: list[str] = Field(
        description="The most that it may do.", examples=[["orders:read"]]
    )
    effective_permissions: list[str] = Field(
        description="What it may do now: that of `permissions` which its owner has.",
        examples=[["orders:read"]],
    )
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None = Field(description="May be a minute late.")
    last_used_ip: str | None = Field(examples=["2001:db8::1"])
    created_by: Identifier | None = Field(
        description="The user who made it; null: an operator, or one who was erased."
    )


class NewApiKeyOut(ApiKeyOut):
    """A key that was just made, with its text, which is shown this once."""

    key: str = Field(
        json_schema_extra={"pattern": "^dw[ks]_[0-9A-Za-z]{49}$"},
        examples=["dwk_9xn7W68yLZsAxObQYPs1OHq9F4Y4aOGCTcVJBbDlEg8000tGL"],
    )


class KeyTokenOut(AnswerModel):
    """An access token that was got with an API key. There is no refresh token: the key is one."""

    access_token: str = Field(description="For products that verify with the JWKS alone.")
    token_type: Literal["Bearer"]
    expires_in: int = Field(
        description="Seconds: ten minutes at most, and never beyond the key's end.", examples=[600]
    )


class IntrospectionOut(AnswerModel):
    """What a token is worth now (RFC 7662): of one that is not live, `active` alone."""

    model_config = ConfigDict(
        json_schema_extra=optional(
            "sub",
            "sub_kind",
            "scope",
            "permissions",
            "roles",
            "acr",
            "exp",
            "iat",
            "iss",
            "sid",
            "token_type",
            "claims_omitted",
        )
    )

    active: bool
    sub: Identifier
    sub_kind: Literal["user", "service"]
    scope: str = Field(description="The permissions, with spaces.", examples=["orders:read"])
    permissions: list[str] = Field(examples=[["orders:read"]])
    roles: list[str] = Field(
        description="Empty for a key, and for a token that was got with one.", examples=[["user"]]
    )
    acr: str = Field(
        description="How surely the caller was recognised: `aal1`, `aal2` or `phr`.",
        examples=["aal1"],
    )
    exp: int = Field(description="Seconds since 1970; left out for a key without an end.")
    iat: int = Field(description="Seconds since 1970.")
    iss: str = Field(json_schema_extra={"format": "uri"})
    sid: Identifier
    token_type: Literal["Bearer"]
    claims_omitted: list[str] = Field(
        description=(
            "`permissions` and `scope` for an administrator, who may do everything: there is no"
            " list of it, and the authorization check answers."
        ),
        examples=[["permissions", "scope"]],
    )
