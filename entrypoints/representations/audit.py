"""How the audit trail looks from outside."""

from typing import Any

from domain.audit.event import AuditEvent, Party
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
        "actor": _actor(event.actor),
        "target": None if target is None else {"kind": target.kind, "id": target.id},
        "ip_address": origin.ip_address,
        "user_agent": origin.user_agent,
        "request_id": origin.request_id,
        "data": dict(event.data),
    }


def _actor(actor: Party) -> dict[str, str | None]:
    """Return who did it; with an API key, also which one that was."""
    told = {"kind": actor.kind, "id": actor.id}
    return told if actor.key_id is None else {**told, "key_id": actor.key_id}
