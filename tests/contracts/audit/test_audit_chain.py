"""What every chain over an audit trail promises (LG-3)."""

import asyncio

from adapters.memory.authenticator import MemoryAuthenticator
from application.ports.crypto import Authenticator
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.audit.chain import ChainedEvent, ChainHead
from domain.audit.event import AuditEvent
from tests.contracts.samples import MINUTE, NOW, SECOND, an_audit_event, in_parallel


def a_head(position: int) -> ChainHead:
    """Return an end of the chain."""
    return ChainHead(
        position=position, link=bytes([position]) * 32, sealed_at=NOW, signature=b"s" * 32
    )


async def _append(units: UnitOfWorkFactory[ServiceUnit], *events: AuditEvent) -> None:
    async with units() as work:
        for event in events:
            await work.audit.append(event)
        await work.commit()


async def _chain(units: UnitOfWorkFactory[ServiceUnit]) -> int:
    """Give every loose row its place."""
    async with units() as work:
        head = await work.audit_chain.hold()
        loose = await work.audit_chain.loose(limit=100)
        rows = [
            ChainedEvent(event=event, position=head.position + n, link=bytes([n]) * 32)
            for n, event in enumerate(loose, start=1)
        ]
        if rows:
            await work.audit_chain.extend(rows, a_head(rows[-1].position))
            await work.commit()
    return len(rows)


async def test_rows_are_loose_until_they_have_a_place(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    late = an_audit_event(at=NOW + MINUTE)
    early = an_audit_event(at=NOW)
    await _append(units, late, early)
    async with units.read_only() as work:
        assert await work.audit_chain.head() == ChainHead()
        assert await work.audit_chain.loose(limit=9) == [early, late]
        assert await work.audit_chain.loose(limit=1) == [early]
        place = (early.occurred_at, early.id)
        assert await work.audit_chain.loose(limit=9, after=place) == [late]
        assert not await work.audit_chain.was_begun()
    assert await _chain(units) == 2
    async with units.read_only() as work:
        assert await work.audit_chain.loose(limit=9) == []
        assert await work.audit_chain.head() == a_head(2)
        assert await work.audit_chain.was_begun()
        rows = await work.audit_chain.read(after=0, up_to=None, limit=9)
        assert [(row.position, row.event) for row in rows] == [(1, early), (2, late)]
        assert rows[1].link == bytes([2]) * 32
        assert await work.audit_chain.read(after=None, up_to=None, limit=9) == rows
        assert await work.audit_chain.read(after=1, up_to=None, limit=9) == rows[1:]
        assert await work.audit_chain.read(after=0, up_to=1, limit=9) == rows[:1]


async def test_a_row_that_commits_late_is_chained_later(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """The order of the chain is that of sealing; no writer waits for another."""
    await _append(units, newer := an_audit_event(at=NOW + MINUTE))
    await _chain(units)
    await _append(units, older := an_audit_event(at=NOW))
    await _chain(units)
    async with units.read_only() as work:
        rows = await work.audit_chain.read(after=0, up_to=None, limit=9)
    assert [row.event for row in rows] == [newer, older]


async def test_a_seal_that_is_there_stays_and_one_that_is_not_is_written(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    from dataclasses import replace

    with_seal = replace(an_audit_event(at=NOW), seal=b"a" * 32, origin_seal=b"o" * 32)
    without = an_audit_event(at=NOW + SECOND)
    await _append(units, with_seal, without)
    async with units() as work:
        given = [
            ChainedEvent(
                event=replace(event, seal=event.seal or b"b" * 32), position=n, link=b"l" * 32
            )
            for n, event in enumerate(await work.audit_chain.loose(limit=9), start=1)
        ]
        await work.audit_chain.extend(given, a_head(2))
        await work.commit()
    async with units.read_only() as work:
        rows = await work.audit_chain.read(after=0, up_to=None, limit=9)
    assert [row.event.seal for row in rows] == [b"a" * 32, b"b" * 32]
    assert rows[0].event.origin_seal == b"o" * 32


async def test_of_two_who_chain_at_once_no_row_gets_two_places(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    for n in range(10):
        await _append(units, an_audit_event(at=NOW + n * SECOND))
    outcomes = await in_parallel(_chain(units) for _ in range(4))
    assert sum(outcome for outcome in outcomes if isinstance(outcome, int)) == 10
    async with units.read_only() as work:
        rows = await work.audit_chain.read(after=0, up_to=None, limit=99)
    assert [row.position for row in rows] == list(range(1, 11))


async def test_nobody_who_writes_waits_for_the_chain(
    units: UnitOfWorkFactory[ServiceUnit], store: str
) -> None:
    """LG-3: while one round holds the chain, others append and commit."""
    if store != "postgres":
        return  # one writer at a time is how the other two work, chain or no chain
    await _append(units, an_audit_event())
    async with units() as chaining:
        await chaining.audit_chain.hold()
        await asyncio.wait_for(_append(units, an_audit_event(at=NOW + SECOND)), 5)
    async with units.read_only() as work:
        assert len(await work.audit_chain.loose(limit=9)) == 2


def test_a_tag_is_the_same_for_the_same_and_for_nothing_else() -> None:
    """The digests behind it: message, purpose and key all count."""
    from adapters.encryption.authenticator import HmacAuthenticator

    kinds: list[type[MemoryAuthenticator | HmacAuthenticator]] = [
        MemoryAuthenticator, HmacAuthenticator,
    ]  # fmt: skip
    for kind in kinds:
        first: Authenticator = kind(b"k" * 32)
        second: Authenticator = kind(b"o" * 32)
        tags = {
            first.tag(b"m", purpose="p"), first.tag(b"n", purpose="p"),
            first.tag(b"m", purpose="q"), second.tag(b"m", purpose="p"),
            first.tag(b"", purpose="pm"), first.tag(b"pm", purpose=""),
        }  # fmt: skip
        assert len(tags) == 6
        assert {len(tag) for tag in tags} == {32}
        assert first.tag(b"m", purpose="p") == first.tag(b"m", purpose="p")


async def test_the_last_place_is_that_of_a_row_and_not_of_the_head(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    async with units() as work:
        await work.audit_chain.hold()
        await work.audit_chain.extend([], a_head(9))
        await work.commit()
    async with units.read_only() as work:
        assert await work.audit_chain.last_place() == 0
    events = [an_audit_event(at=NOW + n * SECOND) for n in range(3)]
    await _append(units, *events)
    rows = [
        ChainedEvent(event=event, position=n, link=bytes(32)) for n, event in enumerate(events, 1)
    ]
    async with units() as work:
        await work.audit_chain.hold()
        await work.audit_chain.extend(rows, a_head(9))
        await work.commit()
    async with units.read_only() as work:
        assert await work.audit_chain.last_place() == 3
