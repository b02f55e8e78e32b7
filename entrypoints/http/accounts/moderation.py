"""Suspending accounts, for administrators."""

from fastapi import Request, Response

from domain.errors import ConcurrentChange, ValidationFailed
from domain.identifiers import UserId
from domain.principal import PermissionDenied
from domain.users.user import LastAdministrator, UserNotFound
from entrypoints.http.accounts.requests import SuspensionRequest
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.dependencies import CALLER_ERRORS, From, Known, Services, identified
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, with_headers
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router
from entrypoints.http.users.answering import user_answer
from entrypoints.http.users.answers import UserOut

router = Router(
    prefix="/api/v1/users/{user_id}",
    tags=["Users"],
    responses=responses(
        *CALLER_ERRORS,
        PermissionDenied,
        UserNotFound,
    ),
)


@router.post(
    "/suspend",
    summary="Suspend an account",
    response_model=Envelope[UserOut],
    responses=responses(ValidationFailed, LastAdministrator, ConcurrentChange)
    | with_headers(200, *ETAG),
)
async def suspend_user(
    request: Request,
    user_id: IdInPath,
    body: SuspensionRequest,
    caller: Known,
    services: Services,
    origin: From,
) -> Response:
    """End every session and mailed secret, and refuse sign-in (`users:write`)."""
    user = await services.accounts.suspend_user(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        reason=body.reason,
        origin=origin,
    )
    return user_answer(request, user)


@router.post(
    "/reinstate",
    summary="Lift a suspension",
    response_model=Envelope[UserOut],
    responses=responses(ConcurrentChange) | with_headers(200, *ETAG),
)
async def reinstate_user(
    request: Request, user_id: IdInPath, caller: Known, services: Services, origin: From
) -> Response:
    """Let the owner sign in again (`users:write`)."""
    user = await services.accounts.reinstate_user(
        principal=caller.principal, user_id=identified(UserId, user_id), origin=origin
    )
    return user_answer(request, user)
