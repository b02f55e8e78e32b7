"""Everything that is held about a user is exported, and erased, on every store (HD-13)."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.store import Table as MemoryTable
from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from application.accounts.mails import ACCOUNT_ERASED
from application.owned_data import Record
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import Service, ServiceUnit
from domain.credentials.sign_in_attempts import attempt_key
from domain.errors import NotAuthenticated
from domain.mail.message import OutboxMessage
from domain.origin import NOWHERE, Origin
from domain.principal import OPERATOR, Principal
from domain.users.user import User
from tests.application.service import MemoryService
from tests.contracts.owned_tables import (
    WITHOUT_A_SECTION,
    complaints,
    described,
    described_in_memory,
    memory_tables,
    service_metadata,
)
from tests.contracts.samples import (
    a_device,
    a_service_account,
    a_totp,
    an_api_key,
    an_invitation,
)
from tests.support.databases import through_sqlalchemy

if TYPE_CHECKING:
    from sqlalchemy import MetaData

    from adapters.sqlalchemy.engine import Engine

ADA, BOB = "ada@example.com", "bob@example.org"
PASSWORD = "walnut tangent ceiling"
DAY = timedelta(days=1)
TRAIL = {"audit_events", "audit_places"}

type Rows = dict[str, list[Any]]


# --- every table says in which section its rows are shown -----------------------------------------


@pytest.fixture
async def sections() -> set[str]:
    """The sections of an export: those of the capabilities below accounts, and of accounts."""
    service = MemoryService()
    ada = await make_user(service, ADA)
    export = await service.accounts.export_data(principal=OPERATOR, user_id=ada.id, origin=NOWHERE)
    found = {part.section for part in export.sections}
    assert found >= {part.section for part in service.owned}
    return found


def test_every_table_of_a_database_has_a_section_that_is_exported(sections: set[str]) -> None:
    tables = described(service_metadata())
    assert complaints(tables, sections=sections, without=WITHOUT_A_SECTION) == []
    assert {table.section for table in tables} - {None} == sections


def test_every_table_in_memory_has_a_section_that_is_exported(sections: set[str]) -> None:
    tables = described_in_memory(memory_tables())
    assert complaints(tables, sections=sections, without=WITHOUT_A_SECTION) == []
    assert {table.section for table in tables} - {None} == sections


def test_the_stores_agree_on_the_section_of_a_table() -> None:
    databases = {table.name: table.section for table in described(service_metadata())}
    memory = {table.name: table.section for table in described_in_memory(memory_tables())}
    both = databases.keys() & memory.keys()
    assert {"users", "sessions", "outbox_messages", "audit_events", "roles"} <= both
    assert {name: databases[name] for name in both} == {name: memory[name] for name in both}


def test_no_reason_is_written_down_for_a_table_that_is_gone() -> None:
    assert WITHOUT_A_SECTION.keys() <= {table.name for table in described(service_metadata())}


# --- and the checks can fail ----------------------------------------------------------------------


def some_metadata() -> "MetaData":
    """Return a schema of our own: users, and devices that belong to them."""
    from sqlalchemy import Column, ForeignKey, MetaData, Table, Uuid

    metadata = MetaData()
    Table("users", metadata, Column("id", Uuid, primary_key=True), info={"section": "user"})
    Table(
        "devices",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("holder", Uuid, ForeignKey("users.id")),
        info={"section": "devices"},
    )
    return metadata


def test_tables_that_say_all_they_should_raise_no_complaint() -> None:
    tables = described(some_metadata())
    assert complaints(tables, sections={"user", "devices"}, without={}) == []


@pytest.mark.parametrize(
    ("column", "refers_to"),
    [
        ("holder", "users.id"),
        ("device", "devices.id"),
        *[(name, None) for name in ("user_id", "actor_id", "target_id", "owner_id", "session_id")],
        *[(name, None) for name in ("email", "email_key", "new_email", "recipient", "ip_address")],
        *[(name, None) for name in ("invited_by", "created_by", "owner", "display_name")],
    ],
)
def test_a_new_table_of_users_without_a_section_is_found(
    column: str, refers_to: str | None
) -> None:
    """By what it refers to, straight or over another table, or by what its columns are called."""
    from sqlalchemy import Column, ForeignKey, Table, Uuid

    metadata = some_metadata()
    refers = [] if refers_to is None else [ForeignKey(refers_to)]
    Table("logins", metadata, Column("id", Uuid, primary_key=True), Column(column, Uuid, *refers))
    for without in ({}, {"logins": "I say so."}):
        found = complaints(described(metadata), sections={"user", "devices"}, without=without)
        assert found == [f"logins has no section, and {column} tells whose its rows are"]


def test_what_belongs_to_a_program_belongs_to_nobody() -> None:
    """Unless it names a user beside: that one made the program is in the program's own row."""
    from sqlalchemy import Column, ForeignKey, Table, Uuid

    metadata = some_metadata()
    Table(
        "service_accounts",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("created_by", Uuid),
        info={"section": "devices"},
    )
    program = Column("service_account_id", Uuid, ForeignKey("service_accounts.id"))
    Table("jobs", metadata, program, Column("created_by", Uuid))
    found = complaints(described(metadata), sections={"user", "devices"}, without={})
    assert found == ["jobs has no section, and created_by tells whose its rows are"]


