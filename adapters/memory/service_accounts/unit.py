"""What service accounts can reach in a unit of work."""

from functools import cached_property

from adapters.memory.audit.unit import MemoryAuditUnit
from adapters.memory.service_accounts.accounts import MemoryServiceAccountRepository
from application.service_accounts.ports import ServiceAccountRepository, ServiceAccountsUnit


class MemoryServiceAccountsUnit(MemoryAuditUnit, ServiceAccountsUnit):
    """A unit of work with what service accounts touch."""

    @cached_property
    def service_accounts(self) -> ServiceAccountRepository:
        """Made when it is first asked for."""
        return MemoryServiceAccountRepository(self._transaction)
