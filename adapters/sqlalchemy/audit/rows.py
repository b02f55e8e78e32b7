"""Rows and entities of the audit trail.

Rows are read by position: the tuple of columns is what to select, in the order in which the
function takes it apart.
"""

from adapters.sqlalchemy.audit.tables import audit_events
from adapters.sqlalchemy.statements import Row, Written
from domain.audit.event import AuditEvent, AuditEventId, Party
from domain.origin import Origin

AUDIT_EVENT = (
    audit_events.c.id,
    audit_events.c.occurred_at,
    audit_events.c.type,
    audit_events.c.outcome,
    audit_events.c.reason,
    audit_events.c.actor_kind,
    audit_events.c.actor_id,
    audit_events.c.actor_key_id,
    audit_events.c.target_kind,
    audit_events.c.target_id,
    audit_events.c.ip_address,
    audit_events.c.user_agent,
    audit_events.c.request_id,
    audit_events.c.data,
    audit_events.c.seal,
    audit_events.c.origin_seal,
)


def audit_event_from(row: Row) -> AuditEvent:
    """Return the audit row that a row of ``AUDIT_EVENT`` tells of."""
    (id_, occurred_at, type_, outcome, reason, actor_kind, actor_id, actor_key,
     target_kind, target_id, ip_address, user_agent, request_id, data, seal,
     origin_seal) = row  # fmt: skip
    return AuditEvent(
        id=AuditEventId(id_),
        occurred_at=occurred_at,
        type=type_,
        outcome=outcome,
        reason=reason,
        actor=Party(actor_kind, actor_id, actor_key),
        target=None if target_kind is None else Party(target_kind, target_id),
        origin=Origin(ip_address=ip_address, user_agent=user_agent, request_id=request_id),
        data=data,
        seal=seal,
        origin_seal=origin_seal,
    )


def user_of(event: AuditEvent) -> str | None:
    """Return whom the row happened to: it is found by that, and says it elsewhere, too."""
    named = event.data.get("user_id") if isinstance(event.data, dict) else None
    return named or (event.target.id if event.target else None)


def audit_event_values(event: AuditEvent) -> Written:
    """Return all that is written of an audit row.

    An event of a session has the session for its target and names the user in its data.
    """
    target, origin = event.target, event.origin
    return {
        "id": event.id.value,
        "occurred_at": event.occurred_at,
        "type": event.type,
        "outcome": event.outcome,
        "reason": event.reason,
        "actor_kind": event.actor.kind,
        "actor_id": event.actor.id,
        "actor_key_id": event.actor.key_id,
        "target_kind": target.kind if target else None,
        "target_id": target.id if target else None,
        "user_id": user_of(event),
        "ip_address": origin.ip_address,
        "user_agent": origin.user_agent,
        "request_id": origin.request_id,
        "data": dict(event.data),
        "seal": event.seal,
        "origin_seal": event.origin_seal,
        "position": None,
        "link": None,
    }
