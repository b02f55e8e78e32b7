"""Idempotency keys in ``idempotency_keys``, shared by all processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import bindparam, delete, or_, select, update

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.engine import Engine
from adapters.sqlalchemy.execution import Autocommit
from adapters.sqlalchemy.schema import UtcDateTime
from adapters.sqlalchemy.statements import Core, InsertInto, Statement, delete_some
from adapters.sqlalchemy.tables import idempotency_keys
from application.ports.idempotency import Claim, IdempotencyStore

_TIME = UtcDateTime()
_MINE = (
    idempotency_keys.c.key == bindparam("of_key"),
    idempotency_keys.c.claimed_at == bindparam("since", type_=_TIME),
)


def _claim(insert: InsertInto) -> Core:
    """Take the key if it is free, or free again; no row back means that it is taken.

    One statement, so that of two at once one gets it.
    """
    added = insert(idempotency_keys).values(
        key=bindparam("key"),
        fingerprint=bindparam("fingerprint"),
        claimed_at=bindparam("now", type_=_TIME),
    )
    return added.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "fingerprint": added.excluded.fingerprint,
            "claimed_at": added.excluded.claimed_at,
            "answer": None,
        },
        where=or_(
            idempotency_keys.c.claimed_at < bindparam("expired", type_=_TIME),
            idempotency_keys.c.answer.is_(None)
            & (idempotency_keys.c.claimed_at < bindparam("stale", type_=_TIME)),
        ),
    ).returning(idempotency_keys.c.key)


_CLAIM = Statement(_claim)
_LOOK = Statement(
    select(idempotency_keys.c.fingerprint, idempotency_keys.c.answer).where(
        idempotency_keys.c.key == bindparam("key")
    )
)
_COMPLETE = Statement(
    update(idempotency_keys).where(*_MINE).values(answer=bindparam("given_answer"))
)
_RELEASE = Statement(delete(idempotency_keys).where(*_MINE, idempotency_keys.c.answer.is_(None)))
_PURGE = delete_some(
    idempotency_keys,
    idempotency_keys.c.key,
    idempotency_keys.c.claimed_at < bindparam("before", type_=_TIME),
)


class SqlAlchemyIdempotencyStore(IdempotencyStore):
    """Each call is one statement on a connection of its own, outside of any unit of work."""

    def __init__(self, engine: Engine) -> None:
        self._connections = Connections(engine)

    async def claim(
        self, key: bytes, fingerprint: bytes, *, now: datetime, stale: datetime, expired: datetime
    ) -> Claim:
        async with self._execution() as execution:
            ours = await execution.first(
                _CLAIM, key=key, fingerprint=fingerprint, now=now, stale=stale, expired=expired
            )
            if ours is not None:
                return Claim(is_ours=True, fingerprint=fingerprint)
            row = await execution.first(_LOOK, key=key)
        if row is None:
            # Given back in this very moment; the client is told that it is still being done.
            return Claim(is_ours=False, fingerprint=fingerprint)
        return Claim(is_ours=False, fingerprint=row[0], answer=row[1])

    async def complete(self, key: bytes, answer: bytes, *, claimed_at: datetime) -> bool:
        async with self._execution() as execution:
            return (
                await execution.run(_COMPLETE, of_key=key, since=claimed_at, given_answer=answer)
                == 1
            )

    async def release(self, key: bytes, *, claimed_at: datetime) -> None:
        async with self._execution() as execution:
            await execution.run(_RELEASE, of_key=key, since=claimed_at)

    async def purge(self, *, before: datetime, limit: int) -> int:
        async with self._execution() as execution:
            return await execution.run(_PURGE, before=before, limit=limit)

    @asynccontextmanager
    async def _execution(self) -> AsyncIterator[Autocommit]:
        execution = Autocommit(self._connections)
        try:
            yield execution
        finally:
            await execution.end()
