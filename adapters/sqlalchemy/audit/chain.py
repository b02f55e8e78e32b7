"""The chain over ``audit_events``: places and links beside the rows, and the one end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Integer,
    LargeBinary,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    update,
)

from adapters.sqlalchemy.audit.rows import AUDIT_EVENT, audit_event_from, user_of
from adapters.sqlalchemy.audit.tables import audit_chain, audit_events
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.locks import Lock, exclusive
from adapters.sqlalchemy.schema import UtcDateTime
from adapters.sqlalchemy.statements import Core, InsertInto, Row, Statement, every_column
from application.audit.ports import AuditChain, AuditPosition
from domain.audit.chain import ChainedEvent, ChainHead
from domain.audit.event import AuditEvent, AuditEventId

_THE_ONE = 1
_WIDTH = len(AUDIT_EVENT)
_LONGEST = (1 << 63) - 1
_BEFORE_ALL: AuditPosition = (datetime(1, 1, 2, tzinfo=UTC), AuditEventId(UUID(int=0)))

_HOLD = exclusive(Lock.AUDIT_CHAIN)
_HEAD = Statement(
    select(
        audit_chain.c.position,
        audit_chain.c.link,
        audit_chain.c.sealed_at,
        audit_chain.c.signature,
    )
)
_WAS_BEGUN = Statement(
    select(audit_events.c.id)
    .where(or_(audit_events.c.seal.is_not(None), audit_events.c.position.is_not(None)))
    .limit(1)
)
_LAST_PLACE = Statement(select(func.coalesce(func.max(audit_events.c.position), 0)))
_LOOSE = Statement(
    select(*AUDIT_EVENT, audit_events.c.user_id)
    .where(
        audit_events.c.position.is_(None),
        tuple_(audit_events.c.occurred_at, audit_events.c.id)
        > tuple_(
            bindparam("after_time", type_=UtcDateTime()),
            bindparam("after_id", type_=audit_events.c.id.type),
        ),
    )
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
    select(*AUDIT_EVENT, audit_events.c.user_id, audit_events.c.position, audit_events.c.link)
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

    async def was_begun(self) -> bool:
        return await self._execution.first(_WAS_BEGUN) is not None

    async def last_place(self) -> int:
        return await self._execution.number(_LAST_PLACE)

    async def loose(self, *, limit: int, after: AuditPosition | None = None) -> list[AuditEvent]:
        moment, identifier = after or _BEFORE_ALL
        rows = await self._execution.all(
            _LOOSE, limit=limit, after_time=moment, after_id=identifier.value
        )
        return [_event_from(row) for row in rows]

    async def extend(self, rows: Sequence[ChainedEvent], head: ChainHead) -> None:
        places = [
            {
                "event_id": row.event.id.value,
                "at": row.position,
                "with_link": row.link,
                "with_seal": row.event.seal,
                "with_origin_seal": row.event.origin_seal,
            }
            for row in rows
        ]
        await self._execution.run_each(_PLACE, places)
        await self._execution.run(
            _SET_HEAD,
            number=_THE_ONE,
            position=head.position,
            link=head.link,
            sealed_at=head.sealed_at,
            signature=head.signature,
        )

    async def read(self, *, after: int | None, up_to: int | None, limit: int) -> list[ChainedEvent]:
        end = _LONGEST if up_to is None else up_to
        start = -_LONGEST if after is None else after
        rows = await self._execution.all(_READ, after=start, up_to=end, limit=limit)
        found = []
        for row in rows:
            position, link = row[_WIDTH + 1 :]
            found.append(ChainedEvent(event=_event_from(row), position=position, link=link or b""))
        return found


def _event_from(row: Row) -> AuditEvent:
    """Return the row of the trail; one that is found under another user is not as it was sealed."""
    event = audit_event_from(row[:_WIDTH])
    return event if row[_WIDTH] == user_of(event) else replace(event, seal=None)
