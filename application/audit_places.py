"""Where a page of the audit trail ended, as text for a cursor."""

from datetime import datetime

from application.paging import InvalidCursor
from application.ports.audit import AuditPosition
from domain.audit import AuditEvent
from domain.identifiers import AuditEventId


def place_of(event: AuditEvent) -> str:
    """Return the row's place."""
    return f"{event.occurred_at.isoformat()} {event.id}"


def position_in(text: str) -> AuditPosition:
    """Return the place that :func:`place_of` wrote. Raises InvalidCursor for other text."""
    moment, _, identifier = text.partition(" ")
    try:
        return datetime.fromisoformat(moment), AuditEventId.parse(identifier)
    except ValueError:
        raise InvalidCursor from None
