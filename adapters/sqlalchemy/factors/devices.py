"""Trusted devices in `trusted_devices`."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from adapters.sqlalchemy.errors import as_conflict
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.factors.tables import trusted_devices
from adapters.sqlalchemy.statements import Row, Statement, Written, delete_some, insert_into
from application.factors.ports import TrustedDeviceRepository
from domain.factors.device import DeviceId, TrustedDevice
from domain.identifiers import UserId

DEVICE = (
    trusted_devices.c.id,
    trusted_devices.c.user_id,
    trusted_devices.c.digest,
    trusted_devices.c.created_at,
    trusted_devices.c.expires_at,
    trusted_devices.c.ip_address,
    trusted_devices.c.user_agent,
)


def device_from(row: Row) -> TrustedDevice:
    """Return the device that a row of ``DEVICE`` tells of."""
    id_, user_id, digest, created_at, expires_at, ip_address, user_agent = row
    return TrustedDevice(
        id=DeviceId(id_),
        user_id=UserId(user_id),
        digest=digest,
        created_at=created_at,
        expires_at=expires_at,
        ip_address=ip_address,
        user_agent=user_agent,
    )


def device_values(device: TrustedDevice) -> Written:
    """Return all that is written of a device."""
    return {
        "id": device.id.value,
        "user_id": device.user_id.value,
        "digest": device.digest,
        "created_at": device.created_at,
        "expires_at": device.expires_at,
        "ip_address": device.ip_address,
        "user_agent": device.user_agent,
    }


_OF_USER = trusted_devices.c.user_id == bindparam("user_id")
_ADD = insert_into(trusted_devices)
_FIND = Statement(select(*DEVICE).where(trusted_devices.c.digest == bindparam("digest")))
_LIST = Statement(select(*DEVICE).where(_OF_USER).order_by(trusted_devices.c.id.desc()))
_REMOVE = Statement(
    delete(trusted_devices).where(_OF_USER, trusted_devices.c.id == bindparam("id"))
)
_REMOVE_ALL = Statement(delete(trusted_devices).where(_OF_USER))
_PURGE = delete_some(
    trusted_devices, trusted_devices.c.id, trusted_devices.c.expires_at <= bindparam("now")
)


class SqlAlchemyTrustedDeviceRepository(TrustedDeviceRepository):
    """Devices in ``trusted_devices``."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, device: TrustedDevice) -> None:
        self._execution.write(_ADD, device_values(device), meaning=as_conflict)

    async def find(self, digest: bytes) -> TrustedDevice | None:
        row = await self._execution.first(_FIND, digest=digest)
        return None if row is None else device_from(row)

    async def list_of(self, user_id: UserId) -> list[TrustedDevice]:
        rows = await self._execution.all(_LIST, user_id=user_id.value)
        return [device_from(row) for row in rows]

    async def remove(self, user_id: UserId, device_id: DeviceId) -> bool:
        values = {"user_id": user_id.value, "id": device_id.value}
        return bool(await self._execution.run(_REMOVE, **values))

    async def remove_all(self, user_id: UserId) -> None:
        self._execution.write(_REMOVE_ALL, {"user_id": user_id.value})

    async def purge(self, *, now: datetime, limit: int) -> int:
        return await self._execution.run(_PURGE, now=now, limit=limit)
