"""Factors from before the address was proven give nothing afterwards (AT-7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.factors.mails import FACTOR_REMOVED
from application.factors.ports import FactorsUnit
from application.factors.taking_away import forget_factors
from application.mail.notifications import Notifications
from domain.events import DomainEvent
from domain.factors.events import FactorRemoved
from domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFactors:
    """Takes away what was added to an account by whoever had not proven its address.

    It may have been somebody else, and a passkey outlives every change of the password.
    """

    notifications: Notifications

    async def __call__(
        self, unit: FactorsUnit, user: User, /, *, now: datetime
    ) -> Sequence[DomainEvent]:
        """Save the user, whose address was proven just now for the first time, without factors.

        The owner is told where there were any. Returns what is to be recorded; raises
        ConcurrentChange as saving a user does.
        """
        if not user.has_second_factor:
            await unit.users.save(user)
            return []
        factors = await unit.factors.list_of(user.id)
        user.factors_changed(any_left=False, now=now)
        await unit.users.save(user)
        await forget_factors(unit, user.id)
        words = {"factor": "Every second factor"}
        notice = self.notifications.notice(FACTOR_REMOVED, user.email, now=now, parameters=words)
        await unit.outbox.enqueue(notice)
        return [
            FactorRemoved(
                user_id=user.id, factor_id=factor.id, kind=factor.kind.value, occurred_at=now
            )
            for factor in factors
        ]
