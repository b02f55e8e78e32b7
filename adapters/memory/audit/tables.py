"""The audit trail, and the chain over it."""

from dataclasses import replace

from adapters.memory.store import Table, itself
from domain.audit.chain import ChainedEvent, ChainHead
from domain.audit.event import AuditEvent, AuditEventId
from domain.audit.retired_key import RetiredAuditKey, RetiredAuditKeyId


def _identifiers_in(event: AuditEvent) -> set[str]:
    """Return whom the row is about: an event of a session names its user in the data."""
    target = event.target.id if event.target else None
    named = (event.actor.id, target, event.data.get("user_id"))
    return {identifier for identifier in named if identifier is not None}


AUDIT = Table[AuditEventId, AuditEvent](
    "audit_events",
    lambda event: replace(event, data=dict(event.data)),
    section="security_events",
    kept=True,  # nothing is ever taken out of the trail
    about=_identifiers_in,
)
CHAIN = Table[AuditEventId, ChainedEvent](
    "audit_places", itself, section="security_events", kept=True
)
CHAIN_HEADS = Table[str, ChainHead]("audit_chain", itself, kept=True)
RETIRED_KEYS = Table[RetiredAuditKeyId, RetiredAuditKey]("retired_audit_keys", itself, kept=True)
