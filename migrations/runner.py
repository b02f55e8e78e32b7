"""Brings a database to the schema of this code and says where it stands (DB-5).

Works from an installed wheel: nothing here reads ``alembic.ini``. Two instances that start at
once do not disturb each other; the second one waits and finds nothing left to do.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from adapters.sqlalchemy.engine import normalised_url, prepare_file
from adapters.sqlalchemy.errors import translated_errors

DEFAULT_URL = "sqlite:///var/doorward.db"
"""What ``make run`` uses; the settings of the service have the same."""

_LOCK = 6_003_417_895  # any number, as long as nobody else in the database uses it
_LOCK_SECONDS = 60


class SchemaTooNew(Exception):
    """The database was migrated by a newer Doorward than this one; nothing was changed."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is at revision {revision}, which this version does not know; "
            "run the newer version, or restore a backup from before"
        )
        self.revision = revision


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database up to the revision; do nothing if it is there already.

    Raises :class:`SchemaTooNew` if the database is ahead of this code.
    """
    await _run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Take the database back to the revision (``-1``: one step; ``base``: to nothing).

    Raises :class:`SchemaTooNew` if the database is ahead of this code.
    """
    await _run(url, lambda config: command.downgrade(config, revision))


def head() -> str:
    """Return the revision that this code is written for."""
    newest = _scripts().get_current_head()
    if newest is None:
        raise RuntimeError("there are no revisions")
    return newest


async def current(url: str) -> str | None:
    """Return the revision that the database is at; None if it was never migrated."""
    async with open_for_migration(url, read_only=True) as connection:
        return await connection.run_sync(_revision_of)


async def pending(url: str) -> list[tuple[str, str]]:
    """Return the revisions that ``upgrade`` would run, in order, each with its title.

    Raises :class:`SchemaTooNew` if the database is ahead of this code.
    """
    present = await current(url)
    scripts = _scripts()
    _refuse_unknown(scripts, present)
    steps = scripts.iterate_revisions("head", present or "base")
    return [(step.revision, step.doc) for step in reversed(list(steps))]


@asynccontextmanager
async def open_for_migration(
    url: str, *, read_only: bool = False
) -> AsyncIterator[AsyncConnection]:
    """Give a connection in an open transaction that nobody else migrates in (DB-5).

    It commits at the end of the block and undoes everything if the block raises: a migration
    happens as a whole or not at all. SQLite's connection does not watch foreign keys, because
    replacing a table would take the rows that point to it along. Raises ServiceUnavailable when
    the database does not answer.
    """
    address = normalised_url(url)
    sqlite = address.get_backend_name() == "sqlite"
    if sqlite:
        prepare_file(address)
        arguments: dict[str, object] = {"timeout": _LOCK_SECONDS}
    else:
        settings = {"application_name": "doorward migrate", "timezone": "UTC"}
        arguments = {"timeout": 5, "server_settings": settings}
    engine = create_async_engine(address, poolclass=NullPool, connect_args=arguments)
    if sqlite:
        event.listen(engine.sync_engine, "connect", _leave_transactions_to_us)
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
    await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _leave_transactions_to_us(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # Python's own idea of when to begin leaves CREATE TABLE outside of the transaction.
    connection.isolation_level = None


async def _run(url: str, work: Callable[[Config], None]) -> None:
    def migrate(connection: Connection) -> None:
        _refuse_unknown(_scripts(), _revision_of(connection))
        config = _config()
        config.attributes["connection"] = connection
        work(config)

    async with open_for_migration(url) as connection:
        await connection.run_sync(migrate)


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_unknown(scripts: ScriptDirectory, revision: str | None) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaTooNew(revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
