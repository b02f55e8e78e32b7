"""Signing keys, as OpenAPI tells it."""

from typing import Literal

from pydantic import ConfigDict, Field

from entrypoints.http.edge.answers import AnswerModel, optional
from entrypoints.http.edge.parameters import Instant


class SigningKeyOut(AnswerModel):
    """A signing key; the private half is never shown."""

    kid: str
    algorithm: Literal["EdDSA", "ES256", "RS256"]
    state: Literal["published", "active", "retired", "gone"]
    published_at: Instant
    activates_at: Instant
    retires_at: Instant | None
    gone_at: Instant | None


class JwksOut(AnswerModel):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, str]]


class ServerMetadataOut(AnswerModel):
    """Authorization server metadata (RFC 8414)."""

    model_config = ConfigDict(json_schema_extra=optional("service_documentation"))

    issuer: str = Field(json_schema_extra={"format": "uri"})
    jwks_uri: str = Field(json_schema_extra={"format": "uri"})
    response_types_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    introspection_endpoint: str = Field(json_schema_extra={"format": "uri"})
    introspection_endpoint_auth_methods_supported: list[str]
    service_documentation: str = Field(json_schema_extra={"format": "uri"})
