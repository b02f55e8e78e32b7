"""What this adapter takes from SQLAlchemy and the drivers beyond what they document.

Statements run on the drivers' own connections (see ``docs/performance.md``), which leans on names
that a new version may take away. Each is named here, so that an upgrade fails with a sentence
instead of in the middle of a request; ``pyproject.toml`` keeps to the SQLAlchemy that is known.
"""

import sqlite3
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy
from packaging.requirements import Requirement
from packaging.version import Version
from sqlalchemy import bindparam, event, func, literal, select
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.pool import QueuePool
from sqlalchemy.util import concurrency

from adapters.sqlalchemy import errors
from adapters.sqlalchemy.engine import Engine, create_engine
from adapters.sqlalchemy.schema import Json, UtcDateTime
from adapters.sqlalchemy.users.tables import users

PYPROJECT = Path(__file__).parents[3] / "pyproject.toml"

STATEMENTS = "adapters/sqlalchemy/statements.py"
CONNECTIONS = "adapters/sqlalchemy/connections.py"
ENGINE = "adapters/sqlalchemy/engine.py"
ERRORS = "adapters/sqlalchemy/errors.py"


def taken(owner: object, name: str, *, of: str, by: str) -> Any:
    """Return the attribute, or fail with what is gone and who leans on it."""
    missing = object()
    found = getattr(owner, name, missing)
    if found is missing:
        pytest.fail(f"{of}.{name} is gone, and {by} leans on it", pytrace=False)
    return found


def same(found: object, expected: object, *, of: str, by: str) -> None:
    """Fail unless what an internal gives is what it is known to give."""
    if found != expected:
        message = f"{of} gives {found!r} and no longer {expected!r}, and {by} leans on it"
        pytest.fail(message, pytrace=False)


# --- what compiles a statement --------------------------------------------------------------------


@pytest.fixture
def compiled(engine: Engine) -> Any:
    """A statement with one value that is given, one that stands in it, and the first one again."""
    statement = (
        select(users.c.id, users.c.created_at)
        .where(users.c.id == bindparam("id"), users.c.version == literal(7, users.c.version.type))
        .where(users.c.email_key != users.c.email, users.c.id <= bindparam("id"))
    )
    return statement.compile(dialect=engine.dialect)


def test_a_compiled_statement_names_its_placeholders_in_their_order(
    engine: Engine, compiled: Any
) -> None:
    of = "compiled"
    names = taken(compiled, "positiontup", of=of, by=STATEMENTS)
    # On PostgreSQL a placeholder has a number and may stand in a statement twice.
    numbered = engine.dialect.name == "postgresql"
    order = ["id", "param_1"] if numbered else ["id", "param_1", "id"]
    same(list(names), order, of="compiled.positiontup", by=STATEMENTS)
    marks = ["$1", "$2"] if numbered else ["?"]
    there = [mark for mark in marks if mark in str(compiled)]
    same(there, marks, of="str(compiled)", by=STATEMENTS)
    binds = taken(compiled, "binds", of=of, by=STATEMENTS)
    same(set(order) - set(binds), set(), of="placeholders without compiled.binds", by=STATEMENTS)
    required = {
        name: taken(binds[name], "required", of="BindParameter", by=STATEMENTS) for name in order
    }
    expected = {"id": True, "param_1": False}
    same(required, expected, of="BindParameter.required", by=STATEMENTS)
    params = taken(compiled, "params", of=of, by=STATEMENTS)
    same(params["param_1"], 7, of="compiled.params", by=STATEMENTS)


def test_a_type_tells_how_its_values_go_in_and_come_out(engine: Engine) -> None:
    dialect = engine.dialect
    for kind in (users.c.id.type, UtcDateTime(), Json, users.c.email.type):
        known = taken(kind, "dialect_impl", of="TypeEngine", by=STATEMENTS)(dialect)
        for name, arguments in (("bind_processor", ()), ("result_processor", (None,))):
            convert = taken(known, name, of="TypeEngine.dialect_impl()", by=STATEMENTS)
            processor = convert(dialect, *arguments)
            answer = processor is None or callable(processor)
            same(answer, True, of=f"TypeEngine.{name}() is None or callable", by=STATEMENTS)


def test_a_statement_knows_its_columns(engine: Engine) -> None:
    for statement in (
        select(users.c.id, func.count().label("number")),
        users.update().returning(users.c.id, users.c.version.label("number")),
        users.delete(),
    ):
        columns = taken(statement, "exported_columns", of="statement", by=STATEMENTS)
        names = [column.name for column in columns if column.type is not None]
        assert names in (["id", "number"], []), "statement.exported_columns"


