"""Somebody else's sessions, for administrators."""

from functools import partial

from fastapi import APIRouter, Request, Response

from domain.identifiers import SessionId, UserId
from entrypoints.http.dependencies import Asked, From, Services, SignedIn, identified
from entrypoints.http.errors import responses
from entrypoints.http.presenters import page_answer
from entrypoints.http.schemas.answers import ListEnvelope, SessionOut
from entrypoints.representations import session_body

router = APIRouter(
    prefix="/api/v1/users/{user_id}/sessions",
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


@router.get(
    "",
    summary="A user's sessions",
    response_model=ListEnvelope[SessionOut],
    responses=responses("INVALID_CURSOR", "VALIDATION_ERROR"),
)
async def list_sessions(
    request: Request,
    user_id: str,
    caller: SignedIn,
    services: Services,
    asked: Asked,
) -> Response:
    """Return the living sessions, the newest first (`sessions:read`)."""
    page = await services.list_user_sessions()(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        asked=asked,
    )
    return page_answer(request, page, partial(session_body, current=caller.session.id))


@router.delete("", status_code=204, summary="End all sessions of a user", response_class=Response)
async def end_sessions(
    user_id: str, caller: SignedIn, services: Services, origin: From
) -> Response:
    """End every session, effective on the next request (`sessions:revoke`)."""
    await services.end_user_sessions()(
        principal=caller.principal, user_id=identified(UserId, user_id), origin=origin
    )
    return Response(status_code=204)


@router.delete(
    "/{session_id}",
    status_code=204,
    summary="End one session of a user",
    response_class=Response,
    responses=responses("SESSION_NOT_FOUND"),
)
async def end_session(
    user_id: str, session_id: str, caller: SignedIn, services: Services, origin: From
) -> Response:
    """End one session (`sessions:revoke`); another user's is as unknown as none."""
    await services.end_user_session()(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        session_id=identified(SessionId, session_id),
        origin=origin,
    )
    return Response(status_code=204)
