"""What administrators do about passwords that are not theirs."""

from fastapi import Request, Response

from domain.identifiers import UserId
from domain.principal import PermissionDenied
from domain.users.user import UserIsSuspended, UserNotFound
from entrypoints.http.edge.answering import answer
from entrypoints.http.edge.answers import Accepted, Envelope
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
    responses=responses(*CALLER_ERRORS, PermissionDenied, UserNotFound),
)


@router.post(
    "/unlock",
    summary="Forget wrong guesses",
    response_model=Envelope[UserOut],
    responses=with_headers(200, *ETAG),
)
async def unlock_user(
    request: Request, user_id: IdInPath, caller: Known, services: Services, origin: From
) -> Response:
    """Let the owner sign in at once after too many wrong passwords (`users:write`)."""
    user = await services.credentials.unlock_user(
        principal=caller.principal, user_id=identified(UserId, user_id), origin=origin
    )
    return user_answer(request, user)


@router.post(
    "/password-reset",
    status_code=202,
    summary="Start a password reset",
    response_model=Envelope[Accepted],
    responses=responses(UserIsSuspended),
)
async def start_password_reset(
    request: Request, user_id: IdInPath, caller: Known, services: Services, origin: From
) -> Response:
    """Mail the user a link to set a new password (`users:write`); the answer does not hold it."""
    await services.credentials.start_password_reset(
        principal=caller.principal, user_id=identified(UserId, user_id), origin=origin
    )
    return answer(request, None, status=202)
