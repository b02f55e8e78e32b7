"""What is held until the commit: sent as one statement, all of it or nothing, as if at once."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import asyncpg
import pytest
from sqlalchemy.pool import QueuePool

from adapters.sqlalchemy import held, locks
from adapters.sqlalchemy.access import roles
from adapters.sqlalchemy.engine import Engine, create_engine
from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
from adapters.sqlalchemy.statements import Statement
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
from application.audit.ports import AuditQuery
from application.users.ports import UserQuery
from domain.credentials.one_time_token import Purpose
from domain.credentials.password import PasswordCredential
from domain.errors import ConcurrentChange, ServiceUnavailable
from domain.identifiers import SessionId, UserId
from domain.origin import Origin
from domain.principal import RoleName
from domain.sessions.session import EndReason, Session
from domain.users.user import EmailAlreadyRegistered, User
from tests.contracts.samples import (
    MINUTE,
    NOW,
    a_credential,
    a_message,
    a_session,
    a_token,
    a_user,
    an_audit_event,
    in_parallel,
    keep_session,
    keep_user,
    load_session,
    load_user,
    retrying,
    save_user,
    until_a_writer_waits,
    waiting_messages,
)
from tests.support.databases import connect
from tests.support.pgbouncer import pgbouncer_before
from tests.support.round_trips import asked, named, told_each_query

type Units = SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]
type Step = Callable[[SqlAlchemyUnitOfWork], Awaitable[None]]

KEY = b"k" * 32
RENAMED = "Renamed"


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[Engine]:
    engine = create_engine(postgres_url, pool_size=4)
    yield engine
    await _settled(engine)
    await engine.dispose()


async def _settled(engine: Engine) -> None:
    """Return when no connection is on loan any more; fail if one stays away (DU-5)."""
    pool = cast(QueuePool, engine.pool)
    async with asyncio.timeout(5):
        while pool.checkedout():  # noqa: ASYNC110  # a pool has no event to wait for
            await asyncio.sleep(0.002)


@pytest.fixture
def units(postgres: Engine) -> Units:
    return SqlAlchemyUnitOfWorkFactory(postgres, SqlAlchemyUnitOfWork)


@pytest.fixture
async def user(units: Units) -> User:
    """A user with the role that everyone has, and with a password."""
    made = a_user()
    async with units() as work:
        await work.users.add(made)
        await work.credentials.add(a_credential(made))
        await work.commit()
    return made


# --- how often the database is asked ----------------------------------------------------------


async def test_a_read_and_a_save_are_two_round_trips(
    postgres: Engine, units: Units, user: User
) -> None:
    """A refresh."""
    session, _ = await keep_session(units, user)
    async with asked(postgres) as heard, units() as work:
        found = await work.sessions.get_with_user(session.id)
        assert found is not None
        await work.sessions.save(found[0])
        await work.commit()
    assert heard == ["SELECT", "UPDATE SESSIONS"]
    assert (await load_session(units, session)).version == 1


async def test_four_writes_are_one_round_trip(postgres: Engine, units: Units, user: User) -> None:
    """The second half of a sign-in; in the order in which they were held."""
    session, _ = a_session(user)
    async with asked(postgres) as heard, units() as work:
        await work.users.record_sign_in(user, at=NOW)
        await work.attempts.clear(KEY)
        await work.sessions.add(session)
        await work.audit.append(an_audit_event(actor=user.id))
        await work.commit()
    assert heard == [
        "UPDATE USERS + DELETE SIGN_IN_ATTEMPTS + INSERT SESSIONS + INSERT AUDIT_EVENTS"
    ]
    assert (await load_user(units, user.id)).last_signed_in_at == NOW
    assert (await load_session(units, session)).user_id == user.id
    async with units.read_only() as work:
        assert await work.audit.count_about(user.id) == 1


async def _start(units: Units, user: User, *, keep: int) -> int:
    session, _ = a_session(user)
    async with units() as work:
        await work.users.record_sign_in(user, at=NOW)
        ended = await work.sessions.end_all(
            user.id, EndReason.REVOKED_BY_USER, now=NOW, keep_newest=keep
        )
        await work.sessions.add(session)
        await work.commit()
    return ended


async def test_a_cap_that_is_far_away_costs_no_round_trip_and_one_that_is_near_holds(
    postgres: Engine, units: Units, user: User
) -> None:
    """SE-4: that there is room is a part of the commit, and not taken for granted twice."""
    for _ in range(6):
        await keep_session(units, user)
    async with asked(postgres) as heard:
        assert await _start(units, user, keep=32 + 6) == 0
    assert heard == ["UPDATE USERS + INSERT SESSIONS"]
    with pytest.raises(ConcurrentChange):
        await _start(units, user, keep=32 + 6)  # there are seven by now
    async with units.read_only() as work:
        assert await work.sessions.count_living(user.id, now=NOW) == 7
    async with asked(postgres) as heard:
        assert await _start(units, user, keep=32 + 6) == 0
    assert heard == ["BEGIN", "UPDATE USERS", "UPDATE SESSIONS", "INSERT SESSIONS", "COMMIT"]
    assert await _start(units, user, keep=4) == 4
    other = await keep_user(units)
    async with asked(postgres) as heard:
        assert await _start(units, other, keep=99) == 0
    assert len(heard) == 1


async def test_a_cap_is_kept_where_many_sign_in_at_once(engine: Engine) -> None:
    """SE-4."""
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = await keep_user(units)

    async def start() -> None:
        await retrying(lambda: _start(units, user, keep=34))

    for _ in range(4):
        assert await in_parallel(start() for _ in range(15)) == [None] * 15
    async with units.read_only() as work:
        assert await work.sessions.count_living(user.id, now=NOW) == 35


async def test_a_unit_that_writes_nothing_asks_for_no_transaction(
    postgres: Engine, units: Units, user: User
) -> None:
    async with asked(postgres) as heard:
        async with units() as work:
            await work.commit()
        async with units() as work:
            assert await work.users.get(user.id)
            await work.commit()
        async with units() as work:
            assert await work.credentials.get(user.id)
    assert heard == ["SELECT", "SELECT"]


async def test_what_was_read_is_not_read_in_a_transaction_that_comes_later(
    postgres: Engine, units: Units, user: User
) -> None:
    """It begins with what locks, and what is held by then is a part of it."""
    async with asked(postgres) as heard, units() as work:
        await work.credentials.get(user.id)
        await work.audit.append(an_audit_event())
        attempts = await work.attempts.hold(KEY)
        await work.attempts.save(attempts)
        await work.outbox.enqueue(a_message())
        await work.commit()
    assert heard == [
        "SELECT",
        "BEGIN",
        "INSERT AUDIT_EVENTS",
        "INSERT SIGN_IN_ATTEMPTS",
        "INSERT SIGN_IN_ATTEMPTS + INSERT OUTBOX_MESSAGES",
        "COMMIT",
    ]


async def test_a_combination_is_compiled_once(units: Units, user: User) -> None:
    await _rename(units, user)
    before = held._joint.cache_info()
    await _rename(units, user)
    after = held._joint.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 1)


async def _rename(units: Units, user: User) -> None:
    user.rename(RENAMED, now=NOW)
    async with units() as work:
        await work.users.save(user)
        await work.audit.append(an_audit_event())
        await work.commit()


async def test_every_statement_that_locks_asks_for_a_transaction(engine: Engine) -> None:
    """Outside of one it would give its lock back at once."""
    locking = [roles._HOLD, locks.exclusive(locks.Lock.AUDIT_CHAIN)]
    assert all(statement.writes for statement in locking)
    for statement in _statements():
        sql = statement.plan(engine.dialect).sql
        if re.search("FOR UPDATE|advisory", sql):
            assert statement.writes, sql


def _statements() -> list[Statement]:
    import sys

    modules = [
        module for name, module in sys.modules.items() if name.startswith("adapters.sqlalchemy.")
    ]
    found = [each for module in modules for each in vars(module).values()]
    return [each for each in found if isinstance(each, Statement)]


# --- all or nothing ---------------------------------------------------------------------------


def _steps(stale: User) -> dict[str, Step]:
    credential = a_credential(stale)
    credential.version = 7

    async def enqueue(work: SqlAlchemyUnitOfWork) -> None:
        await work.outbox.enqueue(a_message())

    async def append(work: SqlAlchemyUnitOfWork) -> None:
        await work.audit.append(an_audit_event())

    async def note(work: SqlAlchemyUnitOfWork) -> None:
        await work.users.record_sign_in(stale, at=NOW)

    async def save_password(work: SqlAlchemyUnitOfWork) -> None:
        await work.credentials.save(credential)

    async def read(work: SqlAlchemyUnitOfWork) -> None:
        await work.users.get(stale.id)

    return {
        "enqueue": enqueue,
        "append": append,
        "note": note,
        "password": save_password,
        "read": read,
    }


@pytest.mark.parametrize(
    "order",
    [
        ["note", "enqueue", "append"],
        ["enqueue", "note", "append"],
        ["enqueue", "append", "note"],
        ["password", "enqueue"],
        ["note"],
        ["note", "password"],
        ["enqueue", "read", "append", "note"],
        ["enqueue", "note", "read", "append"],
    ],
    ids=",".join,
)
async def test_a_conflict_undoes_all_that_was_held_wherever_it_stands(
    engine: Engine, order: list[str]
) -> None:
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    stale = await keep_user(units)
    async with units() as work:
        await work.credentials.add(a_credential(stale))
        await work.commit()
    await save_user(units, await load_user(units, stale.id))
    steps = _steps(stale)

    async def change() -> None:
        async with units() as work:
            for step in order:
                await steps[step](work)
            await work.commit()

    with pytest.raises(ConcurrentChange):
        await change()
    await _ensure_nothing_but(units, [stale])


async def _ensure_nothing_but(units: Units, users: list[User]) -> None:
    async with units.read_only() as work:
        assert await work.users.count(UserQuery()) == len(users)
        assert await waiting_messages(work) == 0
        assert await work.audit.count(AuditQuery()) == 0
        for user in users:
            found = await work.users.get(user.id)
            assert found is not None
            assert found.last_signed_in_at is None


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_each_of_several_expectations_counts(engine: Engine, place: int) -> None:
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = await keep_user(units)
    session, _ = await keep_session(units, user)
    credential = a_credential(user)
    async with units() as work:
        await work.credentials.add(credential)
        await work.commit()
    entities: list[User | Session | PasswordCredential] = [user, session, credential]
    entities[place].version += 1  # as if it had been loaded from elsewhere
    user.rename(RENAMED, now=NOW)

    async def change() -> None:
        async with units() as work:
            await work.users.save(user)
            await work.sessions.save(session)
            await work.credentials.save(credential)
            await work.commit()

    with pytest.raises(ConcurrentChange):
        await change()
    assert (await load_user(units, user.id)).display_name != RENAMED
    assert (await load_session(units, session)).version == 0


@pytest.mark.parametrize("alone", [True, False])
async def test_a_taken_mailbox_is_told_by_the_commit_and_undoes_the_rest(
    engine: Engine, *, alone: bool
) -> None:
    """AT-10: out of several writes, and with none beside it."""
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    first = await keep_user(units)
    second = a_user(first.email.value.upper())
    second.roles = frozenset() if alone else second.roles

    async def sign_up() -> None:
        async with units() as work:
            await work.users.add(second)
            if not alone:
                await work.credentials.add(a_credential(second))
                await work.outbox.enqueue(a_message())
            await work.commit()

    with pytest.raises(EmailAlreadyRegistered):
        await sign_up()
    await _ensure_nothing_but(units, [first])


async def test_who_wanted_a_taken_value_says_what_it_means(
    engine: Engine,
) -> None:
    """Not the first write that could: the user's save here would call it a taken mailbox."""
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = await keep_user(units)
    async with units() as work:
        await work.credentials.add(a_credential(user))
        await work.commit()

    async def set_again() -> None:
        async with units() as work:
            user.rename(RENAMED, now=NOW)
            await work.users.save(user)
            await work.credentials.add(a_credential(user))
            await work.commit()

    with pytest.raises(ConcurrentChange):
        await set_again()
    assert (await load_user(units, user.id)).display_name != RENAMED


