"""A database that goes away, comes back, fills up or says nothing."""

import asyncio
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.pool import QueuePool

from adapters.sqlalchemy import engine as engine_module
from adapters.sqlalchemy.engine import Engine, create_engine
from adapters.sqlalchemy.rate_limiter import SqlAlchemyRateLimiter
from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
from application.ports.rate_limiter import RateLimit
from domain.errors import ConcurrentChange, ServiceUnavailable
from domain.users.user import EmailAlreadyRegistered, User
from migrations.runner import upgrade
from tests.contracts.samples import (
    NOW,
    SECOND,
    a_session,
    a_user,
    in_parallel,
    keep_user,
    load_user,
    save_user,
)
from tests.support.databases import through_sqlalchemy
from tests.support.postgres import PostgresServer
from tests.support.silence import silence_before

LIMIT = RateLimit(name="any", burst=3, interval=SECOND)


async def test_a_restart_costs_no_request_anything_once_it_is_over(
    own_postgres: PostgresServer,
) -> None:
    """DB-1: 503 while the database is away, and the very first request after it succeeds."""
    await upgrade(own_postgres.url())
    engine = create_engine(own_postgres.url(), pool_size=4)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    drivers: list[Any] = []
    event.listen(
        engine.sync_engine,
        "connect",
        lambda connection, _record: drivers.append(connection.driver_connection),
    )
    user = await keep_user(units)

    for end in (own_postgres.stop, own_postgres.kill):
        await in_parallel(load_user(units, user.id) for _ in range(8))  # fill the pool
        await asyncio.to_thread(end)
        async with asyncio.timeout(10):  # a crashed server's children take a moment to notice
            while not all(each.is_closed() for each in drivers):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.01)
        for attempt in (load_user(units, user.id), keep_user(units)):
            with pytest.raises(ServiceUnavailable) as refusal:
                await attempt
            assert refusal.value.retry_after
        with pytest.raises(ServiceUnavailable):
            await SqlAlchemyRateLimiter(engine).admit(LIMIT, "ada", now=NOW)

        await asyncio.to_thread(own_postgres.start)
        outcomes = await in_parallel(
            [keep_user(units) if n % 2 else load_user(units, user.id) for n in range(12)]
        )
        assert [o for o in outcomes if isinstance(o, BaseException)] == []
    assert _pool(engine).checkedout() == 0
    await engine.dispose()


async def test_a_restart_under_load_gives_answers_or_503_and_nothing_else(
    own_postgres: PostgresServer,
) -> None:
    """DB-1, I1: whatever was acknowledged is there afterwards."""
    await upgrade(own_postgres.url())
    engine = create_engine(own_postgres.url(), pool_size=4)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    kept: list[User] = []
    refusals: list[BaseException] = []
    running = True

    async def work() -> None:
        while running:
            try:
                kept.append(await keep_user(units))
                await load_user(units, kept[-1].id)
            except ServiceUnavailable as refusal:
                refusals.append(refusal)
                await asyncio.sleep(0.02)

    workers = [asyncio.create_task(work()) for _ in range(8)]
    async with asyncio.timeout(20):
        while len(kept) < 50:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await asyncio.to_thread(own_postgres.kill)
    await asyncio.to_thread(own_postgres.start)
    before = len(kept)
    async with asyncio.timeout(5):
        while len(kept) < before + 50:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running = False
    await asyncio.gather(*workers)

    assert refusals
    for user in kept:
        await load_user(units, user.id)
    assert _pool(engine).checkedout() == 0
    await engine.dispose()


async def test_a_connection_cut_in_the_middle_is_a_503_and_no_change(postgres_url: str) -> None:
    """I3."""
    engine = create_engine(postgres_url, pool_size=2)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = a_user()

    async def write() -> None:
        async with units() as work:
            await work.users.add(user)
            assert await work.users.get(user.id) is not None  # it is written, and not durable
            await _cut_others(engine)
            await work.commit()

    with pytest.raises(ServiceUnavailable):
        await write()
    async with units.read_only() as reading:
        assert await reading.users.get(user.id) is None
        await _cut_others(engine)
        assert await reading.users.get(user.id) is None  # read again on another connection
    await keep_user(units, user)
    assert _pool(engine).checkedout() == 0
    await engine.dispose()


async def _cut_others(engine: Engine) -> None:
    async with through_sqlalchemy(engine).connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await asyncio.sleep(0.05)


async def test_a_database_that_says_nothing_is_left_at_the_deadline(
    postgres_url: str,
) -> None:
    """DB-6: the deadline cancels the request, and all is well once the database answers."""
    with silence_before(postgres_url) as (url, silence):
        engine = create_engine(url, pool_size=2, pool_timeout=0.5, connect_timeout=0.5)
        units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
        user = await keep_user(units)
        await in_parallel([load_user(units, user.id), load_user(units, user.id)])

        silence.begin()
        for attempt in (load_user(units, user.id), keep_user(units), keep_user(units)):
            with pytest.raises((TimeoutError, ServiceUnavailable)):
                async with asyncio.timeout(0.3):
                    await attempt
        silence.end()
        async with asyncio.timeout(5):
            while True:
                try:
                    await save_user(units, await load_user(units, user.id))
                    break
                except ServiceUnavailable:
                    await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            while _pool(engine).checkedout():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await engine.dispose()


