"""Other users' API keys, for administrators."""

from fastapi import Depends, Request, Response

from application.expectations import ChangedMeanwhile
from domain.api_keys.api_key import ApiKeyNotFound
from domain.identifiers import ApiKeyId, UserId
from domain.principal import PermissionDenied
from domain.users.user import UserNotFound
from entrypoints.http.api_keys.answering import etag_of_key, key_answer, keys_answer
from entrypoints.http.api_keys.answers import ApiKeyOut
from entrypoints.http.edge.answers import Envelope, ListEnvelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import CALLER_ERRORS, From, Known, Services, identified
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, with_headers
from entrypoints.http.edge.methods import not_at_another_path
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router

router = Router(
    prefix="/api/v1/users/{user_id}/api-keys",
    tags=["API keys"],
    responses=responses(*CALLER_ERRORS, PermissionDenied, UserNotFound),
)


@router.get("", summary="A user's API keys", response_model=ListEnvelope[ApiKeyOut])
async def list_api_keys_of_user(
    request: Request, user_id: IdInPath, caller: Known, services: Services
) -> Response:
    """Return all keys of a user, the newest first (`api-keys:read`)."""
    keys = await services.api_keys.list(
        principal=caller.principal, owner=identified(UserId, user_id)
    )
    return keys_answer(request, keys)


@router.delete(
    "",
    status_code=204,
    summary="Revoke all API keys of a user",
    response_class=Response,
    dependencies=[Depends(not_at_another_path)],
)
async def revoke_api_keys_of_user(
    user_id: IdInPath, caller: Known, services: Services, origin: From
) -> Response:
    """Take all keys of a user back (`api-keys:revoke`)."""
    await services.api_keys.revoke.all(
        principal=caller.principal, owner=identified(UserId, user_id), origin=origin
    )
    return Response(status_code=204)


@router.get(
    "/{key_id}",
    summary="One of a user's API keys",
    response_model=Envelope[ApiKeyOut],
    responses=responses(ApiKeyNotFound) | with_headers(200, *ETAG),
)
async def read_api_key_of_user(
    request: Request, user_id: IdInPath, key_id: IdInPath, caller: Known, services: Services
) -> Response:
    """Return one key of a user, with an ETag (`api-keys:read`)."""
    shown = await services.api_keys.list.one(
        principal=caller.principal,
        owner=identified(UserId, user_id),
        key_id=identified(ApiKeyId, key_id),
    )
    return key_answer(request, shown)


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Revoke one of a user's API keys",
    response_class=Response,
    responses=responses(ApiKeyNotFound, ChangedMeanwhile),
)
async def revoke_api_key_of_user(
    user_id: IdInPath,
    key_id: IdInPath,
    caller: Known,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Take a key of a user back (`api-keys:revoke`): it is refused from the next request on."""
    await services.api_keys.revoke(
        principal=caller.principal,
        owner=identified(UserId, user_id),
        key_id=identified(ApiKeyId, key_id),
        expected=expected(if_match, etag_of_key),
        origin=origin,
    )
    return Response(status_code=204)
