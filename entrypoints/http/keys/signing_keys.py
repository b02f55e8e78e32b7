"""The keys behind access tokens, for who may manage them."""

from functools import partial
from typing import Annotated

from fastapi import Path, Request, Response

from application.keys.keyring import SigningKeyNotFound
from application.paging import InvalidCursor
from domain.errors import ValidationFailed
from domain.principal import PermissionDenied
from entrypoints.http.edge.answering import answer, page_answer
from entrypoints.http.edge.answers import Envelope, ListEnvelope
from entrypoints.http.edge.dependencies import CALLER_ERRORS, Asked, From, Known, Services
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.router import Router
from entrypoints.http.keys.answers import SigningKeyOut
from entrypoints.representations.keys import signing_key_body

type KeyInPath = Annotated[str, Path(description="The key's `kid`.")]

router = Router(
    prefix="/api/v1/signing-keys",
    tags=["Signing keys"],
    responses=responses(
        *CALLER_ERRORS,
        PermissionDenied,
    ),
)


@router.get(
    "",
    summary="Signing keys",
    response_model=ListEnvelope[SigningKeyOut],
    responses=responses(InvalidCursor, ValidationFailed),
)
async def list_signing_keys(
    request: Request, caller: Known, services: Services, asked: Asked
) -> Response:
    """Return every key that is kept, the oldest first, without private halves (`keys:manage`)."""
    page = await services.keys.manage.listed(principal=caller.principal, asked=asked)
    return page_answer(request, page, partial(signing_key_body, now=services.ports.clock.now()))


@router.post("/rotate", status_code=202, summary="Rotate", response_model=Envelope[SigningKeyOut])
async def rotate_signing_key(
    request: Request, caller: Known, services: Services, origin: From
) -> Response:
    """Publish a new key (`keys:manage`).

    It signs when every cache of the JWKS has seen it, and the old one goes when its last token
    has expired; nothing else is to be called.
    """
    key = await services.keys.manage.rotate(principal=caller.principal, origin=origin)
    return answer(request, signing_key_body(key, now=services.ports.clock.now()), status=202)


@router.post(
    "/{kid}/revoke",
    status_code=204,
    summary="Revoke a key",
    response_class=Response,
    responses=responses(SigningKeyNotFound),
)
async def revoke_signing_key(
    kid: KeyInPath, caller: Known, services: Services, origin: From
) -> Response:
    """Take a key out of the JWKS at once; every token that it signed is refused (`keys:manage`)."""
    await services.keys.manage.revoke(principal=caller.principal, kid=kid, origin=origin)
    return Response(status_code=204)
