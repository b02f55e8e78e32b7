"""Look-ups that are asked for at the same moment: one statement, and each is told their own row."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from sqlalchemy import Column, select, text
from sqlalchemy.pool import QueuePool

from adapters.sqlalchemy.api_keys import keys
from adapters.sqlalchemy.engine import Engine, create_engine
from adapters.sqlalchemy.gathering import MOST_AT_ONCE
from adapters.sqlalchemy.lookups import Lookup
from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
from adapters.sqlalchemy.sessions import sessions
from adapters.sqlalchemy.sessions.tables import sessions as sessions_table
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
from adapters.sqlalchemy.users.tables import user_roles
from domain.api_keys.api_key import ApiKey
from domain.errors import ServiceUnavailable
from domain.identifiers import SessionId
from domain.sessions.session import Session
from migrations.runner import upgrade
from tests.contracts.samples import (
    a_session,
    a_user,
    an_api_key,
    in_parallel,
    keep_account,
    keep_api_key,
    keep_session,
    keep_user,
)
from tests.support.databases import through_sqlalchemy
from tests.support.postgres import PostgresServer
from tests.support.round_trips import asked, told_each_query

_COPIES = 3000
_FILL = f"""
    INSERT INTO users SELECT (jsonb_populate_record(users, jsonb_build_object(
        'id', gen_random_uuid(), 'email', n || '@x.example', 'email_key', n || '@x.example'
    ))).* FROM users, generate_series(1, {_COPIES}) AS n;
    INSERT INTO sessions SELECT (jsonb_populate_record(sessions, jsonb_build_object(
        'id', gen_random_uuid(), 'user_id', users.id
    ))).* FROM sessions, users;
    INSERT INTO api_keys SELECT (jsonb_populate_record(api_keys, jsonb_build_object(
        'id', gen_random_uuid(), 'digest', sha256(users.id::text::bytea), 'user_id', users.id
    ))).* FROM api_keys, users WHERE api_keys.user_id IS NOT NULL;
    ANALYZE users, sessions, api_keys;
"""
"""Many copies of what is there, of a user each, and known to the planner."""

type Units = SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[Engine]:
    engine = create_engine(postgres_url, pool_size=6)
    yield engine
    async with asyncio.timeout(5):
        while cast(QueuePool, engine.pool).checkedout():  # noqa: ASYNC110 - a pool has no event
            await asyncio.sleep(0.002)
    await engine.dispose()


@pytest.fixture
def units(postgres: Engine) -> Units:
    return SqlAlchemyUnitOfWorkFactory(postgres, SqlAlchemyUnitOfWork)


async def some_sessions(units: Units, number: int) -> list[Session]:
    """Have so many sessions, of two users."""
    users = [await keep_user(units), await keep_user(units)]
    made = [a_session(users[n % 2])[0] for n in range(number)]
    async with units() as work:
        for each in made:
            await work.sessions.add(each)
        await work.commit()
    return made


async def look_up(units: Units, session_id: SessionId) -> SessionId | None:
    """Ask as a request does that comes with a token."""
    async with units.read_only() as work:
        found = await work.sessions.get_with_user(session_id)
    if found is None:
        return None
    session, user = found
    assert session.user_id == user.id
    return session.id


async def find(units: Units, key: ApiKey) -> ApiKey | None:
    """Ask as a request does that comes with a key."""
    async with units.read_only() as work:
        found = await work.api_keys.find(key.digest)
    if found is None:
        return None
    assert found[1].id == found[0].owner
    return found[0]


@asynccontextmanager
async def locked(engine: Engine) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Have every statement about sessions wait; what is yielded returns when so many do."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    other = through_sqlalchemy(engine)
    async with other.connect() as holder, other.connect() as watcher:
        await holder.exec_driver_sql("LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE")

        async def until(number: int) -> None:
            async with asyncio.timeout(10):
                while (await watcher.execute(waiting)).scalar_one() != number:
                    await watcher.rollback()  # what is seen stays as it is until then

        yield until
        await holder.rollback()


async def test_many_at_once_are_one_statement(postgres: Engine, units: Units) -> None:
    made = await some_sessions(units, 16)
    async with asked(postgres) as heard:
        for _ in range(2):
            told = await asyncio.gather(*(look_up(units, each.id) for each in made))
            assert told == [each.id for each in made]
    # The first of all could not know that there would be more.
    assert heard == ["SELECT", "SELECT", "SELECT"]


async def test_one_by_one_each_asks_for_itself(postgres: Engine, units: Units) -> None:
    """Nothing changes where there is nobody to go with."""
    [session, *_] = await some_sessions(units, 2)
    queries: list[str] = []
    async with told_each_query(postgres, queries.append):
        for _ in range(3):
            assert await look_up(units, session.id) == session.id
    assert len(queries) == 3
    assert not any("ANY" in query for query in queries)


async def test_who_was_alone_again_asks_at_once(postgres: Engine, units: Units) -> None:
    made = await some_sessions(units, 3)
    await asyncio.gather(*(look_up(units, each.id) for each in made))
    await look_up(units, made[0].id)
    async with locked(postgres) as until:
        before = asyncio.all_tasks()
        asking = asyncio.create_task(look_up(units, made[0].id))
        await until(1)
        assert asyncio.all_tasks() - before == {asking}  # nothing goes on beside it
    assert await asking == made[0].id


async def test_what_is_not_there_and_what_several_ask_for(units: Units) -> None:
    made = await some_sessions(units, 3)
    nobodys = [a_session(a_user())[0].id for _ in range(3)]
    wanted = [*(each.id for each in made), *nobodys] * 5
    random.shuffle(wanted)
    for _ in range(2):
        told = await asyncio.gather(*(look_up(units, each) for each in wanted))
        assert told == [None if each in nobodys else each for each in wanted]


async def test_everybody_is_told_their_own_whatever_else_is_asked(units: Units) -> None:
    """A row that went to another caller would be another's account."""
    made = await some_sessions(units, 20)
    user, account = await keep_user(units), await keep_account(units)
    of_user, of_account = ([an_api_key(owner) for _ in range(20)] for owner in (user, account))
    await keep_api_key(units, *of_user, *of_account)
    strangers = [an_api_key(user), an_api_key(account)]

    async def ask_session() -> None:
        session = random.choice(made)
        assert await look_up(units, session.id) == session.id

    async def ask_key() -> None:
        key = random.choice([*of_user, *of_account])
        found = await find(units, key)
        assert found is not None
        assert (found.id, found.digest, found.owner) == (key.id, key.digest, key.owner)

    async def ask_by_id() -> None:
        key = random.choice([*of_user, *of_account])
        async with units.read_only() as work:
            found = await work.api_keys.find_by_id(key.id)
        assert found is not None
        assert (found[0].id, found[1].id) == (key.id, key.owner)

    async def ask_in_vain() -> None:
        assert await find(units, random.choice(strangers)) is None

    async def client() -> None:
        for _ in range(25):
            await random.choice([ask_session, ask_key, ask_by_id, ask_in_vain])()

    await asyncio.gather(*(client() for _ in range(24)))