async def test_what_belongs_to_nobody_undoes_the_rest(engine: Engine) -> None:
    """A foreign key, which is looked at when all else is written."""
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)

    async def start() -> None:
        async with units() as work:
            await work.outbox.enqueue(a_message())
            await work.sessions.add(a_session(a_user())[0])
            await work.commit()

    with pytest.raises(ConcurrentChange):
        await start()
    await _ensure_nothing_but(units, [])


async def test_after_a_conflict_the_unit_cannot_be_committed(engine: Engine) -> None:
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    stale = await keep_user(units)
    await save_user(units, await load_user(units, stale.id))
    async with units() as work:
        await work.outbox.enqueue(a_message())
        await work.users.record_sign_in(stale, at=NOW)
        with pytest.raises(ConcurrentChange):
            await work.users.get(stale.id)
        with pytest.raises(RuntimeError):
            await work.commit()
    await _ensure_nothing_but(units, [stale])


async def test_a_unit_that_is_left_tells_of_a_conflict_and_writes_nothing(
    engine: Engine,
) -> None:
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    stale = await keep_user(units)
    await save_user(units, await load_user(units, stale.id))
    with pytest.raises(ConcurrentChange):  # noqa: PT012
        async with units() as work:
            await work.outbox.enqueue(a_message())
            await work.users.record_sign_in(stale, at=NOW)
    async with units() as work:
        await work.outbox.enqueue(a_message())
    await _ensure_nothing_but(units, [stale])


