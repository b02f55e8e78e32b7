"""A pooler between us and PostgreSQL: PgBouncer, as little configured as it can be.

Two servers stand behind it, and two engines before it, as of two processes: what one leaves on a
server the other meets. That the repositories keep their promises there is asked by
tests/contracts, and the whole service by tests/http/test_poolers.py.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
from sqlalchemy import make_url, text

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.engine import Engine, create_engine
from adapters.sqlalchemy.health import DatabaseProbe
from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
from migrations.runner import current, downgrade, upgrade
from tests.contracts.samples import (
    an_api_key,
    in_parallel,
    keep_api_key,
    keep_session,
    keep_user,
    load_user,
)
from tests.support.databases import connect, through_sqlalchemy
from tests.support.pgbouncer import pgbouncer_before

LIMITS = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    "transaction_isolation": "read committed",
    "TimeZone": "UTC",
}


@pytest.fixture(params=["transaction", "session"])
def pooled_url(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[str]:
    """The address of the database through a PgBouncer of that mode."""
    with pgbouncer_before(postgres_url, mode=request.param, pool_size=2) as url:
        yield url


@pytest.fixture
async def engines(request: pytest.FixtureRequest, pooled_url: str) -> AsyncIterator[list[Engine]]:
    """Two engines, of as many connections as there are servers for, or many more."""
    size = 8 if "transaction" in request.node.name else 1
    engines = [create_engine(pooled_url, pool_size=size) for _ in range(2)]
    yield engines
    await asyncio.gather(*(engine.dispose() for engine in engines))


async def _set(connection: asyncpg.Connection, name: str) -> str:
    # As a statement without a name; SHOW is not one that every pooler passes on.
    (row,) = await connection.fetch("SELECT current_setting($1)", name)
    return str(row[0])


async def test_what_others_leave_on_a_server_is_in_nobodys_way(engines: list[Engine]) -> None:
    """DB-6: reads and writes of both, all at once, on servers that change from one to the next."""
    units = [SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork) for engine in engines]
    users = [await keep_user(each) for each in units]
    outcomes = await in_parallel(
        [
            keep_user(units[turn % 2]) if turn % 3 else load_user(units[turn % 2], users[0].id)
            for turn in range(120)
        ]
    )
    assert [each for each in outcomes if isinstance(each, BaseException)] == []
    assert [await DatabaseProbe(engine).failure() for engine in engines] == [None, None]


async def test_look_ups_go_together_through_a_pooler_as_well(engines: list[Engine]) -> None:
    """Their statements are prepared without a name there; each is told their own row."""
    units = [SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork) for engine in engines]
    user = await keep_user(units[0])
    sessions = [(await keep_session(units[0], user))[0] for _ in range(8)]
    keys = [an_api_key(user) for _ in range(8)]
    await keep_api_key(units[0], *keys)

    async def caller(turn: int) -> bool:
        session, key = sessions[turn % 8], keys[turn % 8]
        async with units[turn % 2].read_only() as work:
            by_token = await work.sessions.get_with_user(session.id)
            by_key = await work.api_keys.find(key.digest)
        assert by_token is not None
        assert by_key is not None
        return (by_token[0].id, by_key[0].id) == (session.id, key.id)

    assert await in_parallel(caller(turn) for turn in range(64)) == [True] * 64


async def test_limits_hold_for_the_transaction_and_no_longer(
    engines: list[Engine], pooled_url: str, postgres_url: str
) -> None:
    """DB-6: and in the same round trip that begins it; the server is given back as it was."""
    connections = Connections(engines[0])
    connection = await connections.take()
    driver = connection._driver
    await connection.begin()
    assert {name: await _set(driver, name) for name in LIMITS} == LIMITS
    await connection.give_back()
    await engines[0].dispose()
    direct = await connect(postgres_url)
    before = {name: await _set(direct, name) for name in LIMITS}
    await direct.close()
    address = make_url(pooled_url).set(drivername="postgresql")
    other = await asyncpg.connect(
        address.render_as_string(hide_password=False), statement_cache_size=0
    )
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    assert {name: await _set(other, name) for name in names} == {
        name: before[name] for name in names
    }
    assert await other.fetch("SELECT name FROM pg_prepared_statements WHERE name <> ''") == []
    await other.close()


async def test_without_a_pooler_the_session_is_set_up_once(postgres_url: str) -> None:
    """DB-6: a transaction needs nothing set, and statements are prepared once and kept."""
    engine = create_engine(postgres_url, pool_size=1)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = await keep_user(units)
    lease = await engine.raw_connection()
    driver = lease.driver_connection
    assert driver is not None
    wanted = LIMITS | {
        "tcp_keepalives_idle": "15",
        "default_transaction_isolation": "read committed",
    }
    assert {name: await _set(driver, name) for name in wanted} == wanted
    lease.close()
    said: list[str] = []
    driver.add_query_logger(lambda record: said.append(record.query))
    await keep_user(units)
    await load_user(units, user.id)
    await asyncio.sleep(0.01)  # loggers are called a little later
    assert len(said) == 2
    assert len([each for each in said if "set_config" in each or "SET LOCAL" in each]) == 0
    async with through_sqlalchemy(engine).connect() as connection:
        kept = await connection.execute(text("SELECT count(*) FROM pg_prepared_statements"))
        assert kept.scalar_one() > 0
    await engine.dispose()


@pytest.mark.parametrize("mode", ["transaction", "session"])
async def test_migrations_that_start_at_once_wait_for_each_other(
    postgres_url: str, mode: str
) -> None:
    """DB-5: the lock is the transaction's, and so is every statement."""
    await downgrade(postgres_url, "base")
    with pgbouncer_before(postgres_url, mode=mode, pool_size=2) as url:
        await asyncio.gather(*(upgrade(url) for _ in range(4)))
        found = await current(url)
    assert found == await current(postgres_url)
    assert found