async def test_one_statement_looks_for_so_many_at_most(postgres: Engine, units: Units) -> None:
    made = await some_sessions(units, 1 + 2 * MOST_AT_ONCE)
    async with asked(postgres) as heard:
        told = await asyncio.gather(*(look_up(units, each.id) for each in made))
    assert told == [each.id for each in made]
    assert heard == ["SELECT"] * 3  # the first, and twice a hundred


async def test_who_holds_a_connection_waits_for_no_other(postgres_url: str) -> None:
    """DU-5: else all who hold one would wait for each other, until their time is up."""
    engine = create_engine(postgres_url, pool_size=2)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    made = await some_sessions(units, 8)

    async def read_and_look_up(session: Session) -> SessionId | None:
        async with units.read_only() as work:
            assert await work.sessions.get(session.id) is not None
            found = await work.sessions.get_with_user(session.id)
        return found and found[0].id

    async def look_up_twice(session: Session) -> SessionId | None:
        async with units.read_only() as work:
            assert await work.sessions.get_with_user(session.id) is not None
            found = await work.sessions.get_with_user(session.id)
        return found and found[0].id

    told = await in_parallel(
        [*(read_and_look_up(each) for each in made), *(look_up_twice(each) for each in made)]
    )
    assert told == [each.id for each in made] * 2
    await engine.dispose()


async def test_nobody_is_told_by_a_statement_that_was_sent_before_they_asked(
    postgres: Engine, units: Units
) -> None:
    """What ended a session a moment ago counts for whoever asks now (SE-1)."""
    made = await some_sessions(units, 3)
    async with locked(postgres) as until:
        first = [asyncio.create_task(look_up(units, each.id)) for each in made]
        await until(2)  # the first alone, the others together
        later = [asyncio.create_task(look_up(units, each.id)) for each in made]
        await until(3)
    assert await asyncio.gather(*first, *later) == [each.id for each in (*made, *made)]


async def test_who_gives_up_takes_it_from_nobody(postgres: Engine, units: Units) -> None:
    made = await some_sessions(units, 5)
    async with locked(postgres) as until:
        asking = [asyncio.create_task(look_up(units, each.id)) for each in made]
        await until(2)
        asking[1].cancel()
        asking[4].cancel()
        await asyncio.wait({asking[1], asking[4]})
    assert await asyncio.gather(asking[0], *asking[2:4]) == [
        made[0].id,
        *(each.id for each in made[2:4]),
    ]
    assert [each.cancelled() for each in asking] == [False, True, False, False, True]


