"""Chaining the rows of the audit trail (LG-3)."""

from collections.abc import Iterable

from application.audit.ports import AuditUnit
from application.audit.seals import Seals
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit.chain import ChainHead, extended, is_signed, signed
from domain.audit.event import AuditEvent

BATCH = 1000


class AuditChainBroken(Exception):
    """The head of the chain is not signed by Doorward, or is older than one that was seen.

    Nothing is appended then: it would hide that.
    """


class ChainAuditTrail:
    """Give each committed row its place in the chain; one at a time, and no writer waits."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[AuditUnit], clock: Clock, seals: Seals
    ) -> None:
        self._unit_of_work, self._clock, self._seals = unit_of_work, clock, seals
        self._reached = 0

    async def begin(self) -> None:
        """Begin the chain, before the first row of a new trail is written; else do nothing.

        Rows from before there were seals get theirs here and never again. A chain whose head is
        gone although rows were sealed is not begun again: ``VerifyAuditTrail`` reports it.
        """
        async with self._unit_of_work.read_only() as unit:
            if (await unit.audit_chain.head()).sealed_at is not None:
                return
        async with self._unit_of_work() as unit:
            head = await unit.audit_chain.hold()
            if head.sealed_at is not None or await unit.audit_chain.was_begun():
                return
            await unit.audit_chain.extend([], self._signed(head))
            while events := await unit.audit_chain.loose(limit=BATCH):
                head = await self._extend(unit, head, [self._seals.sealed(e) for e in events])
            await unit.commit()

    async def __call__(self) -> int:
        """Return how many rows were chained. Stops when there are none left.

        Raises :class:`AuditChainBroken` for a head that is not signed, or older than one seen.
        """
        chained = 0
        while count := await self._chain_some():
            chained += count
        return chained

    async def _chain_some(self) -> int:
        async with self._unit_of_work() as unit:
            head = await unit.audit_chain.hold()
            if not is_signed(head, self._seals.tag) or head.position < self._reached:
                raise AuditChainBroken("The audit trail was altered: run `doorward audit verify`.")
            events = await unit.audit_chain.loose(limit=BATCH)
            if not events:
                return 0
            # A row without a seal gets a place and no seal: Doorward did not write it.
            head = await self._extend(unit, head, events)
            await unit.commit()
        self._reached = head.position
        return len(events)

    async def _extend(
        self, unit: AuditUnit, head: ChainHead, events: Iterable[AuditEvent]
    ) -> ChainHead:
        rows, head = extended(head, events, self._seals.tag, now=self._clock.now())
        await unit.audit_chain.extend(rows, head)
        return head

    def _signed(self, head: ChainHead) -> ChainHead:
        return signed(head.position, head.link, self._clock.now(), self._seals.tag)
