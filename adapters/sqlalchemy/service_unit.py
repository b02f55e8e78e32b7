"""The unit of work of the whole service: what every capability can reach in one."""

from adapters.sqlalchemy.accounts.unit import SqlAlchemyAccountsUnit
from adapters.sqlalchemy.keys.unit import SqlAlchemyKeysUnit


class SqlAlchemyUnitOfWork(SqlAlchemyAccountsUnit, SqlAlchemyKeysUnit):
    """All of Doorward's capabilities. A team's own unit inherits from it and adds its own."""