async def test_an_exception_is_told_and_not_what_is_held(engine: Engine) -> None:
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    stale = await keep_user(units)
    await save_user(units, await load_user(units, stale.id))
    with pytest.raises(LookupError):  # noqa: PT012
        async with units() as work:
            await work.users.record_sign_in(stale, at=NOW)
            raise LookupError


# --- order ------------------------------------------------------------------------------------


async def test_a_table_that_is_written_to_twice_is_written_to_in_order(
    postgres: Engine, units: Units, user: User
) -> None:
    """What a row's origin was is forgotten after the row was added; PostgreSQL would add it last.

    And two saves of one user, of which it would do but one.
    """
    async with asked(postgres) as heard, units() as work:
        await work.audit.append(an_audit_event(actor=user.id))
        await work.audit.forget_origins(user.id)
        await work.audit.append(an_audit_event(at=NOW + MINUTE, actor=user.id))
        await work.commit()
    assert heard == [
        "BEGIN",
        "INSERT AUDIT_EVENTS",
        "UPDATE AUDIT_EVENTS",
        "INSERT AUDIT_EVENTS",
        "COMMIT",
    ]
    async with units.read_only() as work:
        later, earlier = await work.audit.about(user.id, limit=9)
    assert earlier.origin == Origin(request_id=earlier.origin.request_id)
    assert later.origin.ip_address is not None
    async with units() as work:
        await work.users.save(user)
        user.rename(RENAMED, now=NOW)
        await work.users.save(user)
        await work.commit()
    assert (await load_user(units, user.id)).display_name == RENAMED


