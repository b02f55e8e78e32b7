"""Suspending an account, and reinstating it."""

from application.accounts.ports import AccountsUnit
from application.audit.recording import Recorder
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.ending import end_sessions
from application.users.administrators import ensure_administrator_remains
from application.users.lookup import existing_user
from domain.credentials.one_time_token import Purpose
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import Principal
from domain.sessions.session import EndReason
from domain.users.permissions import USERS_WRITE
from domain.users.user import User


class SuspendUser:
    """Suspend an account: sessions and mailed secrets end in the same commit (AT-4, SE-1)."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[AccountsUnit], clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self, *, principal: Principal, user_id: UserId, reason: str, origin: Origin
    ) -> User:
        """Return the suspended user; one who is suspended already is not changed.

        Raises PermissionDenied, ValidationFailed, UserNotFound and LastAdministrator.
        """
        principal.require(USERS_WRITE)
        return await retry_on_conflict(lambda: self._suspend(principal, user_id, reason, origin))

    async def _suspend(
        self, principal: Principal, user_id: UserId, reason: str, origin: Origin
    ) -> User:
        async with self._unit_of_work() as unit:
            user = await existing_user(unit, user_id)
            await ensure_administrator_remains(unit, user)
            now = self._clock.now()
            suspended = user.suspend(reason, now=now)
            if suspended is None:
                return user
            await unit.users.save(user)
            ended = await end_sessions(unit, user.id, EndReason.USER_SUSPENDED, now=now)
            await unit.one_time_tokens.discard(user.id, list(Purpose))
            await self._recorder.record(unit, ended, suspended, actor=principal, origin=origin)
            await unit.commit()
        return user


class ReinstateUser:
    """Lift a suspension. What it ended stays ended."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[AccountsUnit], clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(self, *, principal: Principal, user_id: UserId, origin: Origin) -> User:
        """Return the user as it is now. Raises PermissionDenied and UserNotFound."""
        principal.require(USERS_WRITE)
        return await retry_on_conflict(lambda: self._reinstate(principal, user_id, origin))

    async def _reinstate(self, principal: Principal, user_id: UserId, origin: Origin) -> User:
        async with self._unit_of_work() as unit:
            user = await existing_user(unit, user_id)
            event = user.reinstate(now=self._clock.now())
            if event is not None:
                await unit.users.save(user)
                await self._recorder.record(unit, event, actor=principal, origin=origin)
                await unit.commit()
        return user
