"""The sessions of other users, for administrators."""

from functools import partial

from fastapi import Request, Response

from application.paging import InvalidCursor
from domain.errors import ValidationFailed
from domain.identifiers import SessionId, UserId
from domain.principal import PermissionDenied
from domain.sessions.session import EndReason, SessionNotFound
from domain.users.user import UserNotFound
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import ListEnvelope
from entrypoints.http.edge.dependencies import (
    CALLER_ERRORS,
    Asked,
    From,
    Known,
    Services,
    identified,
)
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router
from entrypoints.http.sessions.answers import SessionOut
from entrypoints.representations.sessions import session_body

router = Router(
    prefix="/api/v1/users/{user_id}/sessions",
    tags=["Users"],
    responses=responses(
        *CALLER_ERRORS,
        PermissionDenied,
        UserNotFound,
    ),
)


@router.get(
    "",
    summary="A user's sessions",
    response_model=ListEnvelope[SessionOut],
    responses=responses(InvalidCursor, ValidationFailed),
)
async def list_user_sessions(
    request: Request,
    user_id: IdInPath,
    caller: Known,
    services: Services,
    asked: Asked,
) -> Response:
    """Return the living sessions, the newest first (`sessions:read`)."""
    page = await services.sessions.list(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        asked=asked,
    )
    return page_answer(request, page, partial(session_body, current=caller.principal.session_id))


@router.delete("", status_code=204, summary="End all sessions of a user", response_class=Response)
async def end_user_sessions(
    user_id: IdInPath, caller: Known, services: Services, origin: From
) -> Response:
    """End every session, effective on the next request (`sessions:revoke`)."""
    await services.sessions.end_all(
        principal=caller.principal, user_id=identified(UserId, user_id), origin=origin
    )
    return Response(status_code=204)


@router.delete(
    "/{session_id}",
    status_code=204,
    summary="End one session of a user",
    response_class=Response,
    responses=responses(SessionNotFound),
)
async def end_user_session(
    user_id: IdInPath, session_id: IdInPath, caller: Known, services: Services, origin: From
) -> Response:
    """End one session (`sessions:revoke`); another user's is as unknown as none."""
    await services.sessions.end(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        session_id=identified(SessionId, session_id),
        reason=EndReason.REVOKED_BY_ADMIN,
        origin=origin,
    )
    return Response(status_code=204)
