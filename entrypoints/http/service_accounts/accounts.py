"""Service accounts: made, found, described, suspended and removed."""

from fastapi import Request, Response

from application.expectations import UNCHANGED, ChangedMeanwhile
from application.paging import InvalidCursor
from domain.errors import ConcurrentChange, ValidationFailed
from domain.identifiers import ServiceAccountId
from domain.principal import PermissionDenied
from domain.service_accounts.service_account import (
    ServiceAccountAlreadyExists,
    ServiceAccountNotFound,
)
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import Envelope, ListEnvelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import (
    CALLER_ERRORS,
    Asked,
    From,
    Known,
    Services,
    identified,
)
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, LOCATION, with_headers
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router
from entrypoints.http.service_accounts.answering import (
    account_answer,
    etag_of_account,
    new_account_answer,
)
from entrypoints.http.service_accounts.answers import ServiceAccountOut
from entrypoints.http.service_accounts.requests import (
    ServiceAccountChange,
    ServiceAccountRequest,
    ServiceAccountSuspension,
)
from entrypoints.representations.service_accounts import service_account_body

PREFIX = "/api/v1/service-accounts"
router = Router(
    prefix=PREFIX,
    tags=["Service accounts"],
    responses=responses(*CALLER_ERRORS, PermissionDenied),
)


@router.post(
    "",
    status_code=201,
    summary="Make a service account",
    response_model=Envelope[ServiceAccountOut],
    responses=responses(ServiceAccountAlreadyExists, ValidationFailed)
    | with_headers(201, *ETAG, *LOCATION),
)
async def create_service_account(
    request: Request, body: ServiceAccountRequest, caller: Known, services: Services, origin: From
) -> Response:
    """Make an account without a role and without a key (`service-accounts:write`)."""
    account = await services.service_accounts.create(
        principal=caller.principal,
        name=body.name,
        description=body.description,
        origin=origin,
    )
    return new_account_answer(request, account, below=PREFIX)


@router.get(
    "",
    summary="Every service account",
    response_model=ListEnvelope[ServiceAccountOut],
    responses=responses(InvalidCursor, ValidationFailed),
)
async def list_service_accounts(
    request: Request, caller: Known, services: Services, asked: Asked
) -> Response:
    """Return a page of service accounts, the newest first (`service-accounts:read`)."""
    page = await services.service_accounts.list(principal=caller.principal, asked=asked)
    return page_answer(request, page, service_account_body)


@router.get(
    "/{account_id}",
    summary="A service account",
    response_model=Envelope[ServiceAccountOut],
    responses=responses(ServiceAccountNotFound) | with_headers(200, *ETAG),
)
async def read_service_account(
    request: Request, account_id: IdInPath, caller: Known, services: Services
) -> Response:
    """Return one service account, with an ETag (`service-accounts:read`)."""
    account = await services.service_accounts.show(
        principal=caller.principal, account_id=identified(ServiceAccountId, account_id)
    )
    return account_answer(request, account)


@router.patch(
    "/{account_id}",
    summary="Change a service account",
    response_model=Envelope[ServiceAccountOut],
    responses=responses(
        ServiceAccountNotFound,
        ServiceAccountAlreadyExists,
        ChangedMeanwhile,
        ValidationFailed,
        ConcurrentChange,
    )
    | with_headers(200, *ETAG),
)
async def change_service_account(
    request: Request,
    account_id: IdInPath,
    body: ServiceAccountChange,
    caller: Known,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Change name or description (`service-accounts:write`)."""
    said = body.model_fields_set
    account = await services.service_accounts.describe(
        principal=caller.principal,
        account_id=identified(ServiceAccountId, account_id),
        name=body.name if "name" in said else UNCHANGED,
        description=body.description if "description" in said else UNCHANGED,
        expected=expected(if_match, etag_of_account),
        origin=origin,
    )
    return account_answer(request, account)


@router.delete(
    "/{account_id}",
    status_code=204,
    summary="Remove a service account",
    response_class=Response,
    responses=responses(ServiceAccountNotFound, ChangedMeanwhile),
)
async def remove_service_account(
    account_id: IdInPath,
    caller: Known,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Remove the account with its keys (`service-accounts:write`); audit rows keep the bare id."""
    await services.service_accounts.remove(
        principal=caller.principal,
        account_id=identified(ServiceAccountId, account_id),
        expected=expected(if_match, etag_of_account),
        origin=origin,
    )
    return Response(status_code=204)


@router.post(
    "/{account_id}/suspend",
    summary="Suspend a service account",
    response_model=Envelope[ServiceAccountOut],
    responses=responses(ServiceAccountNotFound, ValidationFailed, ConcurrentChange)
    | with_headers(200, *ETAG),
)
async def suspend_service_account(
    request: Request,
    account_id: IdInPath,
    caller: Known,
    services: Services,
    origin: From,
    body: ServiceAccountSuspension | None = None,
) -> Response:
    """Refuse its keys from their next use on (`service-accounts:write`)."""
    account = await services.service_accounts.suspend(
        principal=caller.principal,
        account_id=identified(ServiceAccountId, account_id),
        reason=None if body is None else body.reason,
        origin=origin,
    )
    return account_answer(request, account)


@router.post(
    "/{account_id}/reinstate",
    summary="Reinstate a service account",
    response_model=Envelope[ServiceAccountOut],
    responses=responses(ServiceAccountNotFound, ConcurrentChange) | with_headers(200, *ETAG),
)
async def reinstate_service_account(
    request: Request, account_id: IdInPath, caller: Known, services: Services, origin: From
) -> Response:
    """Lift a suspension (`service-accounts:write`)."""
    account = await services.service_accounts.reinstate(
        principal=caller.principal,
        account_id=identified(ServiceAccountId, account_id),
        origin=origin,
    )
    return account_answer(request, account)
