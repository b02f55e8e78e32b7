"""The seals of audit rows, made as the rows are written."""

from dataclasses import replace
from functools import partial

from application.ports.crypto import Authenticator
from domain.audit.chain import Tag, content_of, origin_of
from domain.audit.event import AuditEvent

PURPOSE = "audit trail v1"


class Seals:
    """Makes the seals of rows, with a key that the database does not have."""

    def __init__(self, *, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def tag(self, content: bytes) -> bytes:
        """Return the keyed digest."""
        return self._authenticator.tag(content, purpose=PURPOSE)

    @property
    def previous_key(self) -> bytes | None:
        """The key of the seals from before SECRET_KEY was changed; None if it is not."""
        return self._authenticator.previous_key(purpose=PURPOSE)

    @property
    def previous_tag(self) -> Tag | None:
        """What makes digests with the previous key."""
        return None if (key := self.previous_key) is None else self.tag_of(key)

    def tag_of(self, key: bytes) -> Tag:
        """Return what makes digests with an earlier key."""
        return partial(self._authenticator.tag_with, key)

    def sealed(self, event: AuditEvent) -> AuditEvent:
        """Return the row with its seals."""
        origin = origin_of(event)
        return replace(
            event,
            seal=self.tag(content_of(event)),
            origin_seal=None if origin is None else self.tag(origin),
        )
