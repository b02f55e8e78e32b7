"""What users can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnit
from adapters.sqlalchemy.users.users import SqlAlchemyUserRepository
from application.users.ports import UserRepository, UsersUnit


class SqlAlchemyUsersUnit(SqlAlchemyUnit, UsersUnit):
    """A unit of work with what users touch."""

    @cached_property
    def users(self) -> UserRepository:
        """Made when it is first asked for."""
        return SqlAlchemyUserRepository(self._execution)