async def test_rows_that_are_only_added_share_a_statement(postgres: Engine, units: Units) -> None:
    async with asked(postgres) as heard, units() as work:
        for _ in range(3):
            await work.outbox.enqueue(a_message())
        await work.commit()
    assert heard == [" + ".join(["INSERT OUTBOX_MESSAGES"] * 3)]
    async with units.read_only() as work:
        assert await waiting_messages(work) == 3


async def test_any_number_of_writes_is_sent_in_statements_that_stay_prepared(
    postgres: Engine, units: Units
) -> None:
    """asyncpg prepares a longer one anew each time, and PostgreSQL takes no endless one."""
    longest = 15 * 1024  # asyncpg's max_cacheable_statement_size
    queries: list[str] = []
    user = a_user()
    async with told_each_query(postgres, queries.append), units() as work:
        await work.users.add(user)
        for _ in range(50):
            await work.sessions.add(a_session(user)[0])
            await work.audit.append(an_audit_event())
            await work.outbox.enqueue(a_message())
        await work.commit()
    assert 10 < len(queries) < 20
    assert max(map(len, queries)) < longest
    async with units.read_only() as work:
        assert await work.audit.count(AuditQuery()) == 50
        assert await work.sessions.count_living(user.id, now=NOW) == 50
        assert await waiting_messages(work) == 50


async def test_an_upsert_shares_a_statement_with_no_other_of_its_table(
    postgres: Engine, units: Units, user: User
) -> None:
    """PostgreSQL would see neither the other's row nor a conflict with it."""
    first, _ = a_token(user, Purpose.PASSWORD_RESET)
    second, _ = a_token(user, Purpose.PASSWORD_RESET)
    async with asked(postgres) as heard, units() as work:
        await work.one_time_tokens.put(first)
        await work.one_time_tokens.put(second)
        await work.one_time_tokens.discard(user.id, [Purpose.EMAIL_CHANGE])
        await work.commit()
    assert len(heard) == 5
    async with units.read_only() as work:
        assert await work.one_time_tokens.list_of(user.id) == [second]


