"""The API keys of service accounts, for administrators."""

from fastapi import Request, Response

from application.expectations import ChangedMeanwhile
from domain.api_keys.api_key import ApiKeyExpired, ApiKeyNotFound, TooManyApiKeys
from domain.assurance import StepUpRequired
from domain.errors import ConcurrentChange, ValidationFailed
from domain.identifiers import ApiKeyId, ServiceAccountId
from domain.principal import PermissionDenied
from domain.service_accounts.service_account import ServiceAccountNotFound
from entrypoints.http.api_keys.answering import (
    etag_of_key,
    key_answer,
    keys_answer,
    new_key_answer,
)
from entrypoints.http.api_keys.answers import ApiKeyOut, NewApiKeyOut
from entrypoints.http.api_keys.requests import ApiKeyRequest, RotationRequest
from entrypoints.http.edge.answers import Envelope, ListEnvelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import (
    CALLER_ERRORS,
    SIGNED_IN_ERRORS,
    From,
    Known,
    Services,
    SignedIn,
    identified,
)
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, LOCATION, with_headers
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router

router = Router(
    prefix="/api/v1/service-accounts/{account_id}/api-keys",
    tags=["Service accounts"],
    responses=responses(*CALLER_ERRORS, PermissionDenied, ServiceAccountNotFound),
)


@router.post(
    "",
    status_code=201,
    summary="Make an API key for a service account",
    response_model=Envelope[NewApiKeyOut],
    responses=responses(
        *SIGNED_IN_ERRORS, StepUpRequired, ValidationFailed, TooManyApiKeys, ConcurrentChange
    )
    | with_headers(201, *LOCATION),
)
async def create_service_account_key(
    request: Request,
    account_id: IdInPath,
    body: ApiKeyRequest,
    caller: SignedIn,
    services: Services,
    origin: From,
) -> Response:
    """Make a key of permissions that you have (`service-accounts:write`). It is shown this once.

    What it may do is asked for at every use: its permissions, as far as the account has them then.
    """
    new = await services.api_keys.create(
        principal=caller.principal,
        owner=identified(ServiceAccountId, account_id),
        name=body.name,
        permissions=body.permissions,
        expires_in=body.expires_in,
        origin=origin,
    )
    return new_key_answer(request, new, below=_keys_of(account_id))


@router.get("", summary="A service account's API keys", response_model=ListEnvelope[ApiKeyOut])
async def list_service_account_keys(
    request: Request, account_id: IdInPath, caller: Known, services: Services
) -> Response:
    """Return all keys of the account, the newest first (`service-accounts:write`)."""
    keys = await services.api_keys.list(
        principal=caller.principal, owner=identified(ServiceAccountId, account_id)
    )
    return keys_answer(request, keys)


@router.delete(
    "",
    status_code=204,
    summary="Revoke all API keys of a service account",
    response_class=Response,
)
async def revoke_service_account_keys(
    account_id: IdInPath, caller: Known, services: Services, origin: From
) -> Response:
    """Take all keys of the account back (`service-accounts:write`)."""
    await services.api_keys.revoke.all(
        principal=caller.principal, owner=identified(ServiceAccountId, account_id), origin=origin
    )
    return Response(status_code=204)


@router.get(
    "/{key_id}",
    summary="One of a service account's API keys",
    response_model=Envelope[ApiKeyOut],
    responses=responses(ApiKeyNotFound) | with_headers(200, *ETAG),
)
async def read_service_account_key(
    request: Request, account_id: IdInPath, key_id: IdInPath, caller: Known, services: Services
) -> Response:
    """Return one key of the account, with an ETag (`service-accounts:write`)."""
    shown = await services.api_keys.list.one(
        principal=caller.principal,
        owner=identified(ServiceAccountId, account_id),
        key_id=identified(ApiKeyId, key_id),
    )
    return key_answer(request, shown)


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Revoke a service account's API key",
    response_class=Response,
    responses=responses(ApiKeyNotFound, ChangedMeanwhile),
)
async def revoke_service_account_key(
    account_id: IdInPath,
    key_id: IdInPath,
    caller: Known,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Take a key of the account back (`service-accounts:write`)."""
    await services.api_keys.revoke(
        principal=caller.principal,
        owner=identified(ServiceAccountId, account_id),
        key_id=identified(ApiKeyId, key_id),
        expected=expected(if_match, etag_of_key),
        origin=origin,
    )
    return Response(status_code=204)


@router.post(
    "/{key_id}/rotate",
    status_code=201,
    summary="Rotate a service account's API key",
    response_model=Envelope[NewApiKeyOut],
    responses=responses(
        *SIGNED_IN_ERRORS,
        StepUpRequired,
        ApiKeyNotFound,
        ApiKeyExpired,
        ValidationFailed,
        TooManyApiKeys,
        ConcurrentChange,
    )
    | with_headers(201, *LOCATION),
)
async def rotate_service_account_key(
    request: Request,
    account_id: IdInPath,
    key_id: IdInPath,
    caller: SignedIn,
    services: Services,
    origin: From,
    body: RotationRequest | None = None,
) -> Response:
    """Put a new key in the place of one, which lives on for `overlap` seconds.

    It takes `service-accounts:write`, and all permissions of the key.
    """
    new = await services.api_keys.rotate(
        principal=caller.principal,
        owner=identified(ServiceAccountId, account_id),
        key_id=identified(ApiKeyId, key_id),
        overlap=0 if body is None else body.overlap,
        origin=origin,
    )
    return new_key_answer(request, new, below=_keys_of(account_id))


def _keys_of(account_id: str) -> str:
    return f"/api/v1/service-accounts/{account_id}/api-keys"
