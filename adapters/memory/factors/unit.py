"""What factors can reach in a unit of work."""

from functools import cached_property

from adapters.memory.credentials.unit import MemoryCredentialsUnit
from adapters.memory.factors.challenges import MemorySpentChallenges
from adapters.memory.factors.devices import MemoryTrustedDeviceRepository
from adapters.memory.factors.factors import MemoryFactorRepository
from application.factors.ports import (
    FactorRepository,
    FactorsUnit,
    SpentChallenges,
    TrustedDeviceRepository,
)


class MemoryFactorsUnit(MemoryCredentialsUnit, FactorsUnit):
    """A unit of work with what factors touch."""

    @cached_property
    def factors(self) -> FactorRepository:
        """Made when it is first asked for."""
        return MemoryFactorRepository(self._transaction)

    @cached_property
    def spent_challenges(self) -> SpentChallenges:
        """Made when it is first asked for."""
        return MemorySpentChallenges(self._transaction)

    @cached_property
    def devices(self) -> TrustedDeviceRepository:
        """Made when it is first asked for."""
        return MemoryTrustedDeviceRepository(self._transaction)
