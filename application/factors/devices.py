"""Trusted devices: on them the password alone suffices, for the lowest level (MF-2).

What makes a password alone suffice ends with that password, with the address, and with every change
of the factors (AT-6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.audit.recording import Recorder
from application.factors.ports import FactorsUnit
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.token_grants import DeviceToken
from domain.factors.device import (
    MOST_DEVICES,
    DeviceId,
    DeviceNotFound,
    TrustedDevice,
    digest_of_device,
)
from domain.factors.events import DeviceForgotten, DeviceTrusted
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import ANONYMOUS, Principal
from domain.sessions.session import EndReason, SessionIsOver
from domain.users.user import User


async def forget_devices(unit: FactorsUnit, user_id: UserId) -> None:
    """Forget every device that the user trusts, in the caller's unit of work."""
    await unit.devices.remove_all(user_id)


@dataclass(frozen=True, slots=True)
class DeviceTrust:
    """Recognises devices, and trusts new ones; with a ``ttl`` of zero, none is trusted."""

    ttl: timedelta
    clock: Clock
    randomness: Randomness
    recorder: Recorder

    async def find(self, unit: FactorsUnit, user: User, token: str | None) -> TrustedDevice | None:
        """Return the user's device with this token.

        None for anything else: a token that is wrong, old or forgotten, and one of another user's.
        """
        digest = digest_of_device(token) if token and self.ttl else None
        device = None if digest is None else await unit.devices.find(digest)
        if device is None or device.user_id != user.id:
            return None
        return device if device.is_good(ttl=self.ttl, now=self.clock.now()) else None

    async def trust(
        self,
        unit: FactorsUnit,
        user: User,
        *,
        kept: Sequence[TrustedDevice],
        instead_of: str | None,
        origin: Origin,
        now: datetime,
    ) -> DeviceToken | None:
        """Trust the device, in the unit of work in which its user signs in; None with no ``ttl``.

        ``kept`` are those that the user trusts already, the newest first; ``instead_of`` is the
        token that this device has brought, which counts no more. The user is saved, so
        that whatever forgets all devices in the same moment finds a conflict, or this does: none
        is left over.
        """
        if not self.ttl:
            return None
        brought = digest_of_device(instead_of) if instead_of else None
        present = [each for each in kept if each.digest == brought]
        going = present or kept[MOST_DEVICES - 1 :]
        device, token = TrustedDevice.trust(
            user_id=user.id,
            ttl=self.ttl,
            ip_address=origin.ip_address,
            user_agent=origin.user_agent,
            now=now,
            entropy=self.randomness.token_bytes,
        )
        await unit.users.save(user)
        for each in going:
            await unit.devices.remove(user.id, each.id)
        await unit.devices.add(device)
        event = DeviceTrusted(user_id=user.id, device_id=device.id, occurred_at=now)
        await self.recorder.record(unit, event, actor=ANONYMOUS, origin=origin)
        return DeviceToken(token=token, expires_at=device.expires_at)


class ListDevices:
    """List the devices that the caller trusts."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[FactorsUnit], trust: DeviceTrust) -> None:
        self._unit_of_work, self._trust = unit_of_work, trust

    async def __call__(self, *, principal: Principal) -> Sequence[TrustedDevice]:
        """Return those that are trusted now, the newest first; there are few."""
        user_id, now = _owner(principal), self._trust.clock.now()
        async with self._unit_of_work.read_only() as unit:
            devices = await unit.devices.list_of(user_id)
        return [device for device in devices if device.is_good(ttl=self._trust.ttl, now=now)]


class ForgetDevices:
    """Forget one of the caller's devices, or all of them: they are asked for a second factor."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[FactorsUnit], clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self, *, principal: Principal, origin: Origin, device_id: DeviceId | None = None
    ) -> None:
        """Return once they are forgotten; without ``device_id`` all of them.

        Raises DeviceNotFound alike for one that is not there and for another user's (AZ-2).
        """
        user_id, now = _owner(principal), self._clock.now()
        async with self._unit_of_work() as unit:
            going = await unit.devices.list_of(user_id)
            if device_id is not None:
                going = [device for device in going if device.id == device_id]
                if not going or not await unit.devices.remove(user_id, device_id):
                    raise DeviceNotFound
            else:
                await unit.devices.remove_all(user_id)
            events = [
                DeviceForgotten(user_id=user_id, device_id=device.id, occurred_at=now)
                for device in going
            ]
            await self._recorder.record(unit, *events, actor=principal, origin=origin)
            await unit.commit()


def _owner(principal: Principal) -> UserId:
    if principal.user_id is None:
        raise SessionIsOver.because(EndReason.USER_DELETED)
    return principal.user_id
