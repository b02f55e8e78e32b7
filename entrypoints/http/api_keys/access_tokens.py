"""An access token for an API key, for products that verify without asking."""

from fastapi import Request, Response

from domain.errors import ValidationFailed
from domain.principal import PermissionDenied
from entrypoints.http.api_keys.answers import KeyTokenOut
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.dependencies import CALLER_ERRORS, Known, Services
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.router import Router
from entrypoints.representations.introspection import key_token_body

router = Router(prefix="/api/v1/access-tokens", tags=["API keys"])


@router.post(
    "",
    summary="Get an access token with an API key",
    response_model=Envelope[KeyTokenOut],
    responses=responses(*CALLER_ERRORS, PermissionDenied, ValidationFailed),
    openapi_extra={"security": [{"bearer": []}]},
)
async def issue_access_token(request: Request, caller: Known, services: Services) -> Response:
    """Return a JWT that says what the key gives now, for products that verify with the JWKS.

    The bearer is the key itself; a session, or a token that was got with a key, gets none. Nor does
    a key of more permissions than a token can list (`TOO_LONG`).
    """
    token = await services.api_keys.issue_token(caller=caller)
    return answer(request, key_token_body(token))