async def test_nothing_is_asked_any_more_when_all_have_given_up(
    postgres: Engine, units: Units
) -> None:
    """DU-5: nobody's question holds a connection."""
    made = await some_sessions(units, 4)
    async with locked(postgres) as until:
        asking = [asyncio.create_task(look_up(units, each.id)) for each in made]
        await until(2)
        for each in asking:
            each.cancel()
        async with asyncio.timeout(3):  # in five seconds the statement would end by itself
            await until(0)
    assert await look_up(units, made[0].id) == made[0].id


async def test_who_gives_up_before_it_is_sent_is_not_asked_for(
    postgres: Engine, units: Units
) -> None:
    made = await some_sessions(units, 4)
    await asyncio.gather(*(look_up(units, each.id) for each in made))  # from now on, gathered
    async with asked(postgres) as heard:
        asking = [asyncio.create_task(look_up(units, each.id)) for each in made]
        await asyncio.sleep(0)  # they have asked, and the statement comes next
        for each in asking:
            each.cancel()
        await asyncio.wait(asking)
        for _ in range(5):
            await asyncio.sleep(0)
    assert heard == []


async def test_a_failure_is_told_to_all_and_is_over_with_its_cause(
    postgres: Engine, units: Units
) -> None:
    made = await some_sessions(units, 6)
    async with through_sqlalchemy(postgres).begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE sessions RENAME TO elsewhere")
    outcomes: list[Any] = await in_parallel(look_up(units, each.id) for each in made)
    assert all(isinstance(outcome, Exception) for outcome in outcomes), outcomes
    assert len({type(outcome) for outcome in outcomes}) == 1
    async with through_sqlalchemy(postgres).begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO sessions")
    told = await asyncio.gather(*(look_up(units, each.id) for each in made))
    assert told == [each.id for each in made]


async def test_no_request_waits_for_nothing_however_the_asking_ends(
    postgres: Engine, units: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await some_sessions(units, 4)

    async def outcomes(*, cancelled: bool) -> set[type]:
        async with asyncio.timeout(10), locked(postgres) as until:
            before = asyncio.all_tasks()
            asking = [asyncio.create_task(look_up(units, each.id)) for each in made]
            await until(2)
            (sending,) = asyncio.all_tasks() - before - {*asking}
            if cancelled:
                sending.cancel()
        return {type(each) for each in (await in_parallel(asking))[1:]}

    assert await outcomes(cancelled=True) == {ServiceUnavailable}
    await look_up(units, made[0].id)  # alone again
    monkeypatch.setattr(Lookup, "value_in", lambda _self, _row: 1 / 0)
    assert await outcomes(cancelled=False) == {ZeroDivisionError}


async def test_a_restart_of_the_database_costs_no_look_up_anything_once_it_is_over(
    own_postgres: PostgresServer,
) -> None:
    """DB-1: the connections that were lost meanwhile are replaced, for many as for one."""
    await upgrade(own_postgres.url())
    engine = create_engine(own_postgres.url(), pool_size=4)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    made = await some_sessions(units, 12)
    for end in (own_postgres.stop, own_postgres.kill):
        await in_parallel(keep_user(units) for _ in range(8))
        await asyncio.to_thread(end)
        await asyncio.to_thread(own_postgres.start)
        told = await in_parallel(look_up(units, each.id) for each in made)
        assert told == [each.id for each in made]
    assert cast(QueuePool, engine.pool).checkedout() == 0
    await engine.dispose()


async def test_many_are_found_by_the_index_and_planned_once(postgres: Engine, units: Units) -> None:
    """A short list would be planned anew each time, which costs the database more than the rows."""
    user, account = await keep_user(units), await keep_account(units)
    session, _ = await keep_session(units, user)
    key = an_api_key(user)
    await keep_api_key(units, key, an_api_key(account))
    lookups: list[tuple[str, Lookup, Any]] = [
        ("id", sessions._GET_WITH_USER, session.id.value),
        ("digest", keys._FIND, key.digest),
        ("id", keys._FIND_BY_ID, key.id.value),
    ]
    async with through_sqlalchemy(postgres).connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        await raw.execute(_FILL)
        for column, lookup, value in lookups:
            plan = lookup.many.plan(postgres.dialect)
            given = plan.arguments({"sought": [value, value, value]})
            for _ in range(20):
                assert len(await raw.fetch(plan.sql, *given)) == 1
            lines = [row[0] for row in await raw.fetch(f"EXPLAIN {plan.sql}", *given)]
            assert any(f"Index Cond: ({column} = ANY" in line for line in lines), "\n".join(lines)
            (planned,) = await raw.fetch(
                "SELECT generic_plans, custom_plans FROM pg_prepared_statements "
                "WHERE statement = $1",
                plan.sql,
            )
            assert tuple(planned) == (15, 5)  # the first five are for comparison


@pytest.mark.parametrize("column", [sessions_table.c.user_id, user_roles.c.user_id], ids=str)
def test_what_several_rows_may_have_is_no_look_up(column: Column[Any]) -> None:
    """Nor what is a part of a key, of which each row has another whole."""
    with pytest.raises(ValueError, match="several rows"):
        Lookup(select(column.table), by=column)
