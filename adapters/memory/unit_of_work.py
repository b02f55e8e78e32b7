"""Units of work over a :class:`~adapters.memory.store.MemoryStore`."""

from collections.abc import Callable
from typing import Self

from adapters.memory.store import MemoryStore, Transaction
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class MemoryUnit(UnitOfWork):
    """A unit of work that changes a memory store in one step, or not at all.

    RuntimeError is raised when a read-only one writes or commits, when one is used after its
    commit, and when one task writes in two open units at once: on a database that would be lost
    work or a deadlock.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def __aenter__(self) -> Self:
        self._transaction.begin()
        return self

    async def __aexit__(self, *_what_happened: object) -> None:
        self._transaction.end()

    async def commit(self) -> None:
        await self._transaction.commit()


class MemoryUnitOfWorkFactory[U: MemoryUnit](UnitOfWorkFactory[U]):
    """Opens units of work of one kind over one store."""

    def __init__(self, store: MemoryStore, unit: Callable[[Transaction], U]) -> None:
        self.store, self._unit = store, unit

    def __call__(self) -> U:
        return self._unit(Transaction(self.store, read_only=False))

    def read_only(self) -> U:
        return self._unit(Transaction(self.store, read_only=True))
