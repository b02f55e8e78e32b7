"""Keeping a session, and signing out."""

from typing import Final

from fastapi import Request, Response

from application.keys.ports import AccessTokenInvalid
from domain.errors import ValidationFailed
from domain.sessions.refresh_token import RefreshToken, RefreshTokenInvalid
from domain.sessions.session import EndReason, SessionIsOver
from entrypoints.http.edge.answers import Envelope
from entrypoints.http.edge.cookies import REFRESH_COOKIE, cookie
from entrypoints.http.edge.csrf import csrf_token, require_proof
from entrypoints.http.edge.dependencies import From, Services, SignedIn, signed_out
from entrypoints.http.edge.errors import CsrfFailed, MultipleCredentials, NotSignedIn, responses
from entrypoints.http.edge.router import Router
from entrypoints.http.sessions.answering import token_answer
from entrypoints.http.sessions.answers import TokenOut
from entrypoints.http.sessions.requests import RefreshRequest

CSRF_PARAMETER: Final = {
    "name": "X-CSRF-Token",
    "in": "header",
    "required": False,
    "description": "In cookie mode: the `csrf_token` of the last token answer.",
    "schema": {"type": "string"},
}

router = Router(prefix="/api/v1/sessions", tags=["Sessions"])


@router.post(
    "/refresh",
    summary="Refresh",
    response_model=Envelope[TokenOut],
    responses=responses(
        RefreshTokenInvalid,
        SessionIsOver,
        ValidationFailed,
        MultipleCredentials,
        CsrfFailed,
    ),
    openapi_extra={"parameters": [CSRF_PARAMETER]},
)
async def refresh_session(
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
        grant = await services.sessions.refresh(refresh_token=body.refresh_token, origin=origin)
        return token_answer(request, grant, csrf=None)
    if in_cookie is None:
        raise ValidationFailed.of("refresh_token", "MISSING", "This field is required.")
    session_id = RefreshToken.parse(in_cookie).session_id
    require_proof(request, session_id)
    request.scope["state"]["by_cookie"] = True
    grant = await services.sessions.refresh(refresh_token=in_cookie, origin=origin)
    csrf = csrf_token(request, session_id)
    return token_answer(request, grant, csrf=csrf)


@router.delete(
    "/current",
    status_code=204,
    summary="Sign out",
    response_class=Response,
    responses=responses(NotSignedIn, AccessTokenInvalid, SessionIsOver),
)
async def sign_out(
    request: Request, caller: SignedIn, services: Services, origin: From
) -> Response:
    """End the caller's session; its tokens fail from the next request on."""
    await services.sessions.end(
        principal=caller.principal,
        session_id=caller.session.id,
        reason=EndReason.SIGNED_OUT,
        origin=origin,
    )
    return signed_out(request)
