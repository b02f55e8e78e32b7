"""The caller's own API keys."""

from fastapi import Request, Response

from application.expectations import ChangedMeanwhile
from domain.api_keys.api_key import ApiKeyExpired, ApiKeyNotFound, TooManyApiKeys
from domain.assurance import StepUpRequired
from domain.errors import ConcurrentChange, TooManyRequests, ValidationFailed
from domain.identifiers import ApiKeyId
from domain.principal import PermissionDenied
from entrypoints.http.api_keys.answering import (
    etag_of_key,
    key_answer,
    keys_answer,
    new_key_answer,
)
from entrypoints.http.api_keys.answers import ApiKeyOut, NewApiKeyOut
from entrypoints.http.api_keys.requests import ApiKeyRename, ApiKeyRequest, RotationRequest
from entrypoints.http.edge.answers import Envelope, ListEnvelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import (
    SIGNED_IN_ERRORS,
    From,
    Services,
    SignedIn,
    identified,
)
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, LOCATION, with_headers
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router

PREFIX = "/api/v1/users/me/api-keys"
router = Router(prefix=PREFIX, tags=["API keys"], responses=responses(*SIGNED_IN_ERRORS))


@router.post(
    "",
    status_code=201,
    summary="Make an API key",
    response_model=Envelope[NewApiKeyOut],
    responses=responses(
        StepUpRequired,
        PermissionDenied,
        ValidationFailed,
        TooManyApiKeys,
        TooManyRequests,
        ConcurrentChange,
    )
    | with_headers(201, *LOCATION),
)
async def create_my_api_key(
    request: Request, body: ApiKeyRequest, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Make a key of permissions that you have. It is shown this once.

    What it may do is asked for at every use: its permissions, as far as you have them then.
    """
    new = await services.api_keys.create(
        principal=caller.principal,
        name=body.name,
        permissions=body.permissions,
        expires_in=body.expires_in,
        origin=origin,
    )
    return new_key_answer(request, new, below=PREFIX)


@router.get("", summary="My API keys", response_model=ListEnvelope[ApiKeyOut])
async def list_my_api_keys(request: Request, caller: SignedIn, services: Services) -> Response:
    """Return all keys, the newest first; one that has expired is shown for thirty days more."""
    return keys_answer(request, await services.api_keys.list(principal=caller.principal))


@router.get(
    "/{key_id}",
    summary="One of my API keys",
    response_model=Envelope[ApiKeyOut],
    responses=responses(ApiKeyNotFound) | with_headers(200, *ETAG),
)
async def read_my_api_key(
    request: Request, key_id: IdInPath, caller: SignedIn, services: Services
) -> Response:
    """Return one key, with an ETag; another account's is answered like none (AZ-2)."""
    shown = await services.api_keys.list.one(
        principal=caller.principal, key_id=identified(ApiKeyId, key_id)
    )
    return key_answer(request, shown)


@router.patch(
    "/{key_id}",
    summary="Rename one of my API keys",
    response_model=Envelope[ApiKeyOut],
    responses=responses(ApiKeyNotFound, ValidationFailed, ChangedMeanwhile, ConcurrentChange)
    | with_headers(200, *ETAG),
)
async def rename_my_api_key(
    request: Request,
    key_id: IdInPath,
    body: ApiKeyRename,
    caller: SignedIn,
    services: Services,
    if_match: IfMatch = None,
) -> Response:
    """Give a key another name."""
    shown = await services.api_keys.rename(
        principal=caller.principal,
        key_id=identified(ApiKeyId, key_id),
        name=body.name,
        expected=expected(if_match, etag_of_key),
    )
    return key_answer(request, shown)


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Revoke one of my API keys",
    response_class=Response,
    responses=responses(ApiKeyNotFound, ChangedMeanwhile),
)
async def revoke_my_api_key(
    key_id: IdInPath,
    caller: SignedIn,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Take a key back: it is refused from the next request on."""
    await services.api_keys.revoke(
        principal=caller.principal,
        key_id=identified(ApiKeyId, key_id),
        expected=expected(if_match, etag_of_key),
        origin=origin,
    )
    return Response(status_code=204)


@router.post(
    "/{key_id}/rotate",
    status_code=201,
    summary="Rotate one of my API keys",
    response_model=Envelope[NewApiKeyOut],
    responses=responses(
        StepUpRequired,
        ApiKeyNotFound,
        ApiKeyExpired,
        ValidationFailed,
        TooManyApiKeys,
        TooManyRequests,
        ConcurrentChange,
    )
    | with_headers(201, *LOCATION),
)
async def rotate_my_api_key(
    request: Request,
    key_id: IdInPath,
    caller: SignedIn,
    services: Services,
    origin: From,
    body: RotationRequest | None = None,
) -> Response:
    """Put a new key in the place of one, which lives on for `overlap` seconds."""
    new = await services.api_keys.rotate(
        principal=caller.principal,
        key_id=identified(ApiKeyId, key_id),
        overlap=0 if body is None else body.overlap,
        origin=origin,
    )
    return new_key_answer(request, new, below=PREFIX)
