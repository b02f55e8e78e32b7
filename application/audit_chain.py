"""Sealing the audit trail, and finding out whether somebody has been at it (LG-3)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from application.audit_seals import Seals
from application.ports.audit import AuditPosition
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.access import Permission, Principal
from domain.audit import AuditEvent
from domain.audit_chain import (
    ChainedEvent,
    ChainHead,
    ChainReader,
    Finding,
    Tag,
    is_signed,
    link_to,
    signed,
)

READ = Permission("audit:read")
_BATCH = 1000
_READ_BATCH = 5000


class AuditChainBroken(Exception):
    """The end of the chain is not one of ours: whatever was appended would only hide that."""


class ChainAuditTrail:
    """Give each committed row its place in the chain; one at a time, and no writer waits."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory, clock: Clock, seals: Seals) -> None:
        self._unit_of_work, self._clock, self._seals = unit_of_work, clock, seals
        self._reached = 0

    async def begin(self) -> None:
        """Begin the chain, before the first row of a new trail is written; else do nothing.

        Rows from before there were seals get theirs here and never again. A chain whose head is
        gone although rows were sealed is not begun anew: ``VerifyAuditTrail`` tells of it.
        """
        async with self._unit_of_work.read_only() as unit:
            if (await unit.audit_chain.head()).sealed_at is not None:
                return
        async with self._unit_of_work() as unit:
            head = await unit.audit_chain.hold()
            if head.sealed_at is not None or await unit.audit_chain.was_begun():
                return
            await unit.audit_chain.extend([], self._signed(head))
            while events := await unit.audit_chain.loose(limit=_BATCH):
                head = await self._extend(unit, head, [self._seals.sealed(e) for e in events])
            await unit.commit()

    async def __call__(self) -> int:
        """Return how many rows were chained. Stops when there are none left.

        Raises :class:`AuditChainBroken` for an end that is not ours, or that we are beyond.
        """
        chained = 0
        while count := await self._chain_some():
            chained += count
        return chained

    async def _chain_some(self) -> int:
        async with self._unit_of_work() as unit:
            head = await unit.audit_chain.hold()
            if not is_signed(head, self._seals.tag) or head.position < self._reached:
                raise AuditChainBroken("The audit trail was meddled with: `doorward audit verify`.")
            events = await unit.audit_chain.loose(limit=_BATCH)
            if not events:
                return 0
            # A row without a seal gets a place and no seal: whoever wrote it, it was not us.
            head = await self._extend(unit, head, events)
            await unit.commit()
        self._reached = head.position
        return len(events)

    async def _extend(
        self, unit: UnitOfWork, head: ChainHead, events: Iterable[AuditEvent]
    ) -> ChainHead:
        position, link, rows = head.position, head.link, list[ChainedEvent]()
        for event in events:
            position += 1
            link = link_to(link, position, event.seal or b"", self._seals.tag)
            rows.append(ChainedEvent(event=event, position=position, link=link))
        head = self._signed(ChainHead(position=position, link=link))
        await unit.audit_chain.extend(rows, head)
        return head

    def _signed(self, head: ChainHead) -> ChainHead:
        return signed(head.position, head.link, self._clock.now(), self._seals.tag)


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

        What cannot be found: that somebody has put back an older copy of the whole trail.
        Keep the head that this returns elsewhere, and compare. Raises PermissionDenied.
        """
        principal.require(READ)
        tag: Tag = self._seals.tag
        reader, rows, loose = ChainReader(tag), 0, 0
        async with self._unit_of_work.read_only() as unit:
            # First, so that what is chained while we read is behind our end and not missing.
            head = await unit.audit_chain.head()
            after: int | None = None
            while batch := await unit.audit_chain.read(
                after=after, up_to=head.position, limit=_READ_BATCH
            ):
                reader.read(batch)
                after = reader.position
                rows += len(batch)
                progress(rows)
            reader.end(head)
            beyond = await unit.audit_chain.read(after=head.position, up_to=None, limit=1)
            if beyond and (await unit.audit_chain.head()).position == head.position:
                reader.beyond_the_end(beyond[0])
            last: AuditPosition | None = None
            while events := await unit.audit_chain.loose(limit=_READ_BATCH, after=last):
                reader.read_loose(events)
                loose += len(events)
                last = (events[-1].occurred_at, events[-1].id)
        return Verification(rows=rows, loose=loose, head=head, findings=reader.findings)

    async def read(self, *, principal: Principal, after: int) -> list[ChainedEvent]:
        """Return the next rows behind a place, for a copy elsewhere. Raises PermissionDenied."""
        principal.require(READ)
        async with self._unit_of_work.read_only() as unit:
            return await unit.audit_chain.read(after=after, up_to=None, limit=_BATCH)
