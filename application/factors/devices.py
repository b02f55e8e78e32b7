"""Trusted devices: what makes a password alone suffice ends with that password (AT-6)."""

from application.factors.ports import FactorsUnit
from domain.identifiers import UserId


async def forget_devices(unit: FactorsUnit, user_id: UserId) -> None:
    """Forget every device that the user trusts, in the caller's unit of work."""
    await unit.devices.remove_all(user_id)
