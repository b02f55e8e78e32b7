"""What service accounts can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.audit.unit import SqlAlchemyAuditUnit
from adapters.sqlalchemy.service_accounts.accounts import SqlAlchemyServiceAccountRepository
from application.service_accounts.ports import ServiceAccountRepository, ServiceAccountsUnit


class SqlAlchemyServiceAccountsUnit(SqlAlchemyAuditUnit, ServiceAccountsUnit):
    """A unit of work with what service accounts touch."""

    @cached_property
    def service_accounts(self) -> ServiceAccountRepository:
        """Made when it is first asked for."""
        return SqlAlchemyServiceAccountRepository(self._execution)
