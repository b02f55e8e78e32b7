"""The engine: how Doorward connects, and what every connection promises (DB-1, DB-4, DB-6)."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

import sqlalchemy
from sqlalchemy import URL, Dialect, Pool, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util.concurrency import greenlet_spawn, in_greenlet

from adapters.addresses.database import (
    DatabaseAddress,
    PostgresqlAddress,
    SqliteAddress,
    database_address,
)
from adapters.sqlalchemy.failures import Unusable
from adapters.sqlalchemy.postgresql import Connector
from adapters.sqlalchemy.sqlite_file import (
    ensure_usable,
    ensure_utf8,
    keep_private,
    prepare_file,
    reading_url,
)

POOL_TIMEOUT_SECONDS = 2.0
CONNECT_TIMEOUT_SECONDS = 3.0
GOODBYE_SECONDS = 1.0
"""How long servers may take to answer our goodbyes, all together."""
STATEMENT_TIMEOUT_SECONDS = 10
SILENCE_SECONDS = 12
"""How long an unreachable server may say nothing; the server ends its own statements earlier."""

_TIMEOUTS = {
    "statement_timeout": f"{STATEMENT_TIMEOUT_SECONDS}s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
}

_SESSION_SETTINGS = {
    "default_transaction_isolation": "read committed",
    **_TIMEOUTS,
    # The server, too, finds out that we are gone: our locks must not outlive us.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

STARTING_SETTINGS = {"application_name": "doorward", "timezone": "UTC"}
"""What a server is told when the connection is made: no more than every pooler takes."""

SQLALCHEMY_PREPARES = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": str}
"""Statements that SQLAlchemy runs itself have no name: behind a pooler others may have it."""

_SQLITE_SETTINGS = (
    "PRAGMA synchronous=FULL",  # in WAL mode NORMAL may lose commits when the power goes
    "PRAGMA foreign_keys=ON",
)
_OUR_TABLES = {"alembic_version", "signing_keys"}
"""Stand in every database that Doorward has migrated; other programs use Alembic as well."""
SQLITE_BUSY_MILLISECONDS = 10_000

_KEEPALIVE = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 15_000}


BEGINNING = "doorward.beginning"
"""Where a connection's pool entry keeps how a transaction begins on it, if not with ``BEGIN``."""


class MustConnect(Exception):
    """The pool was asked for a connection at once, and would have to open one."""


def engine_url(address: DatabaseAddress) -> URL:
    """Return the address for SQLAlchemy.

    Of a PostgreSQL server it says no more than the driver: the :class:`Connector` knows the rest,
    and no error or log of SQLAlchemy's can show it.
    """
    if isinstance(address, SqliteAddress):
        return URL.create("sqlite+aiosqlite", database=address.file)
    return URL.create("postgresql+asyncpg")


def read_address(url: str) -> DatabaseAddress:
    """Return the address of a database that is kept.

    Raises ``ValueError``, without the address in its text, for anything else.
    """
    address = database_address(url)
    if address is None:
        raise ValueError("keeps nothing; write postgresql://… or sqlite:///path")
    return address


