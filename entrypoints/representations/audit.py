"""How the audit trail looks from outside."""

from typing import Any

from domain.audit.event import AuditEvent
from entrypoints.representations.formats import instant


def audit_event_body(event: AuditEvent) -> dict[str, Any]:
    """Return a row of the audit trail."""
    target, origin = event.target, event.origin
    return {
        "id": str(event.id),
        "occurred_at": instant(event.occurred_at),
        "type": event.type,
        "outcome": event.outcome,
        "reason": event.reason,
        "actor": {"kind": event.actor.kind, "id": event.actor.id},
        "target": None if target is None else {"kind": target.kind, "id": target.id},
        "ip_address": origin.ip_address,
        "user_agent": origin.user_agent,
        "request_id": origin.request_id,
        "data": dict(event.data),
    }