# --- what lends a connection ----------------------------------------------------------------------


@asynccontextmanager
async def leased(engine: Engine) -> AsyncIterator[Any]:
    """Take a connection as this adapter does."""
    spawn = taken(concurrency, "greenlet_spawn", of="sqlalchemy.util.concurrency", by=ENGINE)
    lease = await spawn(taken(engine.sync_engine, "raw_connection", of="Engine", by=ENGINE))
    try:
        yield lease
    finally:
        lease.close()


async def test_the_pool_lends_a_connection_and_takes_it_back(engine: Engine) -> None:
    async with leased(engine) as lease:
        for name in ("driver_connection", "close", "invalidate"):
            taken(lease, name, of="Engine.raw_connection()", by=CONNECTIONS)
    pool = engine.sync_engine.pool
    same(isinstance(pool, QueuePool), True, of="the pool is a QueuePool", by=CONNECTIONS)
    waiting = taken(pool, "checkedin", of="QueuePool", by=CONNECTIONS)()
    same(waiting, 1, of="QueuePool.checkedin()", by=CONNECTIONS)
    # One that lies ready is had without waiting, and without a greenlet.
    same(concurrency.in_greenlet(), False, of="in_greenlet() in a task", by=ENGINE)
    idle = taken(engine.sync_engine, "raw_connection", of="Engine", by=CONNECTIONS)()
    taken(idle, "driver_connection", of="Engine.raw_connection()", by=CONNECTIONS)
    same(pool.checkedin(), 0, of="QueuePool.checkedin()", by=CONNECTIONS)  # type: ignore[attr-defined]
    idle.close()


async def test_a_connection_is_opened_in_a_greenlet_and_told_to_listeners(url: str) -> None:
    taken(concurrency, "in_greenlet", of="sqlalchemy.util.concurrency", by=ENGINE)
    engine = create_engine(url)
    told: list[tuple[str, bool]] = []
    for name in ("do_connect", "connect", "checkout"):

        def note(*_arguments: object, name: str = name) -> None:
            told.append((name, concurrency.in_greenlet()))

        event.listen(engine.sync_engine, name, note)
    async with leased(engine):
        pass
    await engine.dispose()
    expected = [("do_connect", True), ("connect", True), ("checkout", True)]
    same(told, expected, of="the events of a pool, and in_greenlet() in them", by=ENGINE)


async def test_a_connection_that_a_listener_refuses_is_replaced(url: str) -> None:
    """What notices after a restart that connections were closed while they lay idle (DB-1)."""
    engine = create_engine(url)
    async with leased(engine) as lease:
        first = lease.driver_connection
    refusals = [DisconnectionError("closed while idle")]

    @event.listens_for(engine.sync_engine, "checkout")
    def refuse(*_arguments: object) -> None:
        if refusals:
            raise refusals.pop()

    async with leased(engine) as lease:
        replaced = lease.driver_connection is not first
        same(replaced, True, of="DisconnectionError in a checkout replaces it", by=ENGINE)
    await engine.dispose()


# --- what the drivers do --------------------------------------------------------------------------


async def test_asyncpg_answers_as_it_does_today(postgres_url: str) -> None:
    engine, of = create_engine(postgres_url), "asyncpg.Connection"
    async with leased(engine) as lease:
        driver = lease.driver_connection
        for name in ("fetch", "execute", "executemany", "is_closed"):
            taken(driver, name, of=of, by=CONNECTIONS)
        transport = taken(driver, "_transport", of=of, by=ENGINE)
        link = taken(transport, "get_extra_info", of=f"{of}._transport", by=ENGINE)("socket")
        taken(link, "setsockopt", of=f"{of}._transport.get_extra_info('socket')", by=ENGINE)
        same(driver.is_closed(), False, of=f"{of}.is_closed()", by=CONNECTIONS)
        said = [
            await driver.execute(statement, *values)
            for statement, values in (
                ("BEGIN", ()),
                ("CREATE TEMPORARY TABLE numbers (number integer PRIMARY KEY)", ()),
                ("INSERT INTO numbers VALUES ($1)", (1,)),
                ("UPDATE numbers SET number = number + $1", (1,)),
                ("DELETE FROM numbers WHERE number = $1", (9,)),
                ("COMMIT", ()),
                ("ROLLBACK", ()),
            )
        ]
        expected = [
            *("BEGIN", "CREATE TABLE", "INSERT 0 1", "UPDATE 1", "DELETE 0", "COMMIT", "ROLLBACK"),
        ]
        same(said, expected, of=f"{of}.execute()", by=CONNECTIONS)
        await driver.executemany("INSERT INTO numbers VALUES ($1)", [(3,), (4,)])
        rows = await driver.fetch("SELECT number FROM numbers ORDER BY 1")
        same([row[0] for row in rows], [2, 3, 4], of=f"{of}.executemany()", by=CONNECTIONS)
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await driver.execute("INSERT INTO numbers VALUES ($1)", 4)
        told = {
            name: taken(refusal.value, name, of="asyncpg.PostgresError", by=ERRORS)
            for name in ("sqlstate", "constraint_name")
        }
        expected_error = {"sqlstate": "23505", "constraint_name": "numbers_pkey"}
        same(told, expected_error, of="asyncpg.PostgresError", by=ERRORS)
    await engine.dispose()


