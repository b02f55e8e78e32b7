"""How often a database is asked: once for any number of rows, and for no more than is wanted."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text

from adapters.sqlalchemy.accounts import invitations
from adapters.sqlalchemy.engine import Engine, create_engine
from adapters.sqlalchemy.mail import ledger
from adapters.sqlalchemy.mail.tables import outbox_messages
from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
from adapters.sqlalchemy.statements import AFTER_ALL, Statement
from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
from application.mail.ports import MOST_COUNTED
from domain.access.role import MAX_PERMISSIONS, Role
from domain.audit.chain import ChainedEvent, ChainHead
from domain.mail.message import MessageStatus
from domain.principal import Permission
from tests.contracts.samples import MINUTE, NOW, a_user, an_audit_event
from tests.support.databases import through_sqlalchemy
from tests.support.round_trips import asked

type Units = SqlAlchemyUnitOfWorkFactory[SqlAlchemyUnitOfWork]


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[Engine]:
    """An engine with one connection, so that it is known which one a unit of work gets."""
    engine = create_engine(postgres_url, pool_size=1)
    yield engine
    await engine.dispose()


@pytest.fixture
def units(postgres: Engine) -> Units:
    return SqlAlchemyUnitOfWorkFactory(postgres, SqlAlchemyUnitOfWork)


async def test_a_role_of_two_hundred_permissions_is_written_in_one_round_trip(
    postgres: Engine, units: Units
) -> None:
    """Beside the one for the role itself; and a change of it clears the old ones in another."""
    given = [Permission(f"orders:action-{number}") for number in range(MAX_PERMISSIONS)]
    role, _ = Role.define(name="support", description=None, permissions=given, now=NOW)
    async with asked(postgres) as added, units() as work:
        await work.roles.add(role)
        await work.commit()
    assert added == ["BEGIN", "INSERT ROLES", "INSERT ROLE_PERMISSIONS", "COMMIT"]
    others = [Permission(f"refunds:action-{number}") for number in range(MAX_PERMISSIONS)]
    role.redefine(description=None, permissions=others, required_acr=None, now=NOW + MINUTE)
    async with asked(postgres) as saved, units() as work:
        await work.roles.save(role)
        await work.commit()
    assert saved == [
        "BEGIN",
        "UPDATE ROLES",
        "DELETE ROLE_PERMISSIONS",
        "INSERT ROLE_PERMISSIONS",
        "COMMIT",
    ]
    async with units.read_only() as work:
        kept = await work.roles.get(role.name)
    assert kept is not None
    assert kept.permissions == frozenset(others)


async def test_a_thousand_audit_rows_are_chained_in_one_round_trip(
    postgres: Engine, units: Units
) -> None:
    """Beside the one for the new end of the chain."""
    events = [an_audit_event() for _ in range(1000)]
    async with units() as work:
        for event in events:
            await work.audit.append(event)
        await work.commit()
    rows = [
        ChainedEvent(event=replace(event, seal=bytes(32)), position=number, link=b"l" * 32)
        for number, event in enumerate(events, start=1)
    ]
    head = ChainHead(position=1000, link=b"l" * 32, sealed_at=NOW, signature=b"s" * 32)
    async with asked(postgres) as heard, units() as work:
        await work.audit_chain.extend(rows, head)
        await work.commit()
    assert heard == ["BEGIN", "UPDATE AUDIT_EVENTS", "INSERT AUDIT_CHAIN", "COMMIT"]
    async with units.read_only() as work:
        kept = await work.audit_chain.read(after=None, up_to=None, limit=2000)
        assert await work.audit_chain.head() == head
        assert await work.audit_chain.loose(limit=1) == []
    assert [(row.event.id, row.position) for row in kept] == [
        (event.id, number) for number, event in enumerate(events, start=1)
    ]


async def test_a_hundred_users_are_loaded_in_one_round_trip(postgres: Engine, units: Units) -> None:
    """With their roles and permissions; and none at all in one as well."""
    users = [a_user() for _ in range(100)]
    async with units() as work:
        for user in users:
            await work.users.add(user)
        await work.commit()
    async with asked(postgres) as heard, units.read_only() as work:
        found = await work.users.get_many([user.id for user in users])
    assert len(heard) == 1
    assert {user.id: user.roles for user in found.values()} == {u.id: u.roles for u in users}
    async with asked(postgres) as heard, units.read_only() as work:
        assert await work.users.get_many([]) == {}
    assert len(heard) <= 1


async def test_one_more_round_trip_would_be_noticed(postgres: Engine, units: Units) -> None:
    async with asked(postgres) as heard, units.read_only() as work:
        for _ in range(3):
            assert await work.users.get(a_user().id) is None
    assert len(heard) == 3


# --- the outbox's census --------------------------------------------------------------------------

_FILL = """
INSERT INTO outbox_messages (id, kind, recipient, parameters, queued_at, status, attempts, due_at)
SELECT gen_random_uuid(), 'password_changed', 'ada@example.com', '{}', now(), :status, 0, now()
FROM generate_series(1, :number)
"""


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parts of a plan that read a table or an index."""
    if "Relation Name" in plan:
        yield plan
    for part in plan.get("Plans", ()):
        yield from scans(part)


