"""What users can reach in a unit of work."""

from functools import cached_property

from adapters.memory.unit_of_work import MemoryUnit
from adapters.memory.users.users import MemoryUserRepository
from application.users.ports import UserRepository, UsersUnit


class MemoryUsersUnit(MemoryUnit, UsersUnit):
    """A unit of work with what users touch."""

    @cached_property
    def users(self) -> UserRepository:
        """Made when it is first asked for."""
        return MemoryUserRepository(self._transaction)
