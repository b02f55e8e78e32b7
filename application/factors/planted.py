"""Factors and API keys from before the address was proven give nothing afterwards (AT-7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.api_keys.ending import remove_keys
from application.factors.mails import FACTOR_REMOVED, what_was_removed
from application.factors.ports import FactorsUnit
from application.factors.taking_away import forget_factors
from application.mail.notifications import Notifications
from domain.events import DomainEvent
from domain.factors.events import FactorRemoved
from domain.users.user import User


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedAccess:
    """Takes away what was added to an account by whoever had not proven its address.

    It may have been somebody else, and a passkey and an API key outlive every change of the
    password.
    """

    notifications: Notifications

    async def __call__(
        self, unit: FactorsUnit, user: User, /, *, now: datetime
    ) -> Sequence[DomainEvent]:
        """Save the user, whose address was proven just now for the first time, without any of it.

        The owner is told where there was any. Returns what is to be recorded; raises
        ConcurrentChange as saving a user does.
        """
        keys = await remove_keys(unit, user.id, now=now)
        factors = await unit.factors.list_of(user.id) if user.has_second_factor else []
        if user.has_second_factor:
            user.factors_changed(any_left=False, now=now)
        await unit.users.save(user)
        if factors:
            await forget_factors(unit, user.id)
        if factors or keys:
            words = {"factor": what_was_removed(factors=bool(factors), keys=bool(keys))}
            notice = self.notifications.notice(
                FACTOR_REMOVED, user.email, now=now, parameters=words
            )
            await unit.outbox.enqueue(notice)
        removed = [
            FactorRemoved(
                user_id=user.id, factor_id=factor.id, kind=factor.kind.value, occurred_at=now
            )
            for factor in factors
        ]
        return [*removed, *keys]
