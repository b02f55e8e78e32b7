"""A row of the audit trail: who did what to whom, from where, when, and how it ended (LG-3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.events import DomainEvent, Outcome
from domain.identifiers import Entropy, Identifier, UserId
from domain.origin import NOWHERE, Origin
from domain.principal import Principal


class AuditEventId(Identifier):
    """Identifies a row of the audit trail."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Party:
    """An actor or a target; the bare identifier is kept when the user is erased.

    ``key_id`` is the API key that an actor came with, if they did.
    """

    kind: str
    id: str | None
    key_id: str | None = None

    @classmethod
    def of(cls, actor: Principal) -> "Party":
        """Return who acts."""
        return cls(
            actor.kind.value,
            str(actor.account_id) if actor.account_id else None,
            str(actor.key_id) if actor.key_id else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One append-only row. Holds no secret and no address."""

    id: AuditEventId
    occurred_at: datetime
    type: str
    outcome: Outcome
    reason: str | None
    actor: Party
    target: Party | None
    origin: Origin
    data: Mapping[str, str] = field(default_factory=dict)
    # Keyed digests of the row, and of where its request came from (domain.audit.chain).
    seal: bytes | None = field(default=None, repr=False)
    origin_seal: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, event: DomainEvent, *, actor: Principal, origin: Origin, entropy: Entropy
    ) -> "AuditEvent":
        """Return the row that tells of ``event``."""
        target = event.target
        return cls(
            id=AuditEventId.new(event.occurred_at, entropy),
            occurred_at=event.occurred_at,
            type=event.name,
            outcome=event.outcome,
            reason=event.reason,
            actor=Party.of(actor),
            target=Party(target[0], str(target[1])) if target else None,
            origin=origin,
            data=event.data(),
        )

    def as_seen_by(self, user_id: UserId) -> "AuditEvent":
        """Return the row as the user whom it is about may see it.

        Without the origin if another signed-in user caused it: that is their personal data. The
        origin of a caller who was not signed in stays.
        """
        foreign = self.actor.id is not None and self.actor.id != str(user_id)
        return replace(self, origin=NOWHERE) if foreign else self
