"""Where a page of the audit trail ended, as text for a cursor."""

from datetime import datetime

from application.audit.ports import AuditPosition
from domain.audit.event import AuditEvent, AuditEventId


def place_of(event: AuditEvent) -> str:
    """Return the row's place."""
    return f"{event.occurred_at.isoformat()} {event.id}"


def position_in(text: str) -> AuditPosition:
    """Return the place that :func:`place_of` wrote. Raises ValueError for other text."""
    moment, _, identifier = text.partition(" ")
    return datetime.fromisoformat(moment), AuditEventId.parse(identifier)
