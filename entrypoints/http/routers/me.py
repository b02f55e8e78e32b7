"""The signed-in user's own profile and sessions."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from application.expectations import UNCHANGED
from domain.identifiers import SessionId
from domain.session import EndReason
from entrypoints.http.conditional import IfMatch, expected
from entrypoints.http.dependencies import Asked, From, Services, SignedIn, identified, signed_out
from entrypoints.http.errors import responses
from entrypoints.http.presenters import etag_of, page_answer, user_answer
from entrypoints.http.schemas.answers import Envelope, ListEnvelope, SessionOut, UserOut
from entrypoints.http.schemas.parameters import Flag
from entrypoints.http.schemas.requests import ProfileRequest
from entrypoints.representations import session_body

router = APIRouter(
    prefix="/api/v1/users/me",
    tags=["Me"],
    responses=responses(
        "NOT_AUTHENTICATED",
        "ACCESS_TOKEN_INVALID",
        "ACCESS_TOKEN_EXPIRED",
        "SESSION_ENDED",
        "MULTIPLE_CREDENTIALS",
    ),
)


@router.get("", summary="Who am I", response_model=Envelope[UserOut])
async def read_me(request: Request, caller: SignedIn) -> Response:
    """Return the caller, with an ETag."""
    return user_answer(request, caller.user)


@router.patch(
    "",
    summary="Change my profile",
    response_model=Envelope[UserOut],
    responses=responses("PRECONDITION_FAILED", "VALIDATION_ERROR", "CONFLICT"),
)
async def update_me(
    request: Request,
    body: ProfileRequest,
    caller: SignedIn,
    services: Services,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Change the display name; null or empty removes it, leaving it out changes nothing."""
    keep = "display_name" not in body.model_fields_set
    user = await services.update_own_profile()(
        principal=caller.principal,
        display_name=UNCHANGED if keep else body.display_name,
        expected=expected(if_match, etag_of),
        origin=origin,
    )
    return user_answer(request, user)


@router.get(
    "/sessions",
    summary="My sessions",
    response_model=ListEnvelope[SessionOut],
    responses=responses("INVALID_CURSOR", "VALIDATION_ERROR"),
)
async def list_sessions(
    request: Request,
    caller: SignedIn,
    services: Services,
    asked: Asked,
) -> Response:
    """Return the living sessions, the newest first."""
    page = await services.list_own_sessions()(principal=caller.principal, asked=asked)
    return page_answer(request, page, partial(session_body, current=caller.session.id))


@router.delete(
    "/sessions",
    status_code=204,
    summary="End my other sessions",
    response_class=Response,
)
async def end_sessions(
    request: Request,
    caller: SignedIn,
    services: Services,
    origin: From,
    include_current: Annotated[Flag, Query(description="End this one as well.")] = False,
) -> Response:
    """End all other sessions, or really all."""
    await services.end_own_sessions()(
        principal=caller.principal, include_current=include_current, origin=origin
    )
    return signed_out(request) if include_current else Response(status_code=204)


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="End one of my sessions",
    response_class=Response,
    responses=responses("SESSION_NOT_FOUND"),
)
async def end_session(
    request: Request, session_id: str, caller: SignedIn, services: Services, origin: From
) -> Response:
    """End one session; somebody else's is as unknown as one that never was (AZ-2)."""
    await services.end_own_session()(
        principal=caller.principal,
        session_id=identified(SessionId, session_id),
        reason=EndReason.REVOKED_BY_USER,
        origin=origin,
    )
    is_own = session_id == str(caller.session.id)
    return signed_out(request) if is_own else Response(status_code=204)
