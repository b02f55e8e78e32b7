"""Rows that a newer version beside this one wrote: they stop no list, and stay as they are."""

import pytest
from sqlalchemy import text

from adapters.sqlalchemy.engine import Engine
from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
from domain.access.role import Role
from domain.assurance import Assurance, Level
from domain.mail.message import MessageId, MessageStatus
from domain.principal import UNGUARDED, Permission, RoleName
from domain.sessions.session import EndReason
from domain.users.user import User
from domain.vocabulary import word_of
from tests.contracts.samples import (
    KINDS,
    MINUTE,
    NOW,
    SECOND,
    a_message,
    a_token,
    a_user,
    keep_session,
    keep_user,
    load_session,
    load_user,
    save_session,
)
from tests.support.databases import through_sqlalchemy


async def put(engine: Engine, table: str, column: str, word: str) -> None:
    """Write a word that this version does not know into every row, whatever the schema allows."""
    async with through_sqlalchemy(engine).begin() as connection:
        if engine.dialect.name == "sqlite":
            await connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        else:
            await connection.execute(
                text(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS ck_{table}_{column}")
            )
        await connection.execute(text(f"UPDATE {table} SET {column} = :word"), {"word": word})


@pytest.fixture
def units(engine: Engine) -> SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]:
    return SqlAlchemyUnitOfWorkFactory(engine, SqlAlchemyUnitOfWork)


async def enqueue(units: SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]) -> MessageId:
    message = a_message()
    async with units() as work:
        await work.outbox.enqueue(message)
        await work.commit()
    return message.id


async def test_a_message_of_a_strange_kind_is_listed_redriven_forgotten_and_never_claimed(
    engine: Engine, units: SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]
) -> None:
    """OB-4."""
    strange = await enqueue(units)
    await put(engine, "outbox_messages", "kind", "from_the_next_version")
    known = await enqueue(units)
    async with units() as work:
        claimed = await work.outbox.claim(kinds=KINDS, limit=1, lease=MINUTE, now=NOW + SECOND)
        waiting = await work.outbox_ledger.listed(MessageStatus.WAITING, limit=9)
        assert await work.outbox_ledger.redrive(strange, now=NOW)
        assert (await work.outbox_ledger.census()).counts[MessageStatus.WAITING] == 2
    assert [message.id for message in claimed] == [known]
    assert {(each.id, each.kind) for each in waiting} >= {(strange, "from_the_next_version")}


async def test_a_message_in_a_strange_state_stops_no_export(
    engine: Engine, units: SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]
) -> None:
    """HD-13, OB-4."""
    user = await keep_user(units)
    async with units() as work:
        await work.outbox.enqueue(a_message())
        await work.commit()
    await put(engine, "outbox_messages", "status", "paused")
    async with units.read_only() as work:
        [found] = await work.outbox_ledger.to(type(user.email).parse("ada@example.com"), limit=9)
    assert found.status.value == "paused"


async def test_a_session_that_ended_for_a_strange_reason_is_over_and_stays_so(
    engine: Engine, units: SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]
) -> None:
    """SE-1."""
    session, _ = await keep_session(units, await keep_user(units))
    session.end(EndReason.SIGNED_OUT, now=NOW)
    await save_session(units, session)
    await put(engine, "sessions", "end_reason", "MOVED")
    loaded = await load_session(units, session)
    assert loaded.end_reason == "MOVED"
    assert loaded.over(NOW) == "MOVED"


async def test_a_mailed_secret_for_a_strange_purpose_stops_no_export(
    engine: Engine, units: SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]
) -> None:
    """HD-13."""
    user = await keep_user(units)
    token, _ = a_token(user)
    async with units() as work:
        await work.one_time_tokens.put(token)
        await work.commit()
    await put(engine, "one_time_tokens", "purpose", "device_login")
    async with units.read_only() as work:
        [found] = await work.one_time_tokens.list_of(user.id)
    assert found.purpose.value == "device_login"


async def test_a_session_from_before_there_were_levels_began_with_a_password(
    engine: Engine, units: SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]
) -> None:
    """An older version beside this one goes on writing such rows, and a save completes them."""
    session, _ = await keep_session(units, await keep_user(units))
    async with through_sqlalchemy(engine).begin() as connection:
        await connection.execute(
            text("UPDATE sessions SET acr = NULL, amr = NULL, authenticated_at = NULL")
        )
    old = await load_session(units, session)
    assert old.assurance == Assurance(Level.AAL1, ("pwd",), session.created_at)
    await save_session(units, old)
    assert (await load_session(units, session)).assurance == old.assurance


async def test_a_level_of_a_newer_version_reaches_none_that_is_known_here(
    engine: Engine, units: SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]
) -> None:
    session, _ = await keep_session(units, await keep_user(units))
    async with through_sqlalchemy(engine).begin() as connection:
        await connection.execute(text("UPDATE sessions SET acr = 'phrh', amr = 'pwd face mfa'"))
    newer = await load_session(units, session)
    assert (newer.assurance.acr.value, newer.assurance.amr) == ("phrh", ("pwd", "face", "mfa"))
    assert not any(newer.assurance.acr.reaches(level) for level in Level)
    await save_session(units, newer)
    assert (await load_session(units, session)).assurance == newer.assurance


async def test_a_role_from_before_there_were_levels_counts_in_every_session(
    engine: Engine, units: SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]
) -> None:
    """MF-2: an older version beside this one goes on writing such rows."""
    user = await a_user_with_a_role(units, Level.AAL2)
    async with through_sqlalchemy(engine).begin() as connection:
        await connection.execute(text("UPDATE roles SET required_acr = NULL"))
    loaded = await load_user(units, user.id)
    assert loaded.guards == UNGUARDED
    assert loaded.authority(administrator=None).at(Level.AAL1).permissions == {"orders:refund"}


async def test_a_role_that_asks_for_a_level_of_a_newer_version_sleeps_in_every_session(
    engine: Engine, units: SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]
) -> None:
    """MF-2: no session can be known to have shown it; and a change of the role keeps it."""
    user = await a_user_with_a_role(units, Level.AAL2)
    async with through_sqlalchemy(engine).begin() as connection:
        await connection.execute(text("UPDATE roles SET required_acr = 'phrh'"))
    account = (await load_user(units, user.id)).authority(administrator=None)
    strange = word_of(Level, "phrh")
    for level in (*Level, strange):
        here = account.at(level)
        assert here.roles == {"user"}
        assert here.permissions == set()
        assert here.dormant == {"support": "phrh"}
    assert account.guards.level_for(Permission("orders:refund")) is None
    async with units() as work:
        role = await work.roles.hold(RoleName("support"))
        assert role is not None
        role.redefine(description="New.", permissions=[], required_acr=role.required_acr, now=NOW)
        await work.roles.save(role)
        await work.commit()
    async with units.read_only() as work:
        [kept] = await work.roles.list_all()
    assert (kept.description, kept.required_acr) == ("New.", "phrh")


async def a_user_with_a_role(
    units: SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork], level: Level
) -> User:
    """Keep a role that asks for the level, and a user who has it."""
    role, _ = Role.define(
        name="support",
        description=None,
        permissions=["orders:refund"],
        required_acr=level,
        now=NOW,
    )
    user = a_user()
    user.grant(role.name, now=NOW)
    async with units() as work:
        await work.roles.add(role)
        await work.commit()
    return await keep_user(units, user)
