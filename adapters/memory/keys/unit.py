"""What keys can reach in a unit of work."""

from functools import cached_property

from adapters.memory.audit.unit import MemoryAuditUnit
from adapters.memory.keys.signing_keys import MemorySigningKeyRepository
from application.keys.ports import KeysUnit, SigningKeyRepository


class MemoryKeysUnit(MemoryAuditUnit, KeysUnit):
    """A unit of work with what keys touch."""

    @cached_property
    def signing_keys(self) -> SigningKeyRepository:
        """Made when it is first asked for."""
        return MemorySigningKeyRepository(self._transaction)