class Engine:
    """The connections of one database: SQLAlchemy's pool, opened and closed without blocking.

    SQLAlchemy's own engine for asyncio comes with its ORM, a tenth of what a process loads, and
    with a way to run statements; ours run on the driver's connection.
    """

    def __init__(self, sync_engine: sqlalchemy.Engine) -> None:
        self.sync_engine = sync_engine
        """SQLAlchemy's, whose pool opens a connection only inside of a greenlet."""
        self._drivers = WeakSet[Any]()

    @property
    def dialect(self) -> Dialect:
        """Return how the database writes its SQL."""
        return self.sync_engine.dialect

    @property
    def pool(self) -> Pool:
        """Return the connections; after :meth:`dispose` it is another pool, an empty one."""
        return self.sync_engine.pool

    async def raw_connection(self) -> PoolProxiedConnection:
        """Return a connection on loan, opened if none is idle and there is room for one more.

        Raises what the driver or the pool raises when none is to be had.
        """
        return await greenlet_spawn(self.sync_engine.raw_connection)

    def remember(self, connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        """Have a connection of asyncpg closed with the engine, even while it is in use."""
        self._drivers.add(connection.driver_connection)

    async def dispose(self) -> None:
        """Close every connection, without a goodbye where the server takes no notice of it.

        SQLAlchemy says goodbye to one server after the other, and waits for each as for a
        statement's answer. Here all have a second.
        """
        if goodbyes := [asyncio.create_task(each.close()) for each in self._drivers]:
            _, unanswered = await asyncio.wait(goodbyes, timeout=GOODBYE_SECONDS)
            for goodbye in unanswered:
                goodbye.cancel()  # which has the driver hang up
            await asyncio.gather(*goodbyes, return_exceptions=True)
        rest = asyncio.create_task(greenlet_spawn(self.sync_engine.dispose))
        await asyncio.wait({rest}, timeout=GOODBYE_SECONDS)


def create_engine(
    url: str,
    *,
    pool_size: int = 10,
    pool_timeout: float = POOL_TIMEOUT_SECONDS,
    connect_timeout: float = CONNECT_TIMEOUT_SECONDS,
    read_only: bool = False,
) -> Engine:
    """Return an engine that holds up to ``pool_size`` connections and opens none yet.

    With ``read_only`` no file of SQLite's is made or changed (:func:`reading_url`).

    No request waits longer than ``pool_timeout`` for a free one (DB-6). A connection that the
    server has closed is noticed when it is taken, without a round trip, and replaced (DB-1).
    """
    address = read_address(url)
    engine_address = engine_url(address)
    if isinstance(address, SqliteAddress):
        if read_only:
            engine_address = reading_url(address)
        else:
            with suppress(Unusable):
                prepare_file(address)  # else it is told when a connection is asked for
        arguments: dict[str, Any] = {"timeout": SQLITE_BUSY_MILLISECONDS / 1000}
    else:
        connector = Connector(address, timeout=connect_timeout, session_settings=_SESSION_SETTINGS)
        arguments = {
            "async_creator_fn": connector,
            "command_timeout": SILENCE_SECONDS,
            "server_settings": STARTING_SETTINGS,
            **SQLALCHEMY_PREPARES,
        }
    made = sqlalchemy.create_engine(
        engine_address,
        connect_args=arguments,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout,
        # The connections in use are the warm ones, with their statements prepared.
        pool_use_lifo=True,
        # A connection is given back clean; see adapters.sqlalchemy.connections.
        pool_reset_on_return=None,
        # Values may be secrets, and errors may be logged (LG-1).
        hide_parameters=True,
    )
    engine = Engine(made)
    event.listen(made, "do_connect", _refuse_to_wait)
    if isinstance(address, SqliteAddress):
        look = ensure_usable if read_only else prepare_file
        event.listen(made, "do_connect", _first(look, address))
        prepare = _prepare_reading if read_only else _prepare_writing(address)
        event.listen(made, "connect", prepare)
    else:
        set_for_transaction = _beginning(address)

        def note_pooler(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
            if connector.goes_through_pooler(connection.driver_connection):
                record.info[BEGINNING] = set_for_transaction

        event.listen(made, "connect", engine.remember)
        event.listen(made, "connect", note_pooler)
        event.listen(made, "connect", _prepare_postgresql)
        event.listen(made, "checkout", _refuse_closed)
    return engine


def _beginning(address: PostgresqlAddress) -> str:
    """Return what begins a transaction behind a pooler, in one round trip."""
    given = {name.lower() for name in address.server_settings}
    limits = (
        f"; SET LOCAL {name} = '{value}'" for name, value in _TIMEOUTS.items() if name not in given
    )
    return "BEGIN ISOLATION LEVEL READ COMMITTED" + "".join(limits)


def _refuse_to_wait(
    _dialect: Dialect, _record: ConnectionPoolEntry, _args: object, _options: object
) -> None:
    if not in_greenlet():
        raise MustConnect


def _first(look: Callable[[SqliteAddress], None], address: SqliteAddress) -> Callable[..., None]:
    """Return what looks at the file before a connection is made.

    The reason can be told then, and aiosqlite starts no thread that it would leave behind.
    """

    def do(
        _dialect: Dialect, _record: ConnectionPoolEntry, _args: object, _options: object
    ) -> None:
        look(address)

    return do


def _prepare_writing(
    address: SqliteAddress,
) -> Callable[[DBAPIConnection, ConnectionPoolEntry], None]:
    def prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        _prepare_sqlite(connection, address)

    return prepare


def _prepare_sqlite(connection: DBAPIConnection, address: SqliteAddress) -> None:
    # Python would begin transactions by itself, the wrong kind and at the wrong time: a
    # transaction that reads first and writes later fails at once when another one wrote.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        ensure_utf8(cursor)
        # Another program's file, which will be refused, stays as it is.
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = {name for (name,) in cursor.fetchall()}
        if not tables or tables >= _OUR_TABLES:
            keep_private(address)
            cursor.execute("PRAGMA journal_mode=WAL")
        for setting in _SQLITE_SETTINGS:
            cursor.execute(setting)
    except BaseException:
        # The pool forgets a connection that could not be prepared, and its thread would go on.
        connection.close()
        raise
    cursor.close()


def _prepare_reading(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        ensure_utf8(cursor)
        cursor.execute("PRAGMA query_only=ON")
    except BaseException:
        connection.close()
        raise
    cursor.close()


def _prepare_postgresql(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Notice a server that vanished without a word; libpq does the same, asyncpg does not."""
    transport = connection.driver_connection._transport  # noqa: SLF001 - the only way to it
    link = transport.get_extra_info("socket")
    if link is None or link.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):  # not every system has all of them
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _refuse_closed(
    connection: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """Let the pool replace a connection that the server closed while it lay idle.

    The event loop has seen the end of the stream by now, so that a restart costs no request
    anything. That spares the round trip of a ping at every checkout.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError("closed while idle")
