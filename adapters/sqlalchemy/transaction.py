"""All statements in one transaction, begun as late as can be."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from adapters.sqlalchemy.connections import Connection, Connections
from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.held import Batch, HeldWrite
from adapters.sqlalchemy.statements import Row, Statement, Values
from domain.errors import ConcurrentChange, ServiceUnavailable


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

    __slots__ = ("_alarm", "_granted", "_held", "_is_begun", "_is_broken", "_is_open", "_sending")

    def __init__(self, connections: Connections) -> None:
        super().__init__(connections)
        self._is_open = False
        self._is_begun = False
        self._is_broken = False
        """Whether something that was held could not be written."""
        self._held: list[HeldWrite] = []
        self._granted: list[object] = []
        """What something was taken for granted of."""
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

    def takes_for_granted(self, about: object, statement: Statement, values: Values) -> bool:
        """Hold the statement, where no transaction is open that it could as well be run in."""
        if self._is_begun or not self._connections.many_write or self._connections.doubts(about):
            return False
        self._granted.append(about)
        self.write(statement, values, guarded=True)
        return True

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
        await self._write(connection, batch)
        return True

    async def _send(self) -> None:
        """Send what is held, in a transaction."""
        if not self._held:
            return
        held, self._held = self._held, []
        try:
            connection = await self._begun()
            for batch in connection.batches(held):
                await self._write(connection, batch)
        except BaseException:
            self._is_broken = True
            raise

    async def _write(self, connection: Connection, batch: Batch) -> None:
        try:
            await connection.write(batch)
        except ConcurrentChange:
            # It may have been that. Whoever starts over finds it out first.
            for about in self._granted:
                self._connections.doubt(about)
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
