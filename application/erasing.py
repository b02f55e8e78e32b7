"""The end of an account, whoever asks for it: all personal data goes (HD-13)."""

from application.administrators import keep_one_administrator
from application.attempts import AttemptGuard
from application.notifications import Notifications
from application.ports.clock import Clock
from application.ports.outbox import MessageKind
from application.ports.unit_of_work import UnitOfWork
from application.recording import Recorder
from domain.access import Principal
from domain.audit import Origin
from domain.user import User


class Eraser:
    """Removes a user and everything of theirs; the audit trail keeps the bare id."""

    def __init__(
        self,
        *,
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        guard: AttemptGuard,
    ) -> None:
        self._clock, self._recorder = clock, recorder
        self._notifications, self._guard = notifications, guard

    async def __call__(
        self, unit: UnitOfWork, user: User, *, principal: Principal, origin: Origin
    ) -> None:
        """Do it in the caller's unit of work, and queue the last mail.

        Raises LastAdministrator, and ConcurrentChange if the user was saved since it was loaded.
        """
        now = self._clock.now()
        await keep_one_administrator(unit, user)
        await unit.users.save(user)
        await unit.users.remove(user.id)
        await unit.outbox_ledger.forget(user.email)
        await unit.invitations.discard(user.email)
        await self._guard.forgive(unit, user.email)
        farewell = self._notifications.notice(MessageKind.ACCOUNT_ERASED, user.email, now=now)
        await unit.outbox.enqueue(farewell)
        await self._recorder.record(unit, user.erase(now=now), actor=principal, origin=origin)
        # Last, so that the row of the erasure itself says no more than the others.
        await unit.audit.forget_origins(user.id)
