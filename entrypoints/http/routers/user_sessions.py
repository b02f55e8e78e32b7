"""Somebody else's sessions, for administrators."""

from fastapi import APIRouter, Request, Response

from domain.identifiers import SessionId, UserId
from entrypoints.http.dependencies import From, Services, SignedIn, identified
from entrypoints.http.errors import responses
from entrypoints.http.presenters import list_answer
from entrypoints.http.schemas.answers import ListEnvelope, SessionOut
from entrypoints.http.schemas.parameters import DEFAULT_PAGE, PageCursor, PageSize
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
    limit: PageSize = DEFAULT_PAGE,
    cursor: PageCursor = None,
) -> Response:
    """Return the living sessions, the newest first (`sessions:read`)."""
    page = await services.list_user_sessions()(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        limit=limit,
        cursor=cursor,
    )
    bodies = [session_body(session, current=caller.session.id) for session in page.items]
    return list_answer(request, bodies, limit=limit, next_cursor=page.next_cursor)


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
