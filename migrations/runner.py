"""Brings a database to the schema of this code and says where it stands (DB-5).

Works from an installed wheel: nothing here reads ``alembic.ini``. Two instances that start at
once do not disturb each other; the second one waits and finds nothing left to do.
"""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from adapters.addresses.database import SqliteAddress
from adapters.sqlalchemy.engine import (
    SQLALCHEMY_PREPARES,
    engine_url,
    read_address,
)
from adapters.sqlalchemy.errors import translated_errors, unavailable
from adapters.sqlalchemy.failures import foreign_tables
from adapters.sqlalchemy.locks import Lock
from adapters.sqlalchemy.postgresql import Connector
from adapters.sqlalchemy.revisions import Difference
from adapters.sqlalchemy.sqlite_file import (
    ensure_usable,
    ensure_utf8,
    keep_private,
    prepare_file,
    reading_url,
)
from migrations.branches import OURS, Branches, known_revisions
from migrations.tables import names_of

DEFAULT_URL = "sqlite:///var/doorward.db"
"""What ``make run`` uses; the settings of the service have the same."""

_LOCK_SECONDS = 60
_CONNECT_SECONDS = 5


class UnknownRevision(Exception):
    """The database was migrated by another version than this one; nothing was changed."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(str(difference))
        self.difference = difference


async def upgrade(url: str, revision: str = "heads", *, branches: Branches = (OURS,)) -> None:
    """Bring the database up to the revision; do nothing if it is there already.

    Raises :class:`UnknownRevision` if no migration of these branches leads there, and
    ServiceUnavailable, with the reason, if the database cannot be used.
    """
    await _run(url, branches, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str, *, branches: Branches = (OURS,)) -> None:
    """Take the database back to the revision (``-1``: one step; ``base``: to nothing).

    With several branches the revision needs the branch: ``documents@base``. Raises
    :class:`UnknownRevision` if the database is at a revision of none of them.
    """
    await _run(url, branches, lambda config: command.downgrade(config, revision))


async def current(url: str) -> frozenset[str]:
    """Return the revisions that the database is at, one for each branch; none: never migrated."""
    async with open_for_migration(url, read_only=True) as connection:
        return await connection.run_sync(_revisions_of)


async def pending(url: str, *, branches: Branches = (OURS,)) -> list[tuple[str, str]]:
    """Return the revisions that ``upgrade`` would run, in order, each with its title.

    Raises :class:`UnknownRevision` if no migration of these branches leads on from here.
    """
    async with open_for_migration(url, read_only=True) as connection:
        present = await connection.run_sync(_revisions_of)
        await connection.run_sync(lambda each: _refuse_foreign(branches, each, present))
    _refuse_unknown(branches, present)
    steps = ScriptDirectory.from_config(config_of(branches)).iterate_revisions(
        "heads", tuple(present) or "base", implicit_base=True
    )
    return [(step.revision, step.doc) for step in reversed(list(steps))]


def config_of(branches: Branches) -> Config:
    """Return what Alembic needs to know of these branches."""
    config = Config()
    folders = os.pathsep.join(str(branch.versions) for branch in branches)
    for option, value in {
        "script_location": str(Path(__file__).parent),
        "version_locations": folders,
        "path_separator": "os",
        "file_template": "%(rev)s_%(slug)s",
    }.items():
        config.set_main_option(option, value.replace("%", "%%"))
    return config


@asynccontextmanager
async def open_for_migration(
    url: str, *, read_only: bool = False
) -> AsyncIterator[AsyncConnection]:
    """Give a connection in an open transaction that no other process migrates in (DB-5).

    It commits at the end of the block and undoes everything if the block raises: a migration
    happens as a whole or not at all. SQLite's connection does not watch foreign keys, because
    replacing a table would take the rows that point to it along. Raises ServiceUnavailable when
    the database does not answer.
    """
    address = read_address(url)
    sqlite = isinstance(address, SqliteAddress)
    address_for_engine = engine_url(address)
    if isinstance(address, SqliteAddress):
        with translated_errors():
            if read_only:
                ensure_usable(address)
                address_for_engine = reading_url(address)
            else:
                prepare_file(address)
        arguments: dict[str, object] = {"timeout": _LOCK_SECONDS}
    else:
        settings = {"application_name": "doorward migrate", "timezone": "UTC"}
        connector = Connector(address, timeout=_CONNECT_SECONDS)
        arguments = {
            "async_creator_fn": connector,
            "server_settings": settings,
            **SQLALCHEMY_PREPARES,
        }
    engine = create_async_engine(address_for_engine, poolclass=NullPool, connect_args=arguments)
    if sqlite:
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    try:
        with translated_errors():
            async with engine.connect() as connection, connection.begin():
                if not read_only:
                    await _lock(connection)
                yield connection
    finally:
        await engine.dispose()


async def _lock(connection: AsyncConnection) -> None:
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN EXCLUSIVE")
        return
    await connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'"))
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(Lock.MIGRATION)}
    )


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # Python's own idea of when to begin leaves CREATE TABLE outside of the transaction.
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        ensure_utf8(cursor)
    except BaseException:
        connection.close()  # else its thread would go on
        raise
    cursor.close()


async def _run(url: str, branches: Branches, work: Callable[[Config], None]) -> None:
    def migrate(connection: Connection) -> None:
        present = _revisions_of(connection)
        _refuse_foreign(branches, connection, present)
        _refuse_unknown(branches, present)
        if isinstance(address := read_address(url), SqliteAddress):
            keep_private(address)
        config = config_of(branches)
        config.attributes["connection"] = connection
        work(config)

    async with open_for_migration(url) as connection:
        await connection.run_sync(migrate)


def _revisions_of(connection: Connection) -> frozenset[str]:
    return frozenset(MigrationContext.configure(connection).get_current_heads())


def _refuse_foreign(branches: Branches, connection: Connection, present: frozenset[str]) -> None:
    """Refuse a database that was never migrated and has tables with the names of ours."""
    found = inspect(connection).get_table_names()
    if not present and not names_of(branches).isdisjoint(found):
        raise unavailable(foreign_tables())


def _refuse_unknown(branches: Branches, present: frozenset[str]) -> None:
    difference = known_revisions(branches).difference(present)
    if difference is not None and not difference.can_be_migrated:
        raise UnknownRevision(difference)