def test_any_new_table_needs_a_section_or_a_reason() -> None:
    from sqlalchemy import Column, String, Table

    metadata = some_metadata()
    Table("planets", metadata, Column("word", String, primary_key=True))
    known = {"user", "devices"}
    found = complaints(described(metadata), sections=known, without={})
    assert found == ["planets has no section, and no reason is written down"]
    assert complaints(described(metadata), sections=known, without={"planets": "far off"}) == []


def test_a_section_that_nothing_exports_is_found() -> None:
    found = complaints(described(some_metadata()), sections={"user"}, without={"users": "?"})
    assert found == [
        "users has a section, and a reason why it needs none",
        "devices is in section devices, which nothing exports",
    ]


def test_a_new_table_in_memory_without_a_section_is_found() -> None:
    """By its owner, or by what its rows are made of."""
    owned = MemoryTable[str, str]("owned", str, owner=lambda row: None)
    named = MemoryTable[str, OutboxMessage]("named", lambda row: row)
    nested = MemoryTable[str, User]("nested", lambda row: row)
    found = complaints(described_in_memory([owned, named]), sections=set(), without={})
    assert found == [
        "owned has no section, and its owner tells whose its rows are",
        "named has no section, and to tells whose its rows are",
    ]
    [complaint] = complaints(described_in_memory([nested]), sections=set(), without={})
    assert complaint.startswith("nested has no section, and id, email, display_name")


# --- what is held is exported, and erased ---------------------------------------------------------


@pytest.fixture
def rows(
    units: UnitOfWorkFactory[ServiceUnit], engine: "Engine | None"
) -> Callable[[], Awaitable[Rows]]:
    """Returns every row of every table, whatever the store."""

    async def of_memory() -> Rows:
        assert isinstance(units, MemoryUnitOfWorkFactory)
        assert set(units.store.tables) <= set(memory_tables())
        return {t.name: list(units.store.committed(t).rows.values()) for t in memory_tables()}

    async def of_database() -> Rows:
        from sqlalchemy import select

        assert engine is not None
        found: Rows = {}
        async with through_sqlalchemy(engine).connect() as connection:
            for table in service_metadata().tables.values():
                read = await connection.execute(select(table))
                found[table.name] = [dict(row) for row in read.mappings()]
        return found

    return of_memory if engine is None else of_database


@pytest.mark.parametrize("by_owner", [True, False], ids=["owner", "operator"])
async def test_all_that_is_held_about_a_user_is_exported_and_erased(
    service: Service[ServiceUnit], rows: Callable[[], Awaitable[Rows]], by_owner: bool
) -> None:
    """Whatever the table: the only thing that stays is the bare id, in the audit trail."""
    await service.audit.chain.begin()
    await service.keys.keyring.prepare()
    ada, origin = await a_full_life(service, ADA)
    bob, elsewhere = await a_full_life(service, BOB)
    of_ada, of_bob = traces_of(ada, origin), traces_of(bob, elsewhere)
    before = await rows()
    assert tables_with(before, of_ada) >= tables_with_a_section(before)

    exported = await export_of(service, ada)
    assert [name for name, records in exported.items() if not records] == []

    if by_owner:
        await service.accounts.erase_own_account(
            principal=await signed_in(service, ADA, origin), password=PASSWORD, origin=origin
        )
    else:
        await service.accounts.erase_user(
            principal=OPERATOR, user_id=ada.id, expected=None, origin=NOWHERE
        )

    after = await rows()
    assert tables_with(after, of_ada) <= {*TRAIL, "outbox_messages"}
    [farewell] = [row for row in after["outbox_messages"] if mentions(row, of_ada)]
    assert mentions(farewell, [ACCOUNT_ERASED])
    assert not mentions(farewell, [ada.id.value])
    for name in TRAIL & after.keys():
        assert mentions(after[name], [ada.id.value])
        assert not mentions(after[name], set(of_ada) - {ada.id.value})
    assert lines_with(after, of_bob) == lines_with(before, of_bob)

    while (await sent(service)) > 0:
        pass
    move_on(service, by=8 * DAY)
    report = await service.purge_expired()
    assert report.failed == {}
    late = await rows()
    assert tables_with(late, of_ada) <= TRAIL
    assert late["outbox_messages"] == []
    assert late.get("rate_limits", []) == []
    assert (await service.audit.verify(principal=OPERATOR)).findings == []


async def test_a_trace_is_found_wherever_it_hides() -> None:
    service = MemoryService()
    ada, bob = await make_user(service, ADA), await make_user(service, BOB)
    traces = traces_of(ada, Origin(ip_address="192.0.2.1", user_agent="Ada's browser"))
    hidden: list[Any] = [
        {"user_id": ada.id.value}, ada.id, str(ada.id), ada.id.value.hex, ada.id.value.bytes,
        {"parameters": {"to": ["Ada@Example.com"]}}, b"\x00ADA@example.com", ada, ada.email,
        "from 192.0.2.1", attempt_key(ada.email),
    ]  # fmt: skip
    assert [value for value in hidden if not mentions(value, traces)] == []
    innocent: list[Any] = [None, 1, True, bob, bob.id, b"", "", {}, [], NOWHERE]
    assert [value for value in innocent if mentions(value, traces)] == []


