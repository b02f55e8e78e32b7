"""Signing in, keeping the session, signing out."""

from fastapi import APIRouter, Depends, Request, Response

from application.limits import SIGN_IN
from domain.errors import ValidationFailed
from domain.session import EndReason, RefreshToken
from entrypoints.http.cookies import REFRESH_COOKIE, cookie
from entrypoints.http.csrf import csrf_token, require_own_page, require_proof
from entrypoints.http.dependencies import From, Services, SignedIn, limited, signed_out
from entrypoints.http.errors import MultipleCredentials, responses
from entrypoints.http.presenters import token_answer
from entrypoints.http.schemas.answers import CookieTokenOut, Envelope, TokenOut
from entrypoints.http.schemas.requests import RefreshRequest, SignInRequest

router = APIRouter(prefix="/api/v1/sessions", tags=["Sessions"])


@router.post(
    "",
    status_code=201,
    summary="Sign in",
    response_model=Envelope[TokenOut | CookieTokenOut],
    responses=responses(
        "INVALID_CREDENTIALS",
        "EMAIL_NOT_VERIFIED",
        "USER_SUSPENDED",
        "VALIDATION_ERROR",
        "TOO_MANY_REQUESTS",
        "BUSY",
        "CSRF_FAILED",
    ),
    dependencies=[Depends(limited(SIGN_IN))],
)
async def sign_in(
    request: Request, body: SignInRequest, services: Services, origin: From
) -> Response:
    """Start a session.

    `EMAIL_NOT_VERIFIED` and `USER_SUSPENDED` come only after the right password. With
    `transport: cookie` both tokens come in cookies that no script can read, and the body has a
    `csrf_token` in their place.
    """
    in_cookies = body.transport == "cookie"
    if in_cookies:
        require_own_page(request, services)
    grant = await services.sign_in()(email=body.email, password=body.password, origin=origin)
    location = {"location": f"/api/v1/users/me/sessions/{grant.session.id}"}
    csrf = csrf_token(services.secret_box(), grant.session.id) if in_cookies else None
    return token_answer(request, grant, csrf=csrf, status=201, headers=location)


@router.post(
    "/refresh",
    summary="Refresh",
    response_model=Envelope[TokenOut | CookieTokenOut],
    responses=responses(
        "REFRESH_TOKEN_INVALID",
        "SESSION_ENDED",
        "VALIDATION_ERROR",
        "MULTIPLE_CREDENTIALS",
        "CSRF_FAILED",
    ),
)
async def refresh(
    request: Request,
    services: Services,
    origin: From,
    body: RefreshRequest | None = None,
) -> Response:
    """Spend the refresh token for its one successor.

    Shown again within the grace, the spent token gets the same successor (`replayed`), so a
    lost answer or ten open tabs never log anybody out. Any other second use ends the session.
    In cookie mode there is no body, and `X-CSRF-Token` is needed.
    """
    in_cookie = cookie(request, REFRESH_COOKIE)
    if body is not None and in_cookie is not None:
        raise MultipleCredentials
    if body is not None:
        grant = await services.refresh_session()(refresh_token=body.refresh_token, origin=origin)
        return token_answer(request, grant, csrf=None)
    if in_cookie is None:
        raise ValidationFailed.of("refresh_token", "MISSING", "This field is required.")
    session_id = RefreshToken.parse(in_cookie).session_id
    require_proof(request, services, session_id)
    request.scope["state"]["by_cookie"] = True
    grant = await services.refresh_session()(refresh_token=in_cookie, origin=origin)
    csrf = csrf_token(services.secret_box(), session_id)
    return token_answer(request, grant, csrf=csrf)


@router.delete(
    "/current",
    status_code=204,
    summary="Sign out",
    response_class=Response,
    responses=responses("NOT_AUTHENTICATED", "ACCESS_TOKEN_INVALID", "SESSION_ENDED"),
)
async def sign_out(
    request: Request, caller: SignedIn, services: Services, origin: From
) -> Response:
    """End the caller's session; its tokens fail from the next request on."""
    await services.end_own_session()(
        principal=caller.principal,
        session_id=caller.session.id,
        reason=EndReason.SIGNED_OUT,
        origin=origin,
    )
    return signed_out(request)
