"""What factors can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.credentials.unit import SqlAlchemyCredentialsUnit
from adapters.sqlalchemy.factors.challenges import SqlAlchemySpentChallenges
from adapters.sqlalchemy.factors.devices import SqlAlchemyTrustedDeviceRepository
from adapters.sqlalchemy.factors.factors import SqlAlchemyFactorRepository
from application.factors.ports import (
    FactorRepository,
    FactorsUnit,
    SpentChallenges,
    TrustedDeviceRepository,
)


class SqlAlchemyFactorsUnit(SqlAlchemyCredentialsUnit, FactorsUnit):
    """A unit of work with what factors touch."""

    @cached_property
    def factors(self) -> FactorRepository:
        """Made when it is first asked for."""
        return SqlAlchemyFactorRepository(self._execution)

    @cached_property
    def spent_challenges(self) -> SpentChallenges:
        """Made when it is first asked for."""
        return SqlAlchemySpentChallenges(self._execution)

    @cached_property
    def devices(self) -> TrustedDeviceRepository:
        """Made when it is first asked for."""
        return SqlAlchemyTrustedDeviceRepository(self._execution)
