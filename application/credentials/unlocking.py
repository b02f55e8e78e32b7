"""Unlocking an account after too many wrong guesses."""

from application.audit.recording import Recorder
from application.credentials.attempts import AttemptGuard
from application.credentials.ports import CredentialsUnit
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.lookup import existing_user
from domain.credentials.events import UserUnlocked
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import Principal
from domain.users.permissions import USERS_WRITE
from domain.users.user import User


class UnlockUser:
    """Forget the wrong guesses at an account, so that its owner need not wait (RL-2)."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[CredentialsUnit],
        clock: Clock,
        recorder: Recorder,
        guard: AttemptGuard,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._recorder, self._guard = recorder, guard

    async def __call__(self, *, principal: Principal, user_id: UserId, origin: Origin) -> User:
        """Return the user. Raises PermissionDenied and UserNotFound."""
        principal.require(USERS_WRITE)
        async with self._unit_of_work() as unit:
            user = await existing_user(unit, user_id)
            await self._guard.forgive(unit, user.email)
            event = UserUnlocked(user_id=user.id, occurred_at=self._clock.now())
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
        return user
