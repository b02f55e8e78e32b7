"""Factors and trusted devices in a person's export and erasure."""

from collections.abc import AsyncIterator

from application.factors.guard import FactorGuard
from application.factors.ports import FactorsUnit
from application.owned_data import OwnedData, Owner, Plain, Record
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.factors.factor import Passkey, RecoveryCodes


class FactorsData(OwnedData[FactorsUnit]):
    """Which factors there are; no secret, key or code. The guesses at them go with the account."""

    section, is_list = "factors", True

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[FactorsUnit], guard: FactorGuard) -> None:
        self._unit_of_work, self._guard = unit_of_work, guard

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield the factors' records; there are few."""
        async with self._unit_of_work.read_only() as unit:
            factors = await unit.factors.list_of(owner.user_id)
        for factor in factors:
            record: dict[str, Plain] = {
                "id": str(factor.id),
                "kind": factor.kind.value,
                "name": factor.name,
                "created_at": factor.created_at,
                "last_used_at": factor.last_used_at,
            }
            if isinstance(factor, Passkey):
                record |= {"synced": factor.synced, "domain": factor.rp_id}
            if isinstance(factor, RecoveryCodes):
                record |= {"remaining": len(factor.tags)}
            yield record

    async def erase(self, unit: FactorsUnit, owner: Owner) -> None:
        """Forget the guesses; the factors go with the user's row."""
        await self._guard.forgive(unit, owner.user_id)
        await self._guard.forgive_mailbox(unit, owner.email)


class TrustedDevicesData(OwnedData[FactorsUnit]):
    """On which devices the password alone suffices."""

    section, is_list = "trusted_devices", True

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[FactorsUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield the devices' records."""
        async with self._unit_of_work.read_only() as unit:
            devices = await unit.devices.list_of(owner.user_id)
        for device in devices:
            yield {
                "id": str(device.id),
                "created_at": device.created_at,
                "expires_at": device.expires_at,
                "ip_address": device.ip_address,
                "user_agent": device.user_agent,
            }

    async def erase(self, unit: FactorsUnit, owner: Owner) -> None:
        """Leave it to the user's row, with which the devices go."""
