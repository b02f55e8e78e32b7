"""What administrators do to other accounts."""

from fastapi import APIRouter, Request, Response

from domain.identifiers import UserId
from entrypoints.http.conditional import IfMatch, expected
from entrypoints.http.dependencies import From, Services, SignedIn, identified
from entrypoints.http.errors import responses
from entrypoints.http.presenters import answer, etag_of, user_answer
from entrypoints.http.schemas.answers import Envelope, UserOut
from entrypoints.http.schemas.requests import SuspensionRequest

router = APIRouter(
    prefix="/api/v1/users/{user_id}",
    tags=["Administration"],
    responses=responses(
        "NOT_AUTHENTICATED",
        "ACCESS_TOKEN_INVALID",
        "ACCESS_TOKEN_EXPIRED",
        "SESSION_ENDED",
        "MULTIPLE_CREDENTIALS",
        "PERMISSION_DENIED",
        "USER_NOT_FOUND",
    ),
)


@router.post(
    "/suspend",
    summary="Suspend an account",
    response_model=Envelope[UserOut],
    responses=responses("VALIDATION_ERROR", "LAST_ADMINISTRATOR", "CONFLICT"),
)
async def suspend(
    request: Request,
    user_id: str,
    body: SuspensionRequest,
    caller: SignedIn,
    services: Services,
    origin: From,
) -> Response:
    """End every session and mailed secret, and let nobody in (`users:write`)."""
    user = await services.suspend_user()(
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
    responses=responses("CONFLICT"),
)
async def reinstate(
    request: Request, user_id: str, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Let the owner sign in again (`users:write`)."""
    user = await services.reinstate_user()(
        principal=caller.principal, user_id=identified(UserId, user_id), origin=origin
    )
    return user_answer(request, user)


@router.post("/unlock", summary="Forget wrong guesses", response_model=Envelope[UserOut])
async def unlock(
    request: Request, user_id: str, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Let the owner sign in at once after too many wrong passwords (`users:write`)."""
    user = await services.unlock_user()(
        principal=caller.principal, user_id=identified(UserId, user_id), origin=origin
    )
    return user_answer(request, user)


@router.post(
    "/password-reset",
    status_code=202,
    summary="Start a password reset",
    response_model=Envelope[None],
    responses=responses("USER_SUSPENDED"),
)
async def start_password_reset(
    request: Request, user_id: str, caller: SignedIn, services: Services, origin: From
) -> Response:
    """Mail the user a link to set a new password (`users:write`); nobody else sees it."""
    await services.start_password_reset()(
        principal=caller.principal, user_id=identified(UserId, user_id), origin=origin
    )
    return answer(request, None, status=202)


@router.put(
    "/roles/{role}",
    status_code=204,
    summary="Give a role",
    response_class=Response,
    responses=responses("ROLE_NOT_FOUND", "PRECONDITION_FAILED", "VALIDATION_ERROR", "CONFLICT"),
)
async def grant_role(
    user_id: str,
    role: str,
    caller: SignedIn,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Give the user a role (`roles:grant`); nobody gives a permission that they lack.

    `If-Match` is about the user.
    """
    await services.set_role()(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        role=role,
        held=True,
        expected=expected(if_match, etag_of),
        origin=origin,
    )
    return Response(status_code=204)


@router.delete(
    "/roles/{role}",
    status_code=204,
    summary="Take a role away",
    response_class=Response,
    responses=responses(
        "ROLE_NOT_FOUND",
        "PRECONDITION_FAILED",
        "VALIDATION_ERROR",
        "LAST_ADMINISTRATOR",
        "CONFLICT",
    ),
)
async def revoke_role(
    user_id: str,
    role: str,
    caller: SignedIn,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Take a role from the user (`roles:grant`), effective on the next request."""
    await services.set_role()(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        role=role,
        held=False,
        expected=expected(if_match, etag_of),
        origin=origin,
    )
    return Response(status_code=204)
