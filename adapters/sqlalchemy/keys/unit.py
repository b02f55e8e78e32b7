"""What keys can reach in a unit of work."""

from functools import cached_property

from adapters.sqlalchemy.audit.unit import SqlAlchemyAuditUnit
from adapters.sqlalchemy.keys.signing_keys import SqlAlchemySigningKeyRepository
from application.keys.ports import KeysUnit, SigningKeyRepository


class SqlAlchemyKeysUnit(SqlAlchemyAuditUnit, KeysUnit):
    """A unit of work with what keys touch."""

    @cached_property
    def signing_keys(self) -> SigningKeyRepository:
        """Made when it is first asked for."""
        return SqlAlchemySigningKeyRepository(self._execution)
