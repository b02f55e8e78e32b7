"""The seals of audit rows, made as the rows are written."""

from dataclasses import replace

from application.ports.crypto import Authenticator
from domain.audit.chain import content_of, origin_of
from domain.audit.event import AuditEvent

PURPOSE = "audit trail v1"


class Seals:
    """Makes the seals of rows, with a key that the database does not have."""

    def __init__(self, *, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def tag(self, content: bytes) -> bytes:
        """Return the keyed digest."""
        return self._authenticator.tag(content, purpose=PURPOSE)

    def sealed(self, event: AuditEvent) -> AuditEvent:
        """Return the row with its seals."""
        origin = origin_of(event)
        return replace(
            event,
            seal=self.tag(content_of(event)),
            origin_seal=None if origin is None else self.tag(origin),
        )
