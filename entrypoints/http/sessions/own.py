"""The caller's own sessions."""

from functools import partial
from typing import Annotated

from fastapi import Query, Request, Response

from application.paging import InvalidCursor
from domain.errors import ValidationFailed
from domain.identifiers import SessionId
from domain.sessions.session import EndReason, SessionNotFound
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import ListEnvelope
from entrypoints.http.edge.dependencies import (
    SIGNED_IN_ERRORS,
    Asked,
    From,
    Services,
    SignedIn,
    identified,
    signed_out,
)
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.parameters import Flag, IdInPath
from entrypoints.http.edge.router import Router
from entrypoints.http.sessions.answers import SessionOut
from entrypoints.representations.sessions import session_body

router = Router(
    prefix="/api/v1/users/me", tags=["My account"], responses=responses(*SIGNED_IN_ERRORS)
)


@router.get(
    "/sessions",
    summary="My sessions",
    response_model=ListEnvelope[SessionOut],
    responses=responses(InvalidCursor, ValidationFailed),
)
async def list_my_sessions(
    request: Request,
    caller: SignedIn,
    services: Services,
    asked: Asked,
) -> Response:
    """Return the living sessions, the newest first."""
    page = await services.sessions.list(principal=caller.principal, asked=asked)
    return page_answer(request, page, partial(session_body, current=caller.session.id))


@router.delete(
    "/sessions",
    status_code=204,
    summary="End my other sessions",
    response_class=Response,
)
async def end_my_other_sessions(
    request: Request,
    caller: SignedIn,
    services: Services,
    origin: From,
    include_current: Annotated[Flag, Query(description="End this one as well.")] = False,
) -> Response:
    """End all other sessions, or really all."""
    await services.sessions.end_all(
        principal=caller.principal, keep_current=not include_current, origin=origin
    )
    return signed_out(request) if include_current else Response(status_code=204)


@router.delete(
    "/sessions/{session_id}",
    status_code=204,
    summary="End one of my sessions",
    response_class=Response,
    responses=responses(SessionNotFound),
)
async def end_my_session(
    request: Request, session_id: IdInPath, caller: SignedIn, services: Services, origin: From
) -> Response:
    """End one session; another user's is answered like one that does not exist (AZ-2)."""
    await services.sessions.end(
        principal=caller.principal,
        session_id=identified(SessionId, session_id),
        reason=EndReason.REVOKED_BY_USER,
        origin=origin,
    )
    is_own = session_id == str(caller.session.id)
    return signed_out(request) if is_own else Response(status_code=204)