async def test_aiosqlite_answers_as_it_does_today(sqlite_url: str) -> None:
    engine, of = create_engine(sqlite_url), "aiosqlite.Connection"
    async with leased(engine) as lease:
        driver = lease.driver_connection
        for name in ("execute", "executemany", "execute_fetchall", "commit", "rollback"):
            taken(driver, name, of=of, by=CONNECTIONS)
        await driver.execute("CREATE TEMPORARY TABLE numbers (number integer PRIMARY KEY)")
        await driver.execute("BEGIN IMMEDIATE")
        cursor = await driver.execute("INSERT INTO numbers VALUES (?)", [1])
        written = taken(cursor, "rowcount", of="aiosqlite.Cursor", by=CONNECTIONS)
        same(written, 1, of="aiosqlite.Cursor.rowcount", by=CONNECTIONS)
        await driver.executemany("INSERT INTO numbers VALUES (?)", [[2], [3]])
        with pytest.raises(sqlite3.IntegrityError) as refusal:
            await driver.execute("INSERT INTO numbers VALUES (?)", [3])
        code = taken(refusal.value, "sqlite_errorname", of="sqlite3.Error", by=ERRORS)
        same(code, "SQLITE_CONSTRAINT_PRIMARYKEY", of="sqlite3.Error.sqlite_errorname", by=ERRORS)
        same(str(refusal.value).rpartition(": ")[2], "numbers.number", of="its text", by=ERRORS)
        await driver.commit()
        rows = await driver.execute_fetchall("SELECT number FROM numbers")
        same(list(rows), [(1,), (2,), (3,)], of=f"{of}.execute_fetchall()", by=CONNECTIONS)
    await engine.dispose()


def test_errors_have_the_names_that_they_are_known_by() -> None:
    for name in sorted(errors._USELESS | {"DataError"}):
        modules = (asyncpg, asyncpg.exceptions)
        known = [vars(module)[name] for module in modules if name in vars(module)]
        same(bool(known), True, of=f"asyncpg has {name}", by=ERRORS)
    lost = DBAPIError("SELECT 1", None, Exception("gone"), connection_invalidated=True)
    for name in ("orig", "connection_invalidated"):
        taken(lost, name, of="DBAPIError", by=ERRORS)


# --- and how it is told ---------------------------------------------------------------------------


def test_what_is_gone_is_told_by_name_and_with_who_leans_on_it() -> None:
    gone = r"compiled.positiontup is gone, and adapters/sqlalchemy/statements.py leans on it"
    with pytest.raises(pytest.fail.Exception, match=gone):
        taken(object(), "positiontup", of="compiled", by=STATEMENTS)
    other = r"compiled.params gives 8 and no longer 7, and adapters/sqlalchemy/statements.py leans"
    with pytest.raises(pytest.fail.Exception, match=other):
        same(8, 7, of="compiled.params", by=STATEMENTS)


def test_sqlalchemy_has_an_upper_bound_and_the_one_that_is_installed_is_below_it() -> None:
    """The next minor version waits until what is named above was looked at in it."""
    dependencies = tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    [requirement] = [
        asked for asked in map(Requirement, dependencies) if asked.name == "sqlalchemy"
    ]
    installed = Version(sqlalchemy.__version__)
    assert installed in requirement.specifier
    assert f"{installed.major}.{installed.minor + 1}" not in requirement.specifier
