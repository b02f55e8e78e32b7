"""The ways to run statements: each for itself here; all in one transaction next door."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from adapters.sqlalchemy.connections import Connection, Connections
from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.lookups import Lookup
from adapters.sqlalchemy.statements import Row, Statement, Values
from domain.errors import ServiceUnavailable


class Execution(ABC):
    """Runs statements for repositories, on one connection from ``begin`` to ``end``.

    ``run`` and ``run_each`` write now. ``write`` may wait until the commit, or until the next
    statement whose answer is needed, and is then sent with all the others that wait.
    """

    __slots__ = ("_connection", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._connection: Connection | None = None

    @abstractmethod
    async def begin(self) -> None:
        """Make ready to run statements."""

    @abstractmethod
    async def commit(self) -> None:
        """Make what was written durable. Raises what a write that waited has to raise."""

    @abstractmethod
    async def settle(self) -> None:
        """Raise what a write that still waits has to raise, though it will not be committed."""

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

    @abstractmethod
    def write(
        self,
        statement: Statement,
        values: Values,
        *,
        guarded: bool = False,
        meaning: Callable[[Taken], Exception] | None = None,
    ) -> None:
        """Write with the commit at the latest, before any statement that comes after this one.

        The statement looks at no table but its own. If it is ``guarded`` and finds no row to
        write, that is a ConcurrentChange; ``meaning`` returns what it means that a unique value
        is taken. Either undoes everything, and is raised by whatever call comes to write it.
        """

    def takes_for_granted(self, about: object, statement: Statement, values: Values) -> bool:
        """Tell whether the statement may be taken to find a row, and need not be run now.

        If so, it is run with the commit, which is a ConcurrentChange if it finds none; the next
        unit does not take it for granted any more of what it is ``about``.
        """
        return False

    async def first(self, statement: Statement, **values: Any) -> Row | None:
        """Run the statement and return its first row, if there is one."""
        rows = await self.all(statement, **values)
        return rows[0] if rows else None

    async def look_up(self, lookup: Lookup, value: Any) -> Row | None:
        """Return the row of this value, or None."""
        return await self.first(lookup.one, sought=value)

    async def number(self, statement: Statement, **values: Any) -> int:
        """Run a statement that counts, and return its number."""
        [(number,)] = await self.all(statement, **values)
        return int(number)

    async def _taken(self) -> Connection:
        if self._connection is None:
            self._connection = await self._connections.take()
        return self._connection

    async def _read(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run a statement that stands for itself and return its rows.

        A connection that turns out to be lost is replaced and the statement run again, once:
        reading twice does no harm (DB-1).
        """
        connection = await self._taken()
        try:
            return await connection.fetch(statement, values)
        except ServiceUnavailable:
            if not connection.is_lost:
                raise
        self._replace(connection)
        return await (await self._taken()).fetch(statement, values)

    def _replace(self, lost: Connection) -> None:
        self._connection = None
        lost.throw_away()


class OneByOne(Execution):
    """Each statement sees what is committed by then; nothing can be written.

    Takes a connection when the first statement comes.
    """

    __slots__ = ()

    async def begin(self) -> None:
        """Do nothing yet."""

    async def commit(self) -> None:
        """Refuse: there is nothing to commit."""
        raise RuntimeError("a read-only unit of work has nothing to commit")

    async def settle(self) -> None:
        """Do nothing: nothing waits."""

    async def all(self, statement: Statement, **values: Any) -> Sequence[Row]:
        """Run the statement and return its rows; refuse one that would write."""
        if statement.writes:
            raise RuntimeError("a read-only unit of work does not write")
        return await self._read(statement, values)

    async def run(self, statement: Statement, **values: Any) -> int:
        """Refuse: only reading is allowed here."""
        raise RuntimeError("a read-only unit of work does not write")

    async def run_each(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Refuse: only reading is allowed here."""
        raise RuntimeError("a read-only unit of work does not write")

    def write(
        self,
        statement: Statement,
        values: Values,
        *,
        guarded: bool = False,
        meaning: Callable[[Taken], Exception] | None = None,
    ) -> None:
        """Refuse: only reading is allowed here."""
        raise RuntimeError("a read-only unit of work does not write")


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
