"""Signing in, keeping the session, signing out."""

from fastapi import APIRouter, Depends, Request, Response

from application.limits import SIGN_IN
from domain.session import EndReason
from entrypoints.http.dependencies import From, Services, SignedIn, limited
from entrypoints.http.errors import responses
from entrypoints.http.presenters import answer, token_body
from entrypoints.http.schemas.answers import Envelope, TokenOut
from entrypoints.http.schemas.requests import RefreshRequest, SignInRequest

router = APIRouter(prefix="/api/v1/sessions", tags=["Sessions"])


@router.post(
    "",
    status_code=201,
    summary="Sign in",
    response_model=Envelope[TokenOut],
    responses=responses(
        "INVALID_CREDENTIALS",
        "EMAIL_NOT_VERIFIED",
        "USER_SUSPENDED",
        "VALIDATION_ERROR",
        "TOO_MANY_REQUESTS",
        "BUSY",
    ),
    dependencies=[Depends(limited(SIGN_IN))],
)
async def sign_in(
    request: Request, body: SignInRequest, services: Services, origin: From
) -> Response:
    """Start a session.

    `EMAIL_NOT_VERIFIED` and `USER_SUSPENDED` come only after the right password.
    """
    grant = await services.sign_in()(email=body.email, password=body.password, origin=origin)
    location = {"location": f"/api/v1/users/me/sessions/{grant.session.id}"}
    return answer(request, token_body(grant), status=201, headers=location)


@router.post(
    "/refresh",
    summary="Refresh",
    response_model=Envelope[TokenOut],
    responses=responses("REFRESH_TOKEN_INVALID", "SESSION_ENDED", "VALIDATION_ERROR"),
)
async def refresh(
    request: Request, body: RefreshRequest, services: Services, origin: From
) -> Response:
    """Spend the refresh token for its one successor.

    Shown again within the grace, the spent token gets the same successor (`replayed`), so a
    lost answer or ten open tabs never log anybody out. Any other second use ends the session.
    """
    grant = await services.refresh_session()(refresh_token=body.refresh_token, origin=origin)
    return answer(request, token_body(grant))


@router.delete(
    "/current",
    status_code=204,
    summary="Sign out",
    response_class=Response,
    responses=responses("NOT_AUTHENTICATED", "ACCESS_TOKEN_INVALID", "SESSION_ENDED"),
)
async def sign_out(caller: SignedIn, services: Services, origin: From) -> Response:
    """End the caller's session; its tokens fail from the next request on."""
    await services.end_own_session()(
        principal=caller.principal,
        session_id=caller.session.id,
        reason=EndReason.SIGNED_OUT,
        origin=origin,
    )
    return Response(status_code=204)
