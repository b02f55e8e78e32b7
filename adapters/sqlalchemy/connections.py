"""Connections: taken from SQLAlchemy's pool, spoken to through their driver.

A connection goes back clean or is thrown away, whatever happened while it was out: an
error, a cancelled request, a server that does not answer (DU-5).
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from adapters.sqlalchemy.engine import BEGINNING, Engine, MustConnect
from adapters.sqlalchemy.errors import Taken, translated, translated_errors
from adapters.sqlalchemy.held import Batch, batches, joint_plan, joint_values, meaning_of
from adapters.sqlalchemy.statements import Row, Statement, Values

CLEAN_UP_SECONDS = 2.0
_MOST_DOUBTS = 1000

_unfinished: set[asyncio.Future[Any]] = set()
"""What outlives the request that it is for; the set keeps it from being lost on the way."""


class Connection(ABC):
    """One connection on loan. Failures come out as :mod:`~adapters.sqlalchemy.errors` says."""

    __slots__ = ("_dialect", "_driver", "_lease", "_open", "_unsettled")

    def __init__(self, lease: PoolProxiedConnection, dialect: Dialect) -> None:
        self._lease = lease
        self._dialect = dialect
        self._driver: Any = lease.driver_connection
        self._open = False
        """Whether there may be an open transaction."""
        self._unsettled = False
        """Whether the driver may be in the middle of a call; a cancelled one leaves it there."""

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run the statement and return its rows."""
        plan = statement.plan(self._dialect)
        return plan.rows(await self._settled(self._fetch(plan.sql, plan.arguments(values))))

    async def run(self, statement: Statement, values: Values) -> int:
        """Run the statement and return how many rows it wrote."""
        plan = statement.plan(self._dialect)
        return await self._settled(self._run(plan.sql, plan.arguments(values)))

    async def run_each(self, statement: Statement, rows: Sequence[Values]) -> None:
        """Run the statement once for each row of values, all of them in one round trip."""
        plan = statement.plan(self._dialect)
        arguments = [plan.arguments(values) for values in rows]
        await self._settled(self._run_each(plan.sql, arguments))

    def batches(self, held: Batch) -> Sequence[Batch]:
        """Return the held writes in batches that take one round trip each, in their order."""
        return batches(held, self._dialect)

    async def write(self, batch: Batch) -> None:
        """Write all of the batch, or raise what it means that some of it cannot be written."""
        try:
            if len(batch) == 1:
                (only,) = batch
                only.check(await self.run(only.statement, only.values))
            else:
                plan = joint_plan(batch, self._dialect)
                await self._settled(self._fetch(plan.sql, plan.arguments(joint_values(batch))))
        except Taken as taken:
            meaning = meaning_of(taken, batch, self._dialect)
            if meaning is taken:
                raise
            raise meaning from None

    async def begin(self) -> None:
        """Begin a transaction that may write."""
        self._open = True
        await self._settled(self._begin())

    async def commit(self) -> None:
        """Make everything since ``begin`` durable."""
        await self._settled(self._commit())
        self._open = False

    @property
    @abstractmethod
    def is_lost(self) -> bool:
        """Whether the connection is known to be closed."""

    @property
    @abstractmethod
    def may_go_without(self) -> bool:
        """Whether a statement may run outside of a transaction that :meth:`begin` begins."""

    async def give_back(self) -> None:
        """Return the connection to the pool, without whatever was not committed.

        Goes on to its end even if the caller is cancelled meanwhile.
        """
        if not self._open and not self._unsettled:
            self._lease.close()
        elif self.is_lost:
            self.throw_away()
        else:
            cleaning = asyncio.create_task(self._clean_up())
            _unfinished.add(cleaning)
            cleaning.add_done_callback(_unfinished.discard)
            caller = asyncio.current_task()
            if caller is None or not caller.cancelling():  # else their time is up (DB-6)
                await asyncio.shield(cleaning)

    def throw_away(self) -> None:
        """Close the connection at once; the pool opens another when it needs one."""
        self._lease.invalidate()

    async def _settled[T](self, call: Coroutine[Any, Any, T]) -> T:
        self._unsettled = True
        try:
            result = await call
        except Exception as error:
            # A driver that gave up waiting has yet to hear the end of it.
            self._unsettled = isinstance(error, TimeoutError)
            meaning = translated(error)
            if meaning is error:
                raise
            raise meaning from error
        self._unsettled = False
        return result

    async def _clean_up(self) -> None:
        try:
            async with asyncio.timeout(CLEAN_UP_SECONDS):
                await self._rollback()
        except Exception:
            # The caller has an error of its own; this one ends with the connection.
            self.throw_away()
        except BaseException:
            self.throw_away()
            raise
        else:
            self._lease.close()

    @abstractmethod
    async def _fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]: ...

    @abstractmethod
    async def _run(self, sql: str, arguments: Sequence[Any]) -> int: ...

    @abstractmethod
    async def _run_each(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None: ...

    @abstractmethod
    async def _begin(self) -> None: ...

    @abstractmethod
    async def _commit(self) -> None: ...

    @abstractmethod
    async def _rollback(self) -> None: ...


class PostgresqlConnection(Connection):
    """A connection of asyncpg, which prepares each statement once and keeps it.

    Behind a pooler it keeps none: each statement is prepared without a name and run before the
    pooler can give the server to others, and limits of time are set in each transaction.
    """

    __slots__ = ()

    @property
    def is_lost(self) -> bool:
        """Whether either side has closed the connection."""
        return bool(self._driver.is_closed())

    @property
    def may_go_without(self) -> bool:
        """Not behind a pooler, where each transaction has to be told its limits of time."""
        return BEGINNING not in self._lease.info

    async def _fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        rows: Sequence[Row] = await self._driver.fetch(sql, *arguments)
        return rows

    async def _run(self, sql: str, arguments: Sequence[Any]) -> int:
        done: str = await self._driver.execute(sql, *arguments)
        return int(done.rpartition(" ")[2])  # such as "UPDATE 1" or "INSERT 0 1"

    async def _run_each(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        await self._driver.executemany(sql, arguments)

    async def _begin(self) -> None:
        await self._driver.execute(self._lease.info.get(BEGINNING, "BEGIN"))

    async def _commit(self) -> None:
        done = await self._driver.execute("COMMIT")
        if done != "COMMIT":
            # PostgreSQL takes a COMMIT after an error for a ROLLBACK and sees no harm in it.
            self._open = False
            raise RuntimeError("a statement of this unit of work failed; nothing was written")

    async def _rollback(self) -> None:
        # Waits for a call that is being cancelled; outside a transaction it does nothing else.
        await self._driver.execute("ROLLBACK")


class SqliteConnection(Connection):
    """A connection of aiosqlite, which has a thread of its own (DB-4)."""

    __slots__ = ()

    @property
    def is_lost(self) -> bool:
        """A file does not go away."""
        return False

    @property
    def may_go_without(self) -> bool:
        """What is read would be out of date by the time that the transaction has its turn."""
        return False

    async def _fetch(self, sql: str, arguments: Sequence[Any]) -> Sequence[Row]:
        rows: Sequence[Row] = await self._driver.execute_fetchall(sql, arguments)
        return rows

    async def _run(self, sql: str, arguments: Sequence[Any]) -> int:
        cursor = await self._driver.execute(sql, arguments)
        return int(cursor.rowcount)

    async def _run_each(self, sql: str, arguments: Sequence[Sequence[Any]]) -> None:
        await self._driver.executemany(sql, arguments)

    async def _begin(self) -> None:
        # Takes its turn now: a transaction that first reads and then writes would fail at
        # once, without waiting, if another one wrote in between (DB-4).
        await self._driver.execute("BEGIN IMMEDIATE")

    async def _commit(self) -> None:
        await self._driver.commit()

    async def _rollback(self) -> None:
        await self._driver.rollback()


def _not_needed(opening: asyncio.Future[PoolProxiedConnection]) -> None:
    _unfinished.discard(opening)
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


class Connections:
    """Where this adapter takes its connections from: the engine's pool."""

    __slots__ = ("_doubts", "_engine", "_kind", "many_write")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.many_write = engine.dialect.name == "postgresql"
        """Whether many transactions write at once; else each takes its turn as it begins."""
        self._kind = PostgresqlConnection if self.many_write else SqliteConnection
        self._doubts: dict[object, None] = {}

    def doubt(self, about: object) -> None:
        """Remember that something about this was taken for granted in vain."""
        self._doubts[about] = None
        if len(self._doubts) > _MOST_DOUBTS:
            del self._doubts[next(iter(self._doubts))]

    def doubts(self, about: object) -> bool:
        """Tell whether something about this was taken for granted in vain, and not long ago."""
        return about in self._doubts

    async def take(self) -> Connection:
        """Return a connection, as soon as one is free.

        Raises :class:`~domain.errors.ServiceUnavailable` when none is to be had in time.
        """
        with translated_errors():
            lease = self._idle() or await self._wait()
        return self._kind(lease, self._engine.dialect)

    async def _wait(self) -> PoolProxiedConnection:
        # Not cancelled together with the caller: aiosqlite would lose a connection that it is
        # just about to open. What comes too late goes straight back to the pool.
        opening = asyncio.ensure_future(self._engine.raw_connection())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            _unfinished.add(opening)
            opening.add_done_callback(_not_needed)
            raise

    def _idle(self) -> PoolProxiedConnection | None:
        """Return a connection that lies ready, if there is one.

        Taking it needs no waiting, so it needs no greenlet either, which costs more than all
        the rest of it.
        """
        engine = self._engine.sync_engine
        if not isinstance(engine.pool, QueuePool) or not engine.pool.checkedin():
            return None
        try:
            return engine.raw_connection()
        except MustConnect:
            return None
