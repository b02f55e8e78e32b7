"""The audit trail, for who may read it."""

from typing import Annotated

from fastapi import Query, Request, Response

from application.audit.ports import AuditQuery
from application.paging import InvalidCursor
from domain.errors import ValidationFailed
from domain.principal import PermissionDenied
from entrypoints.http.audit.answers import AuditEventOut
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import ListEnvelope
from entrypoints.http.edge.dependencies import CALLER_ERRORS, Asked, Known, Services
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.parameters import Moment, MomentBefore
from entrypoints.http.edge.router import Router
from entrypoints.representations.audit import audit_event_body

router = Router(prefix="/api/v1/audit-events", tags=["Audit"])
type Name = Annotated[str | None, Query(max_length=128)]


@router.get(
    "",
    summary="What happened",
    response_model=ListEnvelope[AuditEventOut],
    responses=responses(
        *CALLER_ERRORS,
        PermissionDenied,
        InvalidCursor,
        ValidationFailed,
    ),
)
async def list_audit_events(
    request: Request,
    caller: Known,
    services: Services,
    asked: Asked,
    actor: Annotated[Name, Query(description="Whose doing: an id.")] = None,
    target: Annotated[Name, Query(description="What it happened to: an id.")] = None,
    type_: Annotated[Name, Query(alias="type", description="Only this type.")] = None,
    after: Annotated[Moment, Query(description="Only what happened after that.")] = None,
    before: Annotated[MomentBefore, Query(description="Only what happened before that.")] = None,
) -> Response:
    """Return rows of the audit trail, the newest first (`audit:read`). No route changes one."""
    page = await services.audit.list_events(
        principal=caller.principal,
        query=AuditQuery(actor=actor, target=target, type=type_, after=after, before=before),
        asked=asked,
    )
    return page_answer(request, page, audit_event_body)
