"""Writing events to the audit trail, in the commit of the change that they tell of (LG-3)."""

from application.audit.ports import AuditUnit
from application.audit.seals import Seals
from application.ports.clock import Randomness
from domain.audit.event import AuditEvent
from domain.events import DomainEvent
from domain.origin import Origin
from domain.principal import Principal


class Recorder:
    """Turns events into audit rows; routine ones only if ``routine_too``."""

    def __init__(self, *, randomness: Randomness, seals: Seals, routine_too: bool) -> None:
        self._randomness, self._seals, self._routine_too = randomness, seals, routine_too

    async def record(
        self, unit: AuditUnit, *events: DomainEvent | None, actor: Principal, origin: Origin
    ) -> None:
        """Append one row per event that is noted; None stands for a change that was none."""
        for event in events:
            if event is not None and (self._routine_too or not event.routine):
                entropy = self._randomness.token_bytes
                row = AuditEvent.of(event, actor=actor, origin=origin, entropy=entropy)
                await unit.audit.append(self._seals.sealed(row))
