"""The chain over ``audit_events``: places and links beside the rows, and the one end."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Integer, LargeBinary, bindparam, func, select, update

from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.service_rows import AUDIT_EVENT, audit_event_from
from adapters.sqlalchemy.statements import (
    Core,
    InsertInto,
    Statement,
    every_column,
    exclusive,
)
from adapters.sqlalchemy.tables import audit_chain, audit_events
from application.ports.audit import AuditChain
from domain.audit import AuditEvent
from domain.audit_chain import ChainedEvent, ChainHead

_THE_ONE = 1
_WIDTH = len(AUDIT_EVENT)
_LONGEST = (1 << 63) - 1

_HOLD = exclusive(6_003_417_898)
_HEAD = Statement(
    select(
        audit_chain.c.position,
        audit_chain.c.link,
        audit_chain.c.sealed_at,
        audit_chain.c.signature,
    )
)
_LOOSE = Statement(
    select(*AUDIT_EVENT)
    .where(audit_events.c.position.is_(None))
    .order_by(audit_events.c.occurred_at, audit_events.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_PLACE = Statement(
    update(audit_events)
    .where(audit_events.c.id == bindparam("event_id"))
    .values(
        position=bindparam("at", type_=BigInteger),
        link=bindparam("with_link", type_=LargeBinary),
        seal=func.coalesce(audit_events.c.seal, bindparam("with_seal", type_=LargeBinary)),
        origin_seal=func.coalesce(
            audit_events.c.origin_seal, bindparam("with_origin_seal", type_=LargeBinary)
        ),
    )
)
_READ = Statement(
    select(*AUDIT_EVENT, audit_events.c.position, audit_events.c.link)
    .where(
        audit_events.c.position > bindparam("after", type_=BigInteger),
        audit_events.c.position <= bindparam("up_to", type_=BigInteger),
    )
    .order_by(audit_events.c.position)
    .limit(bindparam("limit", type_=Integer))
)


def _set_head(insert: InsertInto) -> Core:
    added = insert(audit_chain).values(every_column(audit_chain))
    names = [name for name in every_column(audit_chain) if name != "number"]
    return added.on_conflict_do_update(
        index_elements=["number"], set_={name: added.excluded[name] for name in names}
    )


_SET_HEAD = Statement(_set_head)


class SqlAlchemyAuditChain(AuditChain):
    """Places in ``audit_events``, the end in ``audit_chain``."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def hold(self) -> ChainHead:
        await self._execution.all(_HOLD)
        return await self.head()

    async def head(self) -> ChainHead:
        row = await self._execution.first(_HEAD)
        if row is None:
            return ChainHead()
        position, link, sealed_at, signature = row
        return ChainHead(position=position, link=link, sealed_at=sealed_at, signature=signature)

    async def loose(self, *, limit: int) -> list[AuditEvent]:
        rows = await self._execution.all(_LOOSE, limit=limit)
        return [audit_event_from(row) for row in rows]

    async def extend(self, rows: Sequence[ChainedEvent], head: ChainHead) -> None:
        for row in rows:
            await self._execution.run(
                _PLACE,
                event_id=row.event.id.value,
                at=row.position,
                with_link=row.link,
                with_seal=row.event.seal,
                with_origin_seal=row.event.origin_seal,
            )
        await self._execution.run(
            _SET_HEAD,
            number=_THE_ONE,
            position=head.position,
            link=head.link,
            sealed_at=head.sealed_at,
            signature=head.signature,
        )

    async def read(self, *, after: int, up_to: int | None, limit: int) -> list[ChainedEvent]:
        end = _LONGEST if up_to is None else up_to
        rows = await self._execution.all(_READ, after=after, up_to=end, limit=limit)
        return [
            ChainedEvent(
                event=audit_event_from(row[:_WIDTH]), position=row[_WIDTH], link=row[_WIDTH + 1]
            )
            for row in rows
        ]
