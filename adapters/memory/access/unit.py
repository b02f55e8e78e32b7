"""What access can reach in a unit of work."""

from functools import cached_property

from adapters.memory.access.roles import MemoryRoleRepository
from adapters.memory.audit.unit import MemoryAuditUnit
from adapters.memory.mail.unit import MemoryMailUnit
from adapters.memory.service_accounts.unit import MemoryServiceAccountsUnit
from adapters.memory.users.unit import MemoryUsersUnit
from application.access.ports import AccessUnit, RoleRepository


class MemoryAccessUnit(
    MemoryUsersUnit,
    MemoryServiceAccountsUnit,
    MemoryAuditUnit,
    MemoryMailUnit,
    AccessUnit,
):
    """A unit of work with what access touches."""

    @cached_property
    def roles(self) -> RoleRepository:
        """Made when it is first asked for."""
        return MemoryRoleRepository(self._transaction)
