"""What every connection promises, and what an address may look like."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.engine import Engine, create_engine
from adapters.sqlalchemy.execution import OneByOne
from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
from adapters.sqlalchemy.statements import Statement
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
from domain.errors import ServiceUnavailable
from tests.contracts.samples import a_user, keep_user
from tests.support.databases import through_sqlalchemy


def test_no_part_of_an_address_is_left_where_it_could_be_shown(tmp_path: Path) -> None:
    """LG-1."""
    engine = create_engine("postgresql://someone:hunter2@db.example/accounts")
    assert engine.sync_engine.url.render_as_string(hide_password=False) == "postgresql+asyncpg://"


@pytest.mark.parametrize(
    "address",
    ["", "nonsense secret", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "memory://"],
)
def test_other_addresses_are_refused_without_repeating_them(address: str) -> None:
    """LG-1."""
    with pytest.raises(ValueError, match=r"^(is|has|names|keeps) ") as refusal:
        create_engine(address)
    assert "secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


async def test_sqlite_is_durable_and_watches_foreign_keys(sqlite_url: str) -> None:
    """DB-4, on every connection of the pool and not just the first."""
    engine = create_engine(sqlite_url, pool_size=3)
    connections = [await through_sqlalchemy(engine).connect() for _ in range(3)]
    for connection in connections:
        settings = {
            name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        assert settings == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 10_000,
        }
        await connection.close()
    await engine.dispose()


async def test_postgresql_ends_what_takes_too_long(postgres_url: str) -> None:
    """DB-6."""
    engine = create_engine(postgres_url)
    async with through_sqlalchemy(engine).connect() as connection:
        settings = {
            name: (await connection.execute(text(f"SHOW {name}"))).scalar()
            for name in (
                "application_name",
                "TimeZone",
                "statement_timeout",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "default_transaction_isolation",
            )
        }
    await engine.dispose()
    assert settings == {
        "application_name": "doorward",
        "TimeZone": "UTC",
        "statement_timeout": "10s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "15s",
        "default_transaction_isolation": "read committed",
    }


async def test_the_file_is_for_us_alone(tmp_path: Path) -> None:
    file = tmp_path / "var" / "doorward.db"
    engine = create_engine(f"sqlite:///{file}")
    async with through_sqlalchemy(engine).connect() as connection:
        await connection.exec_driver_sql("CREATE TABLE t (x)")
    await engine.dispose()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


async def test_a_file_that_others_could_read_is_closed_to_them(sqlite_url: str) -> None:
    file = Path(str(make_url(sqlite_url).database))
    file.chmod(0o644)
    engine = create_engine(sqlite_url)
    async with through_sqlalchemy(engine).connect() as connection:
        await connection.exec_driver_sql("CREATE TABLE t (x)")
        beside = [each for each in file.parent.iterdir() if each.name.startswith(file.name)]
        assert len(beside) > 1, "SQLite keeps files of its own"
        assert {stat.S_IMODE(each.stat().st_mode) for each in beside} == {0o600}
    await engine.dispose()


@pytest.mark.parametrize("migrated", [False, True])
async def test_another_programs_file_stays_as_it_is(tmp_path: Path, migrated: bool) -> None:
    """A connection cannot know yet whether the file will be refused; others use Alembic, too."""
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE customers (x)")
        if migrated:
            other.execute("CREATE TABLE alembic_version (version_num)")
        other.commit()
    file.chmod(0o644)
    before = file.read_bytes()
    engine = create_engine(f"sqlite:///{file}")
    async with through_sqlalchemy(engine).connect() as connection:
        await connection.exec_driver_sql("SELECT * FROM customers")
    await engine.dispose()
    assert file.read_bytes() == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


async def test_a_file_that_cannot_be_made_is_told_when_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    engine = create_engine(f"sqlite:///{tmp_path}/file/doorward.db")
    with pytest.raises(ServiceUnavailable):
        await keep_user(SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork))
    await engine.dispose()


async def test_nobody_waits_long_for_a_connection(url: str) -> None:
    """DB-6."""
    engine = create_engine(url, pool_size=1, pool_timeout=0.1)
    units = SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)
    async with units() as work:
        assert await work.users.get(a_user().id) is None
        with pytest.raises(ServiceUnavailable) as refusal:
            await keep_user(units)
    assert refusal.value.retry_after
    await keep_user(units)
    await engine.dispose()


async def test_both_ways_to_run_a_statement_give_the_same(engine: Engine) -> None:
    """Core's own way is the reference for ours."""
    from adapters.sqlalchemy.keys import signing_keys as repositories
    from adapters.sqlalchemy.mail import outbox
    from adapters.sqlalchemy.sessions import sessions
    from adapters.sqlalchemy.users import users

    user = await keep_user(SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork))
    values = {"id": user.id.value, "email_key": user.email.key}
    execution = OneByOne(Connections(engine))
    for statement in (users._GET_USER, users._FIND_USER):
        ours = await execution.first(statement, **values)
        async with through_sqlalchemy(engine).connect() as connection:
            reference = (await connection.execute(statement.core(engine.dialect), values)).one()
        assert ours is not None
        assert tuple(ours) == tuple(reference)
    await execution.end()
    for module in (outbox, repositories, sessions, users):
        for name, statement in vars(module).items():
            if isinstance(statement, Statement):
                assert "POSTCOMPILE" not in statement.plan(engine.dialect).sql, name
