"""The unit of work of the whole service: what every capability can reach in one."""

from adapters.memory.accounts.unit import MemoryAccountsUnit
from adapters.memory.keys.unit import MemoryKeysUnit


class MemoryUnitOfWork(MemoryAccountsUnit, MemoryKeysUnit):
    """All of Doorward's capabilities. A team's own unit inherits from it and adds its own."""
