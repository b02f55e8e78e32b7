"""
The databases that tests run on, each started only when a test first asks for it.

    postgres_url    an empty, migrated PostgreSQL database for one test
    sqlite_url      an empty, migrated SQLite file for one test
    pgbouncer_url   postgres_url, by way of a PgBouncer in transaction mode with few servers
    own_postgres    a whole server for one test, to be stopped and crashed at will

PostgreSQL is a server from a wheel (tests/support/postgres.py). TEST_DATABASE_URL points the run
at another one instead, with a role that may create databases; only databases whose names begin
with `doorward_test_` are made and dropped there.
"""

import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.support.databases import DatabasePool, administer, database_name, text_of
from tests.support.pgbouncer import pgbouncer_before
from tests.support.postgres import PostgresServer

WITH_PROCESSES = frozenset(
    {"cli", "faults", "worker", "stories", "testing"}
    | {"test_idle_imports.py", "test_readme.py", "test_served.py"}
)
"""Where tests run Doorward in processes of their own, which may outlast a test by a moment."""


@pytest.fixture(scope="session")
def postgres_admin_url() -> Iterator[str]:
    """
    The address of a database from which others may be created.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield text_of(make_url(given).set(drivername="postgresql+asyncpg"))
        return
    with PostgresServer() as server:
        yield server.url()


@pytest.fixture(scope="session")
async def postgres_template(postgres_admin_url: str) -> AsyncIterator[str]:
    """
    The name of a migrated database that others are copied from; no test connects to it.
    """
    from migrations.runner import upgrade  # only tests of databases pay for the import

    name = database_name("template")
    await administer(postgres_admin_url, f'CREATE DATABASE "{name}"')
    try:
        await upgrade(text_of(make_url(postgres_admin_url).set(database=name)))
        yield name
    finally:
        await administer(postgres_admin_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
async def postgres_pool(
    postgres_admin_url: str, postgres_template: str
) -> AsyncIterator[DatabasePool]:
    """
    Databases that one test after the other uses.
    """
    pool = DatabasePool(postgres_admin_url, postgres_template)
    yield pool
    await pool.close()


@pytest.fixture
async def postgres_url(
    request: pytest.FixtureRequest, postgres_pool: DatabasePool
) -> AsyncIterator[str]:
    """
    The address of an empty PostgreSQL database at the newest schema.
    """
    url = await postgres_pool.take()
    yield url
    await postgres_pool.give_back(url, keep=WITH_PROCESSES.isdisjoint(request.path.parts))


@pytest.fixture(scope="session")
def pgbouncer(postgres_admin_url: str) -> Iterator[str]:
    """
    The address of a PgBouncer that gives its servers to another client after each transaction.
    """
    with pgbouncer_before(postgres_admin_url, mode="transaction", pool_size=3) as url:
        yield url


@pytest.fixture
def pgbouncer_url(pgbouncer: str, postgres_url: str) -> str:
    """
    The address of an empty PostgreSQL database at the newest schema, behind a pooler.
    """
    return text_of(make_url(pgbouncer).set(database=make_url(postgres_url).database))


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    A migrated SQLite file that others are copied from.
    """
    from migrations.runner import upgrade  # only tests of databases pay for the import

    file = tmp_path_factory.mktemp("sqlite") / "template.db"
    await upgrade(f"sqlite+aiosqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        # All of it has to stand in the one file that is copied.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """
    The address of a fresh SQLite file at the newest schema.
    """
    file = tmp_path / "doorward.db"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite+aiosqlite:///{file}"


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """
    A running server that keeps its promises to the disk and that the test may crash.
    """
    with PostgresServer(durable=True) as server:
        yield server
