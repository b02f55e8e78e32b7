"""What other services need to check our tokens: in the shapes of their RFCs, for anyone."""

import orjson
from fastapi import Response

from domain.errors import ServiceUnavailable
from entrypoints.http.edge.dependencies import Parts, Services
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.router import Router
from entrypoints.http.keys.answers import JwksOut, ServerMetadataOut

router = Router(prefix="/.well-known", tags=["Well-known"])


@router.get(
    "/jwks.json",
    summary="Public keys (RFC 7517)",
    response_model=JwksOut,
    responses=responses(ServiceUnavailable),
)
async def read_jwks(container: Parts, services: Services) -> Response:
    """Return every key that may have signed a living token, from memory (DB-6).

    503 until the first keys are there: an empty set that may be kept would have every
    product refuse our tokens for as long as it is kept.
    """
    if not (keys := services.ports.access_tokens.jwks()):
        raise ServiceUnavailable
    max_age = container.settings().jwks_max_age
    return Response(
        orjson.dumps({"keys": keys}),
        headers={"cache-control": f"public, max-age={max_age}"},
        media_type="application/json",
    )


@router.get(
    "/oauth-authorization-server",
    summary="Server metadata (RFC 8414)",
    response_model=ServerMetadataOut,
)
async def read_server_metadata(container: Parts) -> Response:
    """Return the issuer and where its keys are. There is no OAuth grant yet, and none is named."""
    settings = container.settings()
    metadata = {
        "issuer": settings.public_url,
        "jwks_uri": f"{settings.public_url}/.well-known/jwks.json",
        "response_types_supported": [],
        "grant_types_supported": [],
        "token_endpoint_auth_methods_supported": [],
        "introspection_endpoint": f"{settings.public_url}/oauth2/introspect",
        # A registered access token type stands for such a token in the header (RFC 8414, 2).
        "introspection_endpoint_auth_methods_supported": ["Bearer"],
    }
    if settings.docs:
        metadata["service_documentation"] = f"{settings.public_url}/docs"
    return Response(
        orjson.dumps(metadata),
        headers={"cache-control": f"public, max-age={settings.jwks_max_age}"},
        media_type="application/json",
    )
