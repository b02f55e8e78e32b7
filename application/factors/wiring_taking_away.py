"""What takes factors and trusted devices away, put together."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from application.credentials.ports import CredentialsUnit
from application.factors.devices import ForgetDevices, ListDevices
from application.factors.mails import FIRST_FACTOR_ENROLLED
from application.factors.owned import FactorsData, TrustedDevicesData
from application.factors.ports import FactorsUnit
from application.factors.reset import ResetFactors
from application.factors.undo import UndoFirstFactor
from application.factors.wiring_ground import Ground
from application.housekeeping import Purge, purge_in
from application.mail.relay import SecretCheck
from application.owned_data import OwnedData
from domain.credentials.one_time_token import Purpose
from domain.mail.message import MessageKind


class TakingAway[U: CredentialsUnit]:
    """What ends: by an administrator, by the mailed link, with the account, and with time.

    Each is made when it is first asked for.
    """

    def __init__(self, ground: Ground[U]) -> None:
        self._ground = ground

    @cached_property
    def reset(self) -> ResetFactors:
        """Take all factors of another user away."""
        return ResetFactors(
            unit_of_work=self._ground.units,
            freshness=self._ground.freshness,
            clock=self._ground.clock,
            recorder=self._ground.recorder,
            notifications=self._ground.notifications,
            guard=self._ground.guard,
        )

    @cached_property
    def undo_first(self) -> UndoFirstFactor:
        """Take the first factor away with the mailed link."""
        return UndoFirstFactor(
            unit_of_work=self._ground.units,
            clock=self._ground.clock,
            recorder=self._ground.recorder,
            notifications=self._ground.notifications,
            secrets=self._ground.credentials.secrets,
            guard=self._ground.guard,
        )

    @cached_property
    def list_devices(self) -> ListDevices:
        """List the trusted devices."""
        return ListDevices(unit_of_work=self._ground.units, trust=self._ground.devices)

    @cached_property
    def forget_devices(self) -> ForgetDevices:
        """Forget one of them, or all."""
        return ForgetDevices(
            unit_of_work=self._ground.units,
            clock=self._ground.clock,
            recorder=self._ground.recorder,
        )

    @cached_property
    def secret_checks(self) -> Mapping[MessageKind, SecretCheck]:
        """Tell whether a mailed secret is still good, by the kind of its mail."""
        return {
            FIRST_FACTOR_ENROLLED: self._ground.credentials.secrets.check_for(Purpose.FACTOR_UNDO)
        }

    @cached_property
    def owned(self) -> Sequence[OwnedData[FactorsUnit]]:
        """What the capability holds about a user."""
        return (
            FactorsData(unit_of_work=self._ground.units, guard=self._ground.guard),
            TrustedDevicesData(unit_of_work=self._ground.units),
        )

    @cached_property
    def purges(self) -> Sequence[Purge]:
        """What it removes once it has expired."""
        return (
            purge_in(
                self._ground.units,
                "challenges",
                lambda unit, limit: unit.spent_challenges.purge(
                    now=self._ground.clock.now(), limit=limit
                ),
            ),
            purge_in(
                self._ground.units,
                "trusted devices",
                lambda unit, limit: unit.devices.purge(now=self._ground.clock.now(), limit=limit),
            ),
        )
