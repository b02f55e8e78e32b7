"""Suspending accounts, for administrators."""

from fastapi import APIRouter, Request, Response

from domain.errors import ConcurrentChange, ValidationFailed
from domain.identifiers import UserId
from domain.principal import PermissionDenied
from domain.users.user import LastAdministrator, UserNotFound
from entrypoints.http.accounts.requests import SuspensionRequest
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.dependencies import CALLER_ERRORS, From, Services, SignedIn, identified
from entrypoints.http.edge.errors import responses
from entrypoints.http.users.answering import user_answer
from entrypoints.http.users.answers import UserOut

router = APIRouter(
    prefix="/api/v1/users/{user_id}",
    tags=["Administration"],
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
    responses=responses(ValidationFailed, LastAdministrator, ConcurrentChange),
)
async def suspend(
    request: Request,
    user_id: str,
    body: SuspensionRequest,
    caller: SignedIn,
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
    responses=responses(ConcurrentChange),
)
async def reinstate(
    request: Request, user_id: str, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Let the owner sign in again (`users:write`)."""
    user = await services.accounts.reinstate_user(
        principal=caller.principal, user_id=identified(UserId, user_id), origin=origin
    )
    return user_answer(request, user)
