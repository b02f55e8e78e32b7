"""Finding out whether the audit trail was tampered with (LG-3)."""

from collections.abc import Callable
from dataclasses import dataclass

from application.audit.chaining import BATCH
from application.audit.earlier_keys import EarlierKeys
from application.audit.ports import AuditPosition, AuditUnit
from application.audit.seals import Seals
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.audit.chain import ChainedEvent, ChainHead, ChainReader, Finding
from domain.audit.permissions import AUDIT_READ
from domain.principal import Principal

_READ_BATCH = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """How many rows were looked at, where the chain ends, and what is wrong."""

    rows: int
    loose: int
    head: ChainHead
    findings: list[Finding]


class VerifyAuditTrail:
    """Read the whole trail and tell whether it is as Doorward has written it."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[AuditUnit], seals: Seals, earlier_keys: EarlierKeys
    ) -> None:
        self._unit_of_work, self._seals, self._earlier_keys = unit_of_work, seals, earlier_keys

    async def __call__(
        self, *, principal: Principal, progress: Callable[[int], None] = lambda _: None
    ) -> Verification:
        """Return what was found; ``progress`` is told how many rows were read so far.

        What cannot be found: an older copy of the whole trail that was put in its place.
        Keep the head that this returns elsewhere, and compare. Raises PermissionDenied.
        """
        principal.require(AUDIT_READ)
        rows, loose = 0, 0
        async with self._unit_of_work.read_only() as unit:
            reader = ChainReader(self._seals.tag, await self._earlier_keys.tags(unit))
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
        principal.require(AUDIT_READ)
        async with self._unit_of_work.read_only() as unit:
            return await unit.audit_chain.read(after=after, up_to=None, limit=BATCH)
