"""Trusted devices over one memory transaction."""

from datetime import datetime
from itertools import islice

from adapters.memory.store import Table, Transaction, itself
from adapters.memory.users.users import require_user
from application.factors.ports import TrustedDeviceRepository
from domain.factors.device import DeviceId, TrustedDevice
from domain.identifiers import UserId

TRUSTED_DEVICES = Table[DeviceId, TrustedDevice](
    "trusted_devices",
    itself,
    section="trusted_devices",
    owner=lambda device: device.user_id,
    digest=lambda device: (device.digest,),
)


class MemoryTrustedDeviceRepository(TrustedDeviceRepository):
    """Devices in a dictionary, found by the digest of their token through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._devices = transaction.table(TRUSTED_DEVICES)

    async def add(self, device: TrustedDevice) -> None:
        await self._transaction.writing()
        require_user(self._transaction, device.user_id)
        self._devices.put(device.id, device)

    async def find(self, digest: bytes) -> TrustedDevice | None:
        await self._transaction.reading()
        return next(iter(self._devices.find("digest", digest)), None)

    async def list_of(self, user_id: UserId) -> list[TrustedDevice]:
        await self._transaction.reading()
        found = self._devices.find("owner", user_id)
        return sorted(found, key=lambda device: device.id, reverse=True)

    async def remove(self, user_id: UserId, device_id: DeviceId) -> bool:
        await self._transaction.writing()
        device = self._devices.get(device_id)
        if device is None or device.user_id != user_id:
            return False
        return self._devices.remove(device_id)

    async def remove_all(self, user_id: UserId) -> None:
        await self._transaction.writing()
        for key in list(self._devices.keys("owner", user_id)):
            self._devices.remove(key)

    async def purge(self, *, now: datetime, limit: int) -> int:
        await self._transaction.writing()
        expired = self._devices.select(lambda device: device.expires_at <= now)
        return sum(self._devices.remove(key) for key in islice(expired, limit))
