"""Writing down that somebody asked for what they may not (LG-3)."""

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.recording import Recorder
from domain.access import PermissionDenied, Principal
from domain.audit import Origin
from domain.events import AuthorizationDenied


class RecordDenial:
    """Leaves the one row of a request that was refused for want of a permission.

    The use case that refused has written nothing, so this is a commit of its own.
    """

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self, *, principal: Principal, denied: PermissionDenied, origin: Origin
    ) -> None:
        """Return once the row is durable; it says which permission was missing."""
        event = AuthorizationDenied(
            user_id=principal.user_id,
            because=denied.code,
            missing=denied.missing,
            occurred_at=self._clock.now(),
        )
        async with self._unit_of_work() as unit:
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
