"""The audit trail's row: who did what to whom, from where, when, and how it ended (LG-3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.access import Principal
from domain.events import DomainEvent, Outcome
from domain.identifiers import AuditEventId, Entropy, UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a request came from. Every part may be unknown."""

    ip_address: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


NOWHERE = Origin()


@dataclass(frozen=True, slots=True)
class Party:
    """An actor or a target; the bare identifier outlives the erased user."""

    kind: str
    id: str | None


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
    # Keyed digests of the row, and of where its request came from (domain.audit_chain).
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
            actor=Party(actor.kind.value, str(actor.user_id) if actor.user_id else None),
            target=Party(target[0], str(target[1])) if target else None,
            origin=origin,
            data=event.data(),
        )

    def as_seen_by(self, user_id: UserId) -> "AuditEvent":
        """Return the row as the user whom it is about may see it.

        Where another signed-in person came from is that person's own affair; where a stranger
        at the user's door came from is not.
        """
        foreign = self.actor.id is not None and self.actor.id != str(user_id)
        return replace(self, origin=NOWHERE) if foreign else self
