"""The audit trail."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    union,
    update,
)

from adapters.sqlalchemy.audit.rows import AUDIT_EVENT, audit_event_from, audit_event_values
from adapters.sqlalchemy.audit.tables import audit_events
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.schema import UtcDateTime
from adapters.sqlalchemy.statements import Statement, insert_into
from application.audit.ports import AuditPosition, AuditQuery, AuditTrail
from domain.audit.event import AuditEvent, AuditEventId
from domain.identifiers import UserId

_AFTER_ALL: AuditPosition = (
    datetime(9999, 12, 31, tzinfo=UTC),
    AuditEventId(UUID(int=(1 << 128) - 1)),
)
_BEFORE_ALL = AuditEventId(UUID(int=0))
_PLACE = tuple_(audit_events.c.occurred_at, audit_events.c.id)
_NEWEST_FIRST = (audit_events.c.occurred_at.desc(), audit_events.c.id.desc())
_BEFORE = (
    tuple_(
        bindparam("before_time", type_=UtcDateTime()),
        bindparam("before_id", type_=audit_events.c.id.type),
    )
    > _PLACE
)
_LIMIT = bindparam("limit", type_=Integer)
_CAUSED = audit_events.c.actor_id == bindparam("user_id")
_SUFFERED = audit_events.c.user_id == bindparam("user_id")
# Each half reads no more of its index than the answer can hold.
_HALVES = [
    select(audit_events.c.id).where(half, _BEFORE).order_by(*_NEWEST_FIRST).limit(_LIMIT).subquery()
    for half in (_CAUSED, _SUFFERED)
]

_APPEND = insert_into(audit_events)
_ABOUT = Statement(
    select(*AUDIT_EVENT)
    .where(audit_events.c.id.in_(union(*(select(half.c.id) for half in _HALVES))))
    .order_by(*_NEWEST_FIRST)
    .limit(_LIMIT)
)
_COUNT_ABOUT = Statement(
    select(func.count()).select_from(audit_events).where(or_(_CAUSED, _SUFFERED))
)
_NARROWED: dict[str, ColumnElement[bool]] = {
    "actor": audit_events.c.actor_id == bindparam("actor"),
    "target": or_(
        audit_events.c.target_id == bindparam("target"),
        audit_events.c.user_id == bindparam("target"),
    ),
    "type": audit_events.c.type == bindparam("type"),
    "after": audit_events.c.occurred_at > bindparam("after", type_=UtcDateTime()),
    "before": audit_events.c.occurred_at < bindparam("before", type_=UtcDateTime()),
}


@cache
def _search(given: frozenset[str]) -> Statement:
    return Statement(
        select(*AUDIT_EVENT)
        .where(_BEFORE, *_narrowed(given))
        .order_by(*_NEWEST_FIRST)
        .limit(_LIMIT)
    )


@cache
def _number(given: frozenset[str]) -> Statement:
    return Statement(select(func.count()).select_from(audit_events).where(*_narrowed(given)))


def _narrowed(given: frozenset[str]) -> list[ColumnElement[bool]]:
    return [_NARROWED[name] for name in _NARROWED if name in given]


def _first_of(query: AuditQuery, position: AuditPosition) -> AuditPosition:
    """Return where to begin. Of two upper bounds PostgreSQL would walk from the later one."""
    return position if query.before is None else min(position, (query.before, _BEFORE_ALL))


def _given(query: AuditQuery) -> dict[str, object]:
    return {name: value for name, value in asdict(query).items() if value is not None}


_FORGET_ORIGINS = Statement(
    update(audit_events)
    .where(or_(_CAUSED, and_(_SUFFERED, audit_events.c.actor_id.is_(None))))
    .values(ip_address=None, user_agent=None)
)


class SqlAlchemyAuditTrail(AuditTrail):
    """Rows in ``audit_events``: none is removed, and none ever tells of something else (LG-3)."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def append(self, event: AuditEvent) -> None:
        self._execution.write(_APPEND, audit_event_values(event))

    async def about(
        self, user_id: UserId, *, limit: int, before: AuditPosition | None = None
    ) -> list[AuditEvent]:
        moment, identifier = before or _AFTER_ALL
        rows = await self._execution.all(
            _ABOUT,
            user_id=str(user_id),
            limit=limit,
            before_time=moment,
            before_id=identifier.value,
        )
        return [audit_event_from(row) for row in rows]

    async def count_about(self, user_id: UserId) -> int:
        return await self._execution.number(_COUNT_ABOUT, user_id=str(user_id))

    async def search(
        self, query: AuditQuery, *, limit: int, before: AuditPosition | None = None
    ) -> list[AuditEvent]:
        moment, identifier = _first_of(query, before or _AFTER_ALL)
        given = _given(replace(query, before=None))
        rows = await self._execution.all(
            _search(frozenset(given)),
            limit=limit,
            before_time=moment,
            before_id=identifier.value,
            **given,
        )
        return [audit_event_from(row) for row in rows]

    async def count(self, query: AuditQuery) -> int:
        given = _given(query)
        return await self._execution.number(_number(frozenset(given)), **given)

    async def forget_origins(self, user_id: UserId) -> None:
        self._execution.write(_FORGET_ORIGINS, {"user_id": str(user_id)})
