"""The ways to run statements: all in one transaction, or each for itself."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from adapters.sqlalchemy.connections import Connection, Connections
from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.held import HeldWrite
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

    async def first(self, statement: Statement, **values: Any) -> Row | None:
        """Run the statement and return its first row, if there is one."""
        rows = await self.all(statement, **values)
        return rows[0] if rows else None

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


class InTransaction(Execution):
    """All statements take effect together, with the commit.

    A transaction that has to be begun and ended costs two round trips. Where the database lets
    many write at once, it begins with the first statement that writes or locks and whose answer
    is needed now; what is read before stands for itself, as each statement does anyway where
    READ COMMITTED is the isolation. What can be held until the commit is then sent as one
    statement, which is a transaction of its own (:mod:`adapters.sqlalchemy.held`).

    What is held locks nothing. So it is held only for as long as the caller waits for nothing
    else: as soon as it does, what is held is sent, and its locks last until the end.
    """

    __slots__ = ("_alarm", "_held", "_is_begun", "_is_broken", "_is_open", "_sending")

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._is_open = False
        self._is_begun = False
        self._is_broken = False
        """Whether something that was held could not be written."""
        self._held: list[HeldWrite] = []
        self._alarm: asyncio.Handle | None = None
        """Goes off when the caller waits for something else."""
        self._sending: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Begin at once only where each transaction has to take its turn."""
        self._is_open = True
        if not self._connections.many_write:
            try:
                await self._begun()
            except BaseException:
                await self.end()  # who did not come in does not go out
                raise

    async def commit(self) -> None:
        """Make the change durable; the transaction is over, however this ends."""
        self._ensure_open()
        self._is_open = False
        await self._sent_early()
        if self._is_broken:
            raise RuntimeError("a statement of this unit of work failed; nothing was written")
        if self._held and not await self._sent_alone():
            await self._send()
        if self._is_begun and self._connection is not None:
            await self._connection.commit()

    async def settle(self) -> None:
        """Try what is held, for the sake of what it would raise."""
        if self._is_open:
            await self._sent_early()
            await self._send()

    async def end(self) -> None:
        """Give the connection back, without what was not committed."""
        self._is_open = False
        self._held.clear()
        self._quiet_alarm()
        sending, self._sending = self._sending, None
        try:
            if sending is not None:
                sending.cancel()
                await asyncio.wait({sending})
                if not sending.cancelled():
                    sending.exception()  # the caller has an error of its own
        finally:
            await super().end()

    async def all(self, statement: Statement, **values: Any) -> Sequence[Row]:
        """Run the statement and return its rows."""
        self._ensure_open()
        await self._sent_early()
        stands_alone = not (statement.writes or self._held or self._is_begun)
        if stands_alone and (await self._usable()).may_go_without:
            return await self._read(statement, values)
        return await (await self._in_transaction()).fetch(statement, values)

    async def run(self, statement: Statement, **values: Any) -> int:
        """Run the statement and return how many rows it wrote."""
        self._ensure_open()
        await self._sent_early()
        return await (await self._in_transaction()).run(statement, values)

    async def run_each(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Run the statement once for each row of values, all of them in one round trip."""
        self._ensure_open()
        await self._sent_early()
        if rows:
            await (await self._in_transaction()).run_each(statement, rows)

    def write(
        self,
        statement: Statement,
        values: Values,
        *,
        guarded: bool = False,
        meaning: Callable[[Taken], Exception] | None = None,
    ) -> None:
        """Hold the statement until the commit, or until something has to know its outcome."""
        self._ensure_open()
        self._held.append(HeldWrite(statement, values, guarded, meaning))
        if self._alarm is None and self._sending is None and self._connections.many_write:
            self._alarm = asyncio.get_running_loop().call_soon(self._send_early)

    def _ensure_open(self) -> None:
        # After the commit a statement would run, and stay, outside of any transaction.
        if not self._is_open:
            raise RuntimeError("this unit of work is not open")

    async def _usable(self) -> Connection:
        """Return the connection, in a transaction if it cannot go without."""
        connection = await self._taken()
        if self._is_begun or connection.may_go_without:
            return connection
        return await self._begun()

    async def _in_transaction(self) -> Connection:
        """Return the connection, in a transaction that everything held was sent in."""
        connection = await self._begun()
        if self._held:
            await self._send()
        return connection

    async def _begun(self) -> Connection:
        connection = await self._taken()
        if self._is_begun:
            return connection
        try:
            await connection.begin()
        except ServiceUnavailable:
            if not connection.is_lost:
                raise
            # Lost while it lay idle. Nothing was done yet, so another one does as well.
            self._replace(connection)
            connection = await self._taken()
            await connection.begin()
        self._is_begun = True
        return connection

    async def _sent_alone(self) -> bool:
        """Send what is held if one statement can be all of the transaction; else return False."""
        connection = await self._usable()
        if self._is_begun:
            return False
        batch, *others = connection.batches(self._held)
        if others:
            return False
        await connection.write(batch)
        return True

    async def _send(self) -> None:
        """Send what is held, in a transaction."""
        if not self._held:
            return
        held, self._held = self._held, []
        try:
            connection = await self._begun()
            for batch in connection.batches(held):
                await connection.write(batch)
        except BaseException:
            self._is_broken = True
            raise

    def _send_early(self) -> None:
        self._alarm = None
        loop = asyncio.get_running_loop()
        # At once, and so ahead of whatever the caller waits for.
        self._sending = asyncio.Task(self._send(), loop=loop, eager_start=True)

    async def _sent_early(self) -> None:
        """Wait for what is just being sent, and raise what it raises."""
        self._quiet_alarm()
        if self._sending is not None:
            sending, self._sending = self._sending, None
            await sending

    def _quiet_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


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
