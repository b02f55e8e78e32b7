"""Sealing the audit trail, and finding out whether somebody has been at it (LG-3)."""

from collections.abc import Callable
from dataclasses import dataclass

from application.audit_seals import Seals
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.access import Permission, Principal
from domain.audit_chain import (
    ChainedEvent,
    ChainHead,
    ChainReader,
    Finding,
    Tag,
    link_to,
    signed,
)

READ = Permission("audit:read")
_BATCH = 1000
_READ_BATCH = 5000


class ChainAuditTrail:
    """Give each committed row its place in the chain; one at a time, and no writer waits."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, seals: Seals) -> None:
        self._unit_of_work, self._clock, self._seals = unit_of_work, clock, seals

    async def __call__(self) -> int:
        """Return how many rows were chained. Stops when there are none left."""
        chained = 0
        while count := await self._chain_some():
            chained += count
        return chained

    async def _chain_some(self) -> int:
        tag = self._seals.tag
        async with self._unit_of_work() as unit:
            head = await unit.audit_chain.hold()
            events = await unit.audit_chain.loose(limit=_BATCH)
            if not events:
                return 0
            position, link = head.position, head.link
            rows = []
            for event in events:
                # Rows from before there were seals get theirs now.
                sealed = event if event.seal is not None else self._seals.sealed(event)
                position += 1
                link = link_to(link, position, sealed.seal or b"", tag)
                rows.append(ChainedEvent(event=sealed, position=position, link=link))
            await unit.audit_chain.extend(rows, signed(position, link, self._clock.now(), tag))
            await unit.commit()
        return len(events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How many rows were looked at, where the chain ends, and what is wrong."""

    rows: int
    loose: int
    head: ChainHead
    findings: list[Finding]


class VerifyAuditTrail:
    """Read the whole trail and say whether it is as we have written it."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, seals: Seals) -> None:
        self._unit_of_work, self._seals = unit_of_work, seals

    async def __call__(
        self, *, principal: Principal, progress: Callable[[int], None] = lambda _: None
    ) -> Verification:
        """Return what was found; ``progress`` is told how many rows were read so far.

        What cannot be found: that somebody has put back an older copy of the whole database.
        Keep the head that this returns elsewhere, and compare. Raises PermissionDenied.
        """
        principal.require(READ)
        tag: Tag = self._seals.tag
        reader, rows, loose = ChainReader(tag), 0, 0
        async with self._unit_of_work.read_only() as unit:
            # First, so that what is chained while we read is behind our end and not missing.
            head = await unit.audit_chain.head()
            while reader.position < head.position or rows == 0:
                batch = await unit.audit_chain.read(
                    after=reader.position, up_to=head.position, limit=_READ_BATCH
                )
                if not batch:
                    break
                reader.read(batch)
                rows += len(batch)
                progress(rows)
            reader.end(head)
            beyond = await unit.audit_chain.read(after=head.position, up_to=None, limit=1)
            if beyond and (await unit.audit_chain.head()).position == head.position:
                reader.beyond_the_end(beyond[0])
            events = await unit.audit_chain.loose(limit=_READ_BATCH)
            reader.read_loose(events)
            loose = len(events)
        return Verification(rows=rows, loose=loose, head=head, findings=reader.findings)

    async def read(self, *, principal: Principal, after: int) -> list[ChainedEvent]:
        """Return the next rows behind a place, for a copy elsewhere. Raises PermissionDenied."""
        principal.require(READ)
        async with self._unit_of_work.read_only() as unit:
            return await unit.audit_chain.read(after=after, up_to=None, limit=_BATCH)
