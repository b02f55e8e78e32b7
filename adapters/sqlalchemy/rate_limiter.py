"""Limits by count in ``rate_limits``, shared by all processes (RL-4, RL-5)."""

import hashlib
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, bindparam, case, select

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.engine import Engine
from adapters.sqlalchemy.execution import Autocommit
from adapters.sqlalchemy.statements import Core, InsertInto, Statement, delete_some
from adapters.sqlalchemy.tables import rate_limits
from application.ports.rate_limiter import Admission, RateLimit, RateLimiter

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NOW = bindparam("now_us", type_=BigInteger)
_STEP = bindparam("step_us", type_=BigInteger)
_CAPACITY = bindparam("capacity_us", type_=BigInteger)


def _admit(insert: InsertInto) -> Core:
    """Count one request, unless that puts the key ahead of its burst; no row back means so.

    One statement, so that of two requests for the last place one gets it.
    """
    full_at = case((rate_limits.c.tat_us > _NOW, rate_limits.c.tat_us), else_=_NOW)
    added = insert(rate_limits).values(key=bindparam("key"), tat_us=_NOW + _STEP)
    return added.on_conflict_do_update(
        index_elements=["key"],
        set_={"tat_us": full_at + _STEP},
        where=full_at + _STEP - _NOW <= _CAPACITY,
    ).returning(rate_limits.c.tat_us)


_ADMIT = Statement(_admit)
_FULL_AT = Statement(select(rate_limits.c.tat_us).where(rate_limits.c.key == bindparam("key")))
_PURGE = delete_some(rate_limits, rate_limits.c.key, rate_limits.c.tat_us <= _NOW)


class SqlAlchemyRateLimiter(RateLimiter):
    """Counts by GCRA: one number per key says when the key is back at its full burst.

    Each call is one statement on a connection of its own, outside of any unit of work: what
    was counted stays counted. Keys are kept as hashes, since they may hold addresses.
    """

    def __init__(self, engine: Engine) -> None:
        self._connections = Connections(engine)

    async def admit(self, limit: RateLimit, key: str, *, now: datetime) -> Admission:
        step = limit.interval // _MICROSECOND
        capacity = step * limit.burst
        present = (now - _EPOCH) // _MICROSECOND
        place = _place(limit, key)
        execution = Autocommit(self._connections)
        try:
            row = await execution.first(
                _ADMIT, key=place, now_us=present, step_us=step, capacity_us=capacity
            )
            if row is not None:
                return _admitted(limit, ahead=row[0] - present, step=step, capacity=capacity)
            row = await execution.first(_FULL_AT, key=place)
        finally:
            await execution.end()
        ahead = max(row[0] - present, 0) if row is not None else 0
        return Admission(
            admitted=False,
            limit=limit.burst,
            remaining=0,
            reset_after=timedelta(microseconds=ahead),
            retry_after=timedelta(microseconds=max(ahead + step - capacity, 1)),
        )

    async def purge(self, *, now: datetime, limit: int) -> int:
        execution = Autocommit(self._connections)
        try:
            now_us = (now - _EPOCH) // _MICROSECOND
            return await execution.run(_PURGE, now_us=now_us, limit=limit)
        finally:
            await execution.end()


def _place(limit: RateLimit, key: str) -> bytes:
    # With its length in front, no name and key read like another name and key.
    return hashlib.sha256(f"{len(limit.name)}:{limit.name}:{key}".encode()).digest()


def _admitted(limit: RateLimit, *, ahead: int, step: int, capacity: int) -> Admission:
    return Admission(
        admitted=True,
        limit=limit.burst,
        remaining=(capacity - ahead) // step,
        reset_after=timedelta(microseconds=ahead),
        retry_after=timedelta(),
    )