@pytest.mark.parametrize("user_first", [True, False])
async def test_rows_are_locked_in_the_order_in_which_they_were_held(
    postgres: Engine, postgres_url: str, units: Units, user: User, *, user_first: bool
) -> None:
    """So that a use case that has an order of locks keeps it, and no two wait for each other."""
    session, _ = await keep_session(units, user)

    async def change() -> None:
        async with units() as work:
            if user_first:
                await work.users.record_sign_in(user, at=NOW)
            await work.sessions.save(session)
            if not user_first:
                await work.users.record_sign_in(user, at=NOW)
            await work.outbox.enqueue(a_message())
            await work.commit()

    async with Locked(postgres_url, "sessions", session.id):
        changing = asyncio.create_task(change())
        await until_a_writer_waits(postgres)
        looking = await connect(postgres_url)
        look = looking.fetch("SELECT FROM users WHERE id = $1 FOR UPDATE NOWAIT", user.id.value)
        if user_first:
            with pytest.raises(asyncpg.LockNotAvailableError):
                await look
        else:
            await look
        await looking.close()
    await changing


async def test_ones_own_writes_are_seen(postgres: Engine, units: Units) -> None:
    user = a_user()
    async with asked(postgres) as heard, units() as work:
        await work.users.add(user)
        found = await work.users.get(user.id)
        assert found is not None
        assert found.roles == user.roles
        await work.commit()
    assert heard == ["BEGIN", "INSERT USERS + INSERT USER_ROLES", "SELECT", "COMMIT"]


async def test_roles_are_added_and_taken_in_the_same_statement(engine: Engine) -> None:
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    user = await keep_user(units)
    for names in ({"a", "b"}, {"b", "c", "d"}, {"b"}, set(), {"e"}):
        user.roles = frozenset(RoleName(name) for name in names)
        await save_user(units, user)
        assert (await load_user(units, user.id)).roles == names


# --- what is held locks nothing, so it is not held for long -----------------------------------


async def test_what_is_held_is_written_as_soon_as_the_unit_waits_for_something_else(
    postgres: Engine, units: Units, user: User
) -> None:
    """RF-4: from ``record_sign_in`` to the commit no save of this user can slip in between."""

    async def save() -> None:
        await save_user(units, await load_user(units, user.id))

    async with asked(postgres) as heard, units() as work:
        await work.users.record_sign_in(user, at=NOW)
        await _sent(work)
        saving = asyncio.create_task(save())
        await until_a_writer_waits(postgres)
        assert not saving.done()
        await work.outbox.enqueue(a_message())
        await work.commit()
    await saving
    assert {"UPDATE USERS", "INSERT OUTBOX_MESSAGES"} <= set(heard)
    assert (await load_user(units, user.id)).last_signed_in_at == NOW


async def test_a_conflict_of_what_was_written_early_is_told_by_the_next_call(
    units: Units, user: User
) -> None:
    await save_user(units, await load_user(units, user.id))
    for finish in ("commit", "read", "leave"):

        async def change(finish: str = finish) -> None:
            async with units() as work:
                await work.outbox.enqueue(a_message())
                await work.users.record_sign_in(user, at=NOW)
                await _sent(work)
                if finish == "commit":
                    await work.commit()
                elif finish == "read":
                    await work.users.get(user.id)

        with pytest.raises(ConcurrentChange):
            await change()
    await _ensure_nothing_but(units, [user])


async def test_what_was_written_early_is_undone_with_the_unit(units: Units) -> None:
    with pytest.raises(LookupError):  # noqa: PT012
        async with units() as work:
            await work.outbox.enqueue(a_message())
            await _sent(work)
            raise LookupError
    async with units() as work:
        await work.outbox.enqueue(a_message())
        await _sent(work)
    await _ensure_nothing_but(units, [])


async def _sent(work: SqlAlchemyUnitOfWork) -> None:
    """Wait for something else, until what is held is on its way or has failed."""
    await asyncio.sleep(0)
    sending = work._execution._sending  # type: ignore[attr-defined]
    assert sending is not None
    await asyncio.wait({sending})


async def test_a_unit_that_is_cancelled_while_its_early_write_waits_leaves_nothing(
    postgres: Engine, postgres_url: str, units: Units, user: User
) -> None:
    """DU-5: and does not wait until the lock is given up."""
    work = units()

    async def change() -> None:
        async with work:
            await work.users.record_sign_in(user, at=NOW)
            await asyncio.Event().wait()

    async with Locked(postgres_url, "users", user.id):
        changing = asyncio.create_task(change())
        await until_a_writer_waits(postgres)
        sending = work._execution._sending  # type: ignore[attr-defined]
        changing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await changing
        assert sending.cancelled()
        await _settled(postgres)
    await _ensure_nothing_but(units, [user])


