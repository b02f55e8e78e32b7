"""What access can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.access.roles import SqlAlchemyRoleRepository
from adapters.sqlalchemy.audit.unit import SqlAlchemyAuditUnit
from adapters.sqlalchemy.mail.unit import SqlAlchemyMailUnit
from adapters.sqlalchemy.service_accounts.unit import SqlAlchemyServiceAccountsUnit
from adapters.sqlalchemy.users.unit import SqlAlchemyUsersUnit
from application.access.ports import AccessUnit, RoleRepository


class SqlAlchemyAccessUnit(
    SqlAlchemyUsersUnit,
    SqlAlchemyServiceAccountsUnit,
    SqlAlchemyAuditUnit,
    SqlAlchemyMailUnit,
    AccessUnit,
):
    """A unit of work with what access touches."""

    @cached_property
    def roles(self) -> RoleRepository:
        """Made when it is first asked for."""
        return SqlAlchemyRoleRepository(self._execution)
