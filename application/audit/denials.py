"""Recording that a caller asked for what they may not do (LG-3)."""

from application.audit.ports import AuditUnit
from application.audit.recording import Recorder
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.assurance import StepUpRequired
from domain.audit.events import AuthorizationDenied
from domain.origin import Origin
from domain.principal import PermissionDenied, PersonRequired, Principal


class RecordDenial:
    """Leaves the one row of a request that was refused for want of a permission, or of a proof.

    So does an API key at what takes a person: whoever has stolen one tries such things.

    That the caller's roles would give the permission in a session of a higher level makes it no
    less a refusal: a stolen password looks like that.

    The use case that refused has written nothing, so this is a commit of its own.
    """

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[AuditUnit], clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        denied: PermissionDenied | StepUpRequired | PersonRequired,
        origin: Origin,
    ) -> None:
        """Return once the row is durable; it says which permission was missing, if one was."""
        event = AuthorizationDenied(
            user_id=principal.user_id,
            because=denied.code,
            missing=None if isinstance(denied, PersonRequired) else denied.missing,
            occurred_at=self._clock.now(),
        )
        async with self._unit_of_work() as unit:
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
