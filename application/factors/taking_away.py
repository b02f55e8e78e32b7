"""What goes, when all factors of an account go."""

from application.factors.guard import FactorGuard
from application.factors.ports import FactorsUnit
from domain.credentials.one_time_token import Purpose
from domain.identifiers import UserId

OF_THE_FACTORS = (Purpose.FACTOR_UNDO, Purpose.FACTOR_ENROLMENT)
"""What can be spent no more once there is no factor: the link that undoes the first one, too."""


async def take_all_away(unit: FactorsUnit, user_id: UserId, *, guard: FactorGuard) -> None:
    """Remove the user's factors, recovery codes and trusted devices, and what was mailed for them.

    The guesses at them are forgotten. In the unit of work in which the user was saved before with
    ``factors_changed``: whatever adds or uses a factor meanwhile finds a conflict.
    """
    await forget_factors(unit, user_id)
    await guard.forgive(unit, user_id)


async def forget_factors(unit: FactorsUnit, user_id: UserId) -> None:
    """Do the same, and let the guesses be: where there is no factor they lock nothing."""
    await unit.factors.remove_all(user_id)
    await unit.devices.remove_all(user_id)
    await unit.one_time_tokens.discard(user_id, OF_THE_FACTORS)
