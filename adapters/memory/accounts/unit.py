"""What accounts can reach in a unit of work."""

from functools import cached_property

from adapters.memory.access.unit import MemoryAccessUnit
from adapters.memory.accounts.invitations import MemoryInvitationRepository
from adapters.memory.factors.unit import MemoryFactorsUnit
from application.accounts.ports import AccountsUnit, InvitationRepository


class MemoryAccountsUnit(MemoryFactorsUnit, MemoryAccessUnit, AccountsUnit):
    """A unit of work with what accounts touch."""

    @cached_property
    def invitations(self) -> InvitationRepository:
        """Made when it is first asked for."""
        return MemoryInvitationRepository(self._transaction)
