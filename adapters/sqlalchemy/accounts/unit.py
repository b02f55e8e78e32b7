"""What accounts can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.access.unit import SqlAlchemyAccessUnit
from adapters.sqlalchemy.accounts.invitations import SqlAlchemyInvitationRepository
from adapters.sqlalchemy.factors.unit import SqlAlchemyFactorsUnit
from application.accounts.ports import AccountsUnit, InvitationRepository


class SqlAlchemyAccountsUnit(SqlAlchemyFactorsUnit, SqlAlchemyAccessUnit, AccountsUnit):
    """A unit of work with what accounts touch."""

    @cached_property
    def invitations(self) -> InvitationRepository:
        """Made when it is first asked for."""
        return SqlAlchemyInvitationRepository(self._execution)