async def test_cancelling_anywhere_leaves_the_pool_full_and_nothing_open(
    engine: Engine,
) -> None:
    """DU-5."""
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = await keep_user(units)

    async def work(number: int) -> None:
        if number % 3 == 0:
            await load_user(units, user.id)
        else:
            await keep_user(units)

    for turns in range(0, 600, 10):
        tasks = [asyncio.create_task(work(number)) for number in range(4)]
        for _ in range(turns):
            await asyncio.sleep(0)  # the loop turns once
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            assert outcome is None or isinstance(outcome, asyncio.CancelledError)
    async with asyncio.timeout(5):
        while _pool(engine).checkedout():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    if engine.dialect.name == "postgresql":
        async with through_sqlalchemy(engine).connect() as connection:
            found = await connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
                )
            )
            assert found.scalar() == 0
    outcomes = await in_parallel(keep_user(units) for _ in range(10))
    assert [o for o in outcomes if isinstance(o, BaseException)] == []


async def test_a_full_disk_refuses_writes_and_goes_on_reading(sqlite_url: str) -> None:
    """DU-3: nothing is half written, and all is well once there is space."""
    engine = create_engine(sqlite_url, pool_size=1)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = await keep_user(units)

    async def allow(pages: int) -> None:
        async with through_sqlalchemy(engine).connect() as connection:
            await connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    await allow(1)  # no more than there are
    kept: list[User] = []

    async def fill() -> None:
        while len(kept) < 2000:
            kept.append(await keep_user(units))

    with pytest.raises(ServiceUnavailable):
        await fill()
    assert (await load_user(units, user.id)).email == user.email
    await allow(1_000_000)
    await keep_user(units)
    for present in kept:
        await load_user(units, present.id)
    async with through_sqlalchemy(engine).connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA integrity_check")).scalar() == "ok"
    await engine.dispose()


async def test_a_locked_file_is_a_503_in_the_end(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "SQLITE_BUSY_MILLISECONDS", 50)
    engine = create_engine(sqlite_url)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = await keep_user(units)
    with closing(sqlite3.connect(str(make_url(sqlite_url).database))) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ServiceUnavailable):
            await keep_user(units)
        await load_user(units, user.id)  # readers do not wait for writers
    await keep_user(units)
    await engine.dispose()


async def test_a_unit_whose_statement_failed_cannot_be_committed(postgres_url: str) -> None:
    """PostgreSQL itself would answer such a COMMIT with a silent ROLLBACK."""
    engine = create_engine(postgres_url)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = await keep_user(units)
    async with units() as work:
        await work.users.add(a_user(user.email.value))
        with pytest.raises(EmailAlreadyRegistered):
            await work.users.get(user.id)
        with pytest.raises(RuntimeError):
            await work.commit()
    await keep_user(units)
    await engine.dispose()


async def test_what_belongs_to_a_user_who_is_gone_is_a_conflict(engine: Engine) -> None:
    """RF-4: a sign-in that races with the erasure of its user makes no session."""
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    with pytest.raises(ConcurrentChange):
        async with units() as work:
            await work.sessions.add(a_session(a_user())[0])


async def test_deadlocks_are_conflicts(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    first, second = await keep_user(units), await keep_user(units)
    both = asyncio.Barrier(2)

    async def save(one: User, other: User) -> None:
        async with units() as work:
            await work.users.record_sign_in(one, at=NOW)
            assert await work.users.get(one.id)  # which has it written, and the row locked
            await both.wait()
            await work.users.record_sign_in(other, at=NOW)
            await work.commit()

    outcomes = await in_parallel([save(first, second), save(second, first)])
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "ConcurrentChange",
        "NoneType",
    ]
    await engine.dispose()


async def test_a_read_costs_one_round_trip(postgres_url: str) -> None:
    """A dead connection is noticed without asking the server whether it is alive."""
    engine = create_engine(postgres_url, pool_size=1)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = await keep_user(units)
    lease = await engine.raw_connection()
    driver: Any = lease.driver_connection
    lease.close()
    queries: list[str] = []

    def note(record: Any) -> None:
        queries.append(record.query)

    driver.add_query_logger(note)
    await load_user(units, user.id)
    await asyncio.sleep(0)  # loggers are called when the loop turns
    driver.remove_query_logger(note)
    assert len(queries) == 1
    await engine.dispose()


def _pool(engine: Engine) -> QueuePool:
    assert isinstance(engine.pool, QueuePool)
    return engine.pool
