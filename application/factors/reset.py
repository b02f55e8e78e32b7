"""Taking all factors of a user away, who has lost them (MF-2, HD-7)."""

from application.api_keys.ending import remove_keys
from application.audit.recording import Recorder
from application.factors.guard import FactorGuard
from application.factors.mails import FACTORS_RESET
from application.factors.ports import FactorsUnit
from application.factors.taking_away import take_all_away
from application.freshness import Freshness
from application.mail.notifications import Notifications
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.sessions.ending import end_sessions
from application.users.lookup import existing_user
from domain.factors import permissions
from domain.factors.events import FactorsReset
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import ADMINISTRATOR, PermissionDenied, Principal
from domain.sessions.session import EndReason
from domain.users.user import User, stated_reason


class ResetFactors:
    """Remove all factors of another user, after whom a password alone opens the account.

    Recovery codes, trusted devices and API keys go too, and all sessions end, in the same commit.
    Whoever does it sees neither a password nor a code, and no factor can be set in the user's
    place.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[FactorsUnit],
        freshness: Freshness,
        clock: Clock,
        recorder: Recorder,
        notifications: Notifications,
        guard: FactorGuard,
    ) -> None:
        self._unit_of_work, self._freshness, self._clock = unit_of_work, freshness, clock
        self._recorder, self._notifications, self._guard = recorder, notifications, guard

    async def __call__(
        self, *, principal: Principal, user_id: UserId, reason: str, origin: Origin
    ) -> None:
        """Return once they are gone, and the owner's mail is queued.

        An account without factors and without keys is not changed.

        Raises PermissionDenied without the permission, for oneself, and for a user who has a
        permission that the principal lacks; StepUpRequired; ValidationFailed; UserNotFound.
        """
        principal.require(permissions.FACTORS_RESET)
        if user_id == principal.user_id:
            raise PermissionDenied
        self._freshness.ensure(principal)
        because = stated_reason(reason)
        await retry_on_conflict(lambda: self._reset(principal, user_id, because, origin))

    async def _reset(
        self, principal: Principal, user_id: UserId, because: str, origin: Origin
    ) -> None:
        async with self._unit_of_work() as unit:
            user = await existing_user(unit, user_id)
            ensure_may_do_as_much(principal, user)
            now = self._clock.now()
            keys = await remove_keys(unit, user.id, now=now)
            has_factors = user.has_second_factor or bool(await unit.factors.list_of(user.id))
            if not has_factors and not keys:
                return
            user.factors_changed(any_left=False, now=now)
            await unit.users.save(user)
            await take_all_away(unit, user.id, guard=self._guard)
            ended = await end_sessions(unit, user.id, EndReason.FACTORS_RESET, now=now)
            event = FactorsReset(user_id=user.id, because=because, occurred_at=now)
            await self._recorder.record(unit, ended, *keys, event, actor=principal, origin=origin)
            notice = self._notifications.notice(FACTORS_RESET, user.email, now=now)
            await unit.outbox.enqueue(notice)
            await unit.commit()


def ensure_may_do_as_much(principal: Principal, user: User) -> None:
    """Raise PermissionDenied if the user has a permission that the principal lacks (AZ-3).

    Else the way to it would lead through that user's account. StepUpRequired where the principal
    has it in a session of a higher level.
    """
    administrates = ADMINISTRATOR in user.roles
    principal.require(
        *sorted(user.defined_permissions), awake={ADMINISTRATOR} if administrates else ()
    )
    if administrates and ADMINISTRATOR not in principal.roles:
        raise PermissionDenied