async def make_user(service: Service[Any], email: str) -> User:
    """Make a user with everything that a user can have."""
    return await service.accounts.create_user(
        principal=OPERATOR,
        email=email,
        password=PASSWORD,
        display_name=f"{email} of course",
        roles=[],
        verified=True,
        origin=NOWHERE,
    )


async def a_full_life(service: Service[ServiceUnit], email: str) -> tuple[User, Origin]:
    """Let a user do what leaves a row in every table, and return where they did it from."""
    name = email.partition("@")[0]
    origin = Origin(ip_address=f"network of {name}", user_agent=f"browser of {name}")
    user = await make_user(service, email)
    principal = await signed_in(service, email, origin)
    await service.accounts.request_email_change(
        principal=principal, new_email=f"moving@{name}.example", password=PASSWORD, origin=origin
    )
    async with service.ports.units() as unit:
        await unit.invitations.put(an_invitation(f"friend@{name}.example", inviter=user))
        # One that was never accepted, because the account came about in another way.
        await unit.invitations.put(an_invitation(email))
        await unit.factors.add(a_totp(user))
        program = a_service_account(maker=user)
        await unit.service_accounts.add(program)
        await unit.api_keys.add(an_api_key(user, maker=user))
        await unit.api_keys.add(an_api_key(program, maker=user))
        device = a_device(user)
        await unit.devices.add(
            replace(device, ip_address=origin.ip_address, user_agent=origin.user_agent)
        )
        await unit.commit()
    with pytest.raises(NotAuthenticated):
        await service.factors.sign_in(email=email, password="not it", origin=origin)
    move_on(service, by=timedelta(seconds=1))
    await service.audit.chain()
    return user, origin


async def signed_in(service: Service[ServiceUnit], email: str, origin: Origin) -> Principal:
    """Sign in and return the principal."""
    grant = await service.factors.sign_in(email=email, password=PASSWORD, origin=origin)
    return (await service.sessions.authenticate(access_token=grant.access_token)).principal


async def export_of(service: Service[ServiceUnit], user: User) -> dict[str, list[Record]]:
    """Return the records of every section."""
    export = await service.accounts.export_data(principal=OPERATOR, user_id=user.id, origin=NOWHERE)
    return {
        part.section: [record async for record in part.records(export.owner)]
        for part in export.sections
    }


async def sent(service: Service[ServiceUnit]) -> int:
    """Let the worker run one round and return how many mails it sent."""
    assert service.relay is not None
    return (await service.relay()).sent


def move_on(service: Service[ServiceUnit], *, by: timedelta) -> None:
    """Let time pass."""
    assert isinstance(service.ports.clock, ManualClock)
    service.ports.clock.advance(by)


def traces_of(user: User, origin: Origin) -> list[Any]:
    """Return what a row must not hold once the user is gone."""
    return [
        user.id.value,
        user.email.key,
        user.display_name,
        origin.ip_address,
        origin.user_agent,
        attempt_key(user.email),
    ]


def mentions(value: Any, traces: Iterable[Any]) -> bool:
    """Tell whether one of the traces is anywhere in the value, in whatever form."""
    needles = [_forms(trace) for trace in traces]
    found = set(_pieces(value))
    return any(form in piece for forms in needles for form in forms for piece in found)


def _forms(trace: Any) -> list[bytes]:
    match trace:
        case UUID():
            return [str(trace).encode(), trace.hex.encode(), trace.bytes]
        case bytes():
            return [trace, trace.lower()]
        case _:
            return [str(trace).lower().encode()]


def _pieces(value: Any) -> Iterable[bytes]:
    """Yield all that the value is made of, as bytes; texts in lower case."""
    match value:
        case bytes():
            yield value
            yield value.lower()
        case dict():
            yield from _pieces([*value.keys(), *value.values()])
        case list() | tuple() | frozenset():
            for each in value:
                yield from _pieces(each)
        case _ if is_dataclass(value):
            yield from _pieces([getattr(value, field.name) for field in fields(value)])
        case _:
            yield str(value).lower().encode()


def tables_with(rows: Rows, traces: Iterable[Any]) -> set[str]:
    """Return the tables in which one of the traces is found."""
    return {name for name, lines in rows.items() if mentions(lines, traces)}


def lines_with(rows: Rows, traces: Iterable[Any]) -> dict[str, int]:
    """Return how many rows of each table hold one of the traces."""
    return {name: sum(mentions(line, traces) for line in lines) for name, lines in rows.items()}


def tables_with_a_section(rows: Rows) -> set[str]:
    """Return which of the tables are shown in an export."""
    tables = (*described(service_metadata()), *described_in_memory(memory_tables()))
    return {table.name for table in tables if table.section is not None} & rows.keys()
