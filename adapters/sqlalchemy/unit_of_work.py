"""Units of work over one database."""

from collections.abc import Callable
from typing import Self

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.engine import Engine
from adapters.sqlalchemy.execution import Execution, OneByOne
from adapters.sqlalchemy.gathering import GatheredReads, Gathering
from adapters.sqlalchemy.transaction import InTransaction
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


class SqlAlchemyUnit(UnitOfWork):
    """A unit of work on one connection, which goes back to the pool whatever happens (DU-5)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def __aenter__(self) -> Self:
        await self._execution.begin()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_what_happened: object) -> None:
        try:
            if kind is None:
                await self._execution.settle()
        finally:
            await self._execution.end()

    async def commit(self) -> None:
        await self._execution.commit()


class SqlAlchemyUnitOfWorkFactory[U: SqlAlchemyUnit](UnitOfWorkFactory[U]):
    """Opens units of work of one kind on the engine's database."""

    def __init__(self, engine: Engine, unit: Callable[[Execution], U]) -> None:
        self._connections, self._unit = Connections(engine), unit
        self._gathering = Gathering(self._connections)

    def __call__(self) -> U:
        return self._unit(InTransaction(self._connections))

    def read_only(self) -> U:
        # Many connections, and each far away; SQLite's is neither.
        if self._connections.many_write:
            return self._unit(GatheredReads(self._connections, self._gathering))
        return self._unit(OneByOne(self._connections))
