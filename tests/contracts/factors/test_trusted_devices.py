"""What every repository of trusted devices promises."""

import pytest

from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.errors import ConcurrentChange
from domain.factors.device import TrustedDevice
from tests.contracts.samples import HOUR, MINUTE, NOW, a_device, a_user, keep_user

Units = UnitOfWorkFactory[ServiceUnit]


async def keep(units: Units, *devices: TrustedDevice) -> None:
    """Add the devices and commit."""
    async with units() as work:
        for device in devices:
            await work.devices.add(device)
        await work.commit()


async def test_devices_are_found_by_their_token_and_listed_the_newest_first(units: Units) -> None:
    user, other = await keep_user(units), await keep_user(units)
    older, newer = a_device(user), a_device(user, expires_at=NOW + HOUR + MINUTE)
    await keep(units, newer, older, a_device(other))
    async with units.read_only() as work:
        assert await work.devices.list_of(user.id) == [newer, older]
        assert await work.devices.find(older.digest) == older
        assert await work.devices.find(bytes(32)) is None
        assert await work.devices.list_of(a_user().id) == []


async def test_a_device_is_removed_by_its_owner_alone(units: Units) -> None:
    """AZ-2"""
    user, other = await keep_user(units), await keep_user(units)
    device = a_device(user)
    await keep(units, device)
    async with units() as work:
        assert not await work.devices.remove(other.id, device.id)
        assert await work.devices.remove(user.id, device.id)
        assert not await work.devices.remove(user.id, device.id)
        await work.commit()
    async with units.read_only() as work:
        assert await work.devices.find(device.digest) is None


async def test_all_devices_of_a_user_can_be_removed_and_no_others(units: Units) -> None:
    user, other = await keep_user(units), await keep_user(units)
    kept = a_device(other)
    await keep(units, a_device(user), a_device(user), kept)
    async with units() as work:
        await work.devices.remove_all(user.id)
        await work.devices.remove_all(user.id)
        await work.commit()
    async with units.read_only() as work:
        assert await work.devices.list_of(user.id) == []
        assert await work.devices.list_of(other.id) == [kept]


async def test_a_device_of_nobody_is_refused(units: Units) -> None:
    with pytest.raises(ConcurrentChange):
        await keep(units, a_device(a_user()))


async def test_devices_go_with_their_user(units: Units) -> None:
    """AZ-7"""
    user = await keep_user(units)
    device = a_device(user)
    await keep(units, device)
    async with units() as work:
        await work.users.remove(user.id)
        await work.commit()
    async with units.read_only() as work:
        assert await work.devices.find(device.digest) is None


async def test_only_expired_ones_are_purged_and_no_more_than_asked(units: Units) -> None:
    user = await keep_user(units)
    await keep(units, *(a_device(user) for _ in range(3)))
    async with units() as work:
        assert await work.devices.purge(now=NOW + HOUR - MINUTE, limit=10) == 0
        assert await work.devices.purge(now=NOW + HOUR, limit=2) == 2
        assert await work.devices.purge(now=NOW + HOUR, limit=10) == 1
        await work.commit()
