"""
A pool of migrated PostgreSQL databases: emptied after each test instead of made for each. And a
way to speak to the database behind an engine of Doorward's.

Making a database takes some two hundred milliseconds, emptying one a few. A database is handed to
one test at a time. It goes back into the pool only if it is as it was made: the same columns,
constraints and indexes, the same migrated revision, no settings of its own; otherwise it is
dropped. Whatever the test left connected is cut.
"""

import os
import uuid

import asyncpg
from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.engine import Engine

# What a test could change about a database beside its rows.
_SHAPE = """
    SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
        SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS line
          FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT tgrelid::regclass || ' ' || tgname FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT 'setting ' || array_to_string(setconfig, ',') FROM pg_db_role_setting
         WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        UNION ALL
        SELECT 'allows ' || datallowconn || datconnlimit FROM pg_database
         WHERE datname = current_database()
    ) AS parts
"""
_TABLES = """
    SELECT quote_ident(tablename) FROM pg_tables
     WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""
_CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def through_sqlalchemy(engine: Engine) -> AsyncEngine:
    """
    Return SQLAlchemy's own way to run statements on the connections of this engine.
    """
    return AsyncEngine(engine.sync_engine)


class DatabasePool:
    """
    Databases that are copies of one template, on one server.
    """

    def __init__(self, admin_url: str, template: str) -> None:
        self._admin, self._template = make_url(admin_url), template
        self._free: list[str] = []
        self._made: list[str] = []
        self._shape: str | None = None
        self._revisions: list[str] | None = None

    async def take(self) -> str:
        """
        Return the address of an empty database at the newest schema.
        """
        name = self._free.pop() if self._free else await self._make()
        return text_of(self._admin.set(database=name))

    async def give_back(self, url: str, *, keep: bool = True) -> None:
        """
        Empty the database for the next test, or drop it if it is not as it was made.

        Not to be kept is one that processes of their own have used: a process that is slow to end
        would go on writing into the next test.
        """
        name = make_url(url).database
        assert name is not None
        try:
            is_sound = keep and await self._emptied(url)
        except (asyncpg.PostgresError, OSError):
            is_sound = False
        if is_sound:
            self._free.append(name)
        else:
            await administer(text_of(self._admin), f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def close(self) -> None:
        """
        Drop every database that was made.
        """
        for name in self._made:
            await administer(text_of(self._admin), f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _make(self) -> str:
        name = database_name(uuid.uuid4().hex[:12])
        await administer(
            text_of(self._admin), f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"'
        )
        self._made.append(name)
        if self._shape is None:
            connection = await connect(text_of(self._admin.set(database=name)))
            try:
                self._shape, self._revisions = await _look(connection)
            finally:
                await connection.close()
        return name

    async def _emptied(self, url: str) -> bool:
        connection = await connect(url)
        try:
            await connection.execute(_CUT)
            if await _look(connection) != (self._shape, self._revisions):
                return False
            tables = [row[0] for row in await connection.fetch(_TABLES)]
            look = " UNION ALL ".join(
                f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables
            )
            filled = [row[0] for row in await connection.fetch(look)]
            # Without its triggers: foreign keys need no order then.
            deletions = "".join(f"DELETE FROM {table};" for table in filled)
            await connection.execute(
                f"BEGIN; SET LOCAL session_replication_role = replica; {deletions} COMMIT"
            )
            for row in await connection.fetch(
                "SELECT quote_ident(sequencename) FROM pg_sequences WHERE last_value IS NOT NULL"
            ):
                await connection.execute(f"ALTER SEQUENCE {row[0]} RESTART")
        finally:
            await connection.close()
        return True


async def _look(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[str, list[str]]:
    rows = await connection.fetch("SELECT version_num FROM alembic_version ORDER BY 1")
    return await connection.fetchval(_SHAPE), [row[0] for row in rows]


def database_name(suffix: str) -> str:
    """
    Return a name that only this run uses.
    """
    return f"doorward_test_{os.getpid()}_{suffix}"


def text_of(url: URL) -> str:
    """
    Return the address with its password.
    """
    return url.render_as_string(hide_password=False)


async def connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """
    Return a connection of the driver's own.
    """
    address = make_url(url).set(drivername="postgresql")
    if "ssl" in address.query:  # SQLAlchemy's name for what an address calls sslmode
        address = address.update_query_dict({"sslmode": address.query["ssl"]})
        address = address.difference_update_query(["ssl"])
    return await asyncpg.connect(text_of(address))


async def administer(url: str, statement: str) -> None:
    """
    Run one statement on a connection of its own.
    """
    connection = await connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
