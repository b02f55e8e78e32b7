"""The audit trail, for who may read it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from application.ports.audit import AuditQuery
from entrypoints.http.dependencies import Asked, Services, SignedIn
from entrypoints.http.errors import responses
from entrypoints.http.presenters import page_answer
from entrypoints.http.schemas.answers import AuditEventOut, ListEnvelope
from entrypoints.http.schemas.parameters import Moment
from entrypoints.representations import audit_event_body

router = APIRouter(prefix="/api/v1/audit-events", tags=["Audit"])
type Name = Annotated[str | None, Query(max_length=128)]


@router.get(
    "",
    summary="What happened",
    response_model=ListEnvelope[AuditEventOut],
    responses=responses(
        "NOT_AUTHENTICATED",
        "ACCESS_TOKEN_INVALID",
        "ACCESS_TOKEN_EXPIRED",
        "SESSION_ENDED",
        "MULTIPLE_CREDENTIALS",
        "PERMISSION_DENIED",
        "INVALID_CURSOR",
        "VALIDATION_ERROR",
    ),
)
async def list_audit_events(
    request: Request,
    caller: SignedIn,
    services: Services,
    asked: Asked,
    actor: Annotated[Name, Query(description="Whose doing: an id.")] = None,
    target: Annotated[Name, Query(description="What it happened to: an id.")] = None,
    type_: Annotated[Name, Query(alias="type", description="Only this type.")] = None,
    after: Annotated[Moment, Query(description="Only what happened after that.")] = None,
    before: Annotated[Moment, Query(description="Only what happened before that.")] = None,
) -> Response:
    """Return rows of the audit trail, the newest first (`audit:read`). No route changes one."""
    page = await services.list_audit_events()(
        principal=caller.principal,
        query=AuditQuery(actor=actor, target=target, type=type_, after=after, before=before),
        asked=asked,
    )
    return page_answer(request, page, audit_event_body)