def rows_read(plan: dict[str, Any]) -> int:
    """Return how many rows the plan looked at, wanted or not."""
    dropped = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
    return sum(
        round(
            (scan["Actual Rows"] + sum(scan.get(name, 0) for name in dropped))
            * scan["Actual Loops"]
        )
        for scan in scans(plan)
    )


async def explained(engine: Engine, statement: Statement) -> dict[str, Any]:
    """Run the statement as the adapter does and return how PostgreSQL went about it."""
    plan = statement.plan(engine.dialect)
    lease = await engine.raw_connection()
    driver: Any = lease.driver_connection
    try:
        sql = f"EXPLAIN (ANALYZE, FORMAT JSON) {plan.sql}"
        found: Sequence[Any] = await driver.fetch(sql, *plan.arguments({}))
    finally:
        lease.close()
    explanation: dict[str, Any] = found[0][0][0]["Plan"]
    return explanation


async def test_the_census_reads_no_more_than_it_counts(postgres: Engine, units: Units) -> None:
    """/metrics is asked every few seconds, and an outage of mail may fill the outbox for days."""
    async with through_sqlalchemy(postgres).begin() as connection:
        for status, times in ((MessageStatus.WAITING, 3), (MessageStatus.SENT, 4)):
            values = {"status": status.value, "number": times * MOST_COUNTED}
            await connection.execute(text(_FILL), values)
        await connection.exec_driver_sql("ANALYZE outbox_messages")  # as autovacuum does
    plan = await explained(postgres, ledger._CENSUS)
    assert rows_read(plan) == 2 * MOST_COUNTED + 1  # and the oldest that waits
    assert {scan.get("Index Name") for scan in scans(plan)} == {"ix_outbox_messages_status_id"}
    async with units.read_only() as work:
        counts = (await work.outbox_ledger.census()).counts
    assert counts == {
        MessageStatus.WAITING: MOST_COUNTED,
        MessageStatus.SENT: MOST_COUNTED,
        MessageStatus.DEAD: 0,
        MessageStatus.EXPIRED: 0,
    }


async def test_reading_all_of_the_outbox_would_be_noticed(postgres: Engine) -> None:
    async with through_sqlalchemy(postgres).begin() as connection:
        await connection.execute(text(_FILL), {"status": "sent", "number": 500})
    assert (
        rows_read(
            await explained(postgres, Statement(select(func.count()).select_from(outbox_messages)))
        )
        == 500
    )


async def test_open_invitations_are_told_apart_one_by_one(postgres: Engine) -> None:
    """As a join, all users would be read before the first invitation of a page is found."""
    plan = invitations._LIST_LIVING.plan(postgres.dialect)
    given = plan.arguments({"now": NOW, "before": AFTER_ALL, "limit": 50})
    async with through_sqlalchemy(postgres).connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        lines = [row[0] for row in await raw.fetch(f"EXPLAIN (COSTS off) {plan.sql}", *given)]
    assert sum(line.strip().startswith("SubPlan") for line in lines) == 2, lines
    assert not any("Join" in line for line in lines), lines