# --- cut off in the middle --------------------------------------------------------------------


class Locked:
    """Holds a row, so that a write of it waits."""

    def __init__(self, url: str, table: str, row: UserId | SessionId) -> None:
        self._url, self._table, self._row = url, table, row
        self._connection: asyncpg.Connection | None = None

    async def __aenter__(self) -> None:
        self._connection = await connect(self._url)
        await self._connection.execute("BEGIN")
        await self._connection.execute(
            f"SELECT FROM {self._table} WHERE id = $1 FOR UPDATE", self._row.value
        )

    async def __aexit__(self, *_: object) -> None:
        assert self._connection is not None
        await self._connection.close()


async def _sign_in(units: Units, user: User) -> None:
    async with units() as work:
        await work.users.record_sign_in(user, at=NOW)
        await work.outbox.enqueue(a_message())
        await work.audit.append(an_audit_event())
        await work.commit()


async def test_cancelled_in_the_middle_of_the_statement_nothing_is_written(
    postgres: Engine, postgres_url: str, units: Units, user: User
) -> None:
    """DU-5: the connection comes back when the statement has ended in the server."""
    async with Locked(postgres_url, "users", user.id):
        changing = asyncio.create_task(_sign_in(units, user))
        await until_a_writer_waits(postgres)
        changing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await changing
        await _settled(postgres)
    await _ensure_nothing_but(units, [user])
    await _sign_in(units, user)


async def test_a_statement_whose_end_is_not_known_is_a_503_and_is_not_sent_again(
    postgres: Engine, postgres_url: str, units: Units, user: User
) -> None:
    """DB-2: as for a COMMIT whose answer is lost."""
    async with Locked(postgres_url, "users", user.id):
        changing = asyncio.create_task(_sign_in(units, user))
        await until_a_writer_waits(postgres)
        await _cut(postgres_url, "wait_event_type = 'Lock'")
    with pytest.raises(ServiceUnavailable):
        await changing
    await _settled(postgres)
    await _ensure_nothing_but(units, [user])


async def _cut(url: str, condition: str) -> None:
    connection = await connect(url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
    )
    await connection.close()


async def test_a_connection_that_is_lost_between_two_statements_costs_nothing(
    postgres_url: str, units: Units, user: User
) -> None:
    """DB-1: where no transaction is open, another connection does as well, once."""
    async with units() as work:
        assert await work.users.get(user.id)
        await _cut(postgres_url, "true")
        assert await work.users.get(user.id)
        await _cut(postgres_url, "true")
        attempts = await work.attempts.hold(KEY)
        await work.attempts.save(attempts)
        await work.commit()
    async with units() as work:
        assert (await work.attempts.hold(KEY)).version == 1


async def test_a_connection_that_is_lost_within_a_transaction_is_a_503(
    postgres_url: str, units: Units
) -> None:
    async with units() as work:
        await work.attempts.hold(KEY)
        await _cut(postgres_url, "true")
        with pytest.raises(ServiceUnavailable):
            await work.users.get(a_user().id)


# --- behind a pooler --------------------------------------------------------------------------


async def test_behind_a_pooler_every_transaction_is_begun_with_its_limits(
    postgres_url: str,
) -> None:
    """DB-6: a statement alone would have none; what is held is one statement there, too."""
    with pgbouncer_before(postgres_url, mode="transaction", pool_size=2) as url:
        engine = create_engine(url, pool_size=1)
        units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
        user = await keep_user(units)
        async with asked(engine) as heard:
            await _sign_in(units, user)
        assert heard == [
            "BEGIN",
            "UPDATE USERS + INSERT OUTBOX_MESSAGES + INSERT AUDIT_EVENTS",
            "COMMIT",
        ]
        stale = await load_user(units, user.id)
        await save_user(units, user)
        async with asked(engine) as heard, units() as work:
            assert await work.users.get(user.id)
        assert heard == ["BEGIN", "SELECT", "ROLLBACK"]
        with pytest.raises(ConcurrentChange):
            await _sign_in(units, stale)
        await engine.dispose()


def test_a_write_is_named_by_verb_and_table() -> None:
    assert named("INSERT INTO a (b) VALUES ($1) ON CONFLICT (b) DO UPDATE SET b = 1") == "INSERT A"
    assert named("SELECT b FROM a FOR UPDATE") == "SELECT"
    assert named("WITH w0 AS \n(DELETE FROM a), w1 AS (UPDATE b SET c = 1)") == (
        "DELETE A + UPDATE B"
    )
