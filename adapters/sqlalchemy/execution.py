"""The ways to run statements: all in one transaction, or each for itself."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from adapters.sqlalchemy.connections import Connection, Connections
from adapters.sqlalchemy.errors import unavailable
from adapters.sqlalchemy.statements import Row, Statement, Values
from domain.errors import ServiceUnavailable


class Execution(ABC):
    """Runs statements for repositories, on one connection from ``begin`` to ``end``."""

    __slots__ = ("_connection", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._connection: Connection | None = None

    @abstractmethod
    async def begin(self) -> None:
        """Make ready to run statements."""

    @abstractmethod
    async def commit(self) -> None:
        """Make what was written durable."""

    async def end(self) -> None:
        """Give the connection back, without what was not committed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.give_back()

    @abstractmethod
    async def all(self, statement: Statement, **values: Any) -> Sequence[Row]:
        """Run the statement and return its rows."""

    @abstractmethod
    async def run(self, statement: Statement, **values: Any) -> int:
        """Run the statement and return how many rows it wrote."""

    @abstractmethod
    async def run_each(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Run the statement once for each row of values, all of them in one round trip."""

    async def first(self, statement: Statement, **values: Any) -> Row | None:
        """Run the statement and return its first row, if there is one."""
        rows = await self.all(statement, **values)
        return rows[0] if rows else None

    async def number(self, statement: Statement, **values: Any) -> int:
        """Run a statement that counts, and return its number."""
        [(number,)] = await self.all(statement, **values)
        return int(number)


class InTransaction(Execution):
    """All statements take effect together, with the commit."""

    __slots__ = ("_is_over",)

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._is_over = False

    async def begin(self) -> None:
        """Take a connection and begin the transaction."""
        connection = await self._begun()
        if connection is None:
            # Lost while it lay idle. Nothing was done yet, so another one does as well.
            connection = await self._begun()
        if connection is None:
            raise unavailable()
        self._connection = connection

    async def commit(self) -> None:
        """Make the change durable; the transaction is over, however this ends."""
        connection = self._current()
        self._is_over = True
        await connection.commit()

    async def all(self, statement: Statement, **values: Any) -> Sequence[Row]:
        """Run the statement and return its rows."""
        return await self._current().fetch(statement, values)

    async def run(self, statement: Statement, **values: Any) -> int:
        """Run the statement and return how many rows it wrote."""
        return await self._current().run(statement, values)

    async def run_each(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Run the statement once for each row of values, all of them in one round trip."""
        if rows:
            await self._current().run_each(statement, rows)

    async def _begun(self) -> Connection | None:
        """Return a connection with an open transaction, or None if it turns out to be lost."""
        connection = await self._connections.take()
        try:
            await connection.begin()
        except BaseException as error:
            lost = isinstance(error, ServiceUnavailable) and connection.is_lost
            await connection.give_back()
            if not lost:
                raise
            return None
        return connection

    def _current(self) -> Connection:
        # After the commit a statement would run, and stay, outside of any transaction.
        if self._connection is None or self._is_over:
            raise RuntimeError("this unit of work is not open")
        return self._connection


class OneByOne(Execution):
    """Each statement sees what is committed by then; nothing can be written.

    Takes a connection when the first statement comes. One that turns out to be lost is
    replaced and the statement run again, once: reading twice does no harm (DB-1).
    """

    __slots__ = ()

    async def begin(self) -> None:
        """Do nothing yet."""

    async def commit(self) -> None:
        """Refuse: there is nothing to commit."""
        raise RuntimeError("a read-only unit of work has nothing to commit")

    async def all(self, statement: Statement, **values: Any) -> Sequence[Row]:
        """Run the statement and return its rows; refuse one that would write."""
        if statement.writes:
            raise RuntimeError("a read-only unit of work does not write")
        connection = await self._taken()
        try:
            return await connection.fetch(statement, values)
        except ServiceUnavailable:
            if not connection.is_lost:
                raise
        self._connection = None
        connection.throw_away()
        return await (await self._taken()).fetch(statement, values)

    async def run(self, statement: Statement, **values: Any) -> int:
        """Refuse: only reading is allowed here."""
        raise RuntimeError("a read-only unit of work does not write")

    async def run_each(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Refuse: only reading is allowed here."""
        raise RuntimeError("a read-only unit of work does not write")

    async def _taken(self) -> Connection:
        if self._connection is None:
            self._connection = await self._connections.take()
        return self._connection


class Autocommit(OneByOne):
    """Each statement takes effect at once, for changes that are one statement long.

    None is run twice: a lost answer may belong to a statement that took effect.
    """

    __slots__ = ()

    async def all(self, statement: Statement, **values: Any) -> Sequence[Row]:
        """Run the statement and return its rows."""
        return await (await self._taken()).fetch(statement, values)

    async def run(self, statement: Statement, **values: Any) -> int:
        """Run the statement and return how many rows it wrote."""
        return await (await self._taken()).run(statement, values)
