"""What happened to the caller's account."""

from fastapi import Request, Response

from application.paging import InvalidCursor
from domain.errors import ValidationFailed
from entrypoints.http.audit.answers import AuditEventOut
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import ListEnvelope
from entrypoints.http.edge.dependencies import SIGNED_IN_ERRORS, Asked, OfUser, Services
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.router import Router
from entrypoints.representations.audit import audit_event_body

router = Router(
    prefix="/api/v1/users/me", tags=["My account"], responses=responses(*SIGNED_IN_ERRORS)
)


@router.get(
    "/security-events",
    summary="What happened to my account",
    response_model=ListEnvelope[AuditEventOut],
    responses=responses(InvalidCursor, ValidationFailed),
)
async def list_my_security_events(
    request: Request,
    caller: OfUser,
    services: Services,
    asked: Asked,
) -> Response:
    """Return what was done by me and to me, the newest first.

    Where another signed-in person came from is left out.
    """
    page = await services.audit.list_own_events(principal=caller.principal, asked=asked)
    return page_answer(request, page, audit_event_body)
