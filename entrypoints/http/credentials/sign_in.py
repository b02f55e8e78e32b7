"""Signing in."""

from fastapi import APIRouter, Depends, Request, Response

from application.credentials.ports import Busy
from application.credentials.sign_in import SIGN_IN, InvalidCredentials
from domain.errors import TooManyRequests, ValidationFailed
from domain.users.user import EmailNotVerified, UserIsSuspended
from entrypoints.http.credentials.requests import SignInRequest
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.csrf import csrf_token, require_own_page
from entrypoints.http.edge.dependencies import From, Services, limited
from entrypoints.http.edge.errors import CsrfFailed, responses
from entrypoints.http.edge.headers import LOCATION, RATE_LIMIT, with_headers
from entrypoints.http.sessions.answering import token_answer
from entrypoints.http.sessions.answers import TokenOut

router = APIRouter(prefix="/api/v1/sessions", tags=["Sessions"])


@router.post(
    "",
    status_code=201,
    summary="Sign in",
    response_model=Envelope[TokenOut],
    responses=responses(
        InvalidCredentials,
        EmailNotVerified,
        UserIsSuspended,
        ValidationFailed,
        TooManyRequests,
        Busy,
        CsrfFailed,
    )
    | with_headers(201, *LOCATION, *RATE_LIMIT),
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
        require_own_page(request)
    grant = await services.credentials.sign_in(
        email=body.email, password=body.password, origin=origin
    )
    location = {"location": f"/api/v1/users/me/sessions/{grant.session.id}"}
    csrf = csrf_token(request, grant.session.id) if in_cookies else None
    return token_answer(request, grant, csrf=csrf, status=201, headers=location)
