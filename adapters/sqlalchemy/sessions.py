"""Sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Integer, bindparam, delete, func, or_, select, update

from adapters.sqlalchemy.account_rows import USER, user_from
from adapters.sqlalchemy.errors import Taken
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.session_rows import SESSION, session_from, session_values
from adapters.sqlalchemy.statements import Statement, insert_into, save_in
from adapters.sqlalchemy.tables import sessions, users
from application.ports.repositories import SessionRepository
from domain.errors import ConcurrentChange
from domain.identifiers import SessionId, UserId
from domain.session import EndReason, Session
from domain.user import User

# No session has either of these for its identifier.
_BEFORE_ALL = UUID(int=0)
_AFTER_ALL = UUID(int=(1 << 128) - 1)

_WIDTH = len(SESSION)
_LIVING = (
    sessions.c.user_id == bindparam("user_id"),
    sessions.c.ended_at.is_(None),
    sessions.c.idle_expires_at > bindparam("now"),
    sessions.c.absolute_expires_at > bindparam("now"),
)
_NEWEST_FIRST = sessions.c.id.desc()  # identifiers sort by birth

_ADD = insert_into(sessions)
_GET = Statement(select(*SESSION).where(sessions.c.id == bindparam("id")))
_GET_WITH_USER = Statement(
    select(*SESSION, *USER)
    .select_from(sessions.join(users, users.c.id == sessions.c.user_id))
    .where(sessions.c.id == bindparam("id"))
)
_LIST_LIVING = Statement(
    select(*SESSION)
    .where(*_LIVING, sessions.c.id < bindparam("before"))
    .order_by(_NEWEST_FIRST)
    .limit(bindparam("limit", type_=Integer))
)
_COUNT_LIVING = Statement(select(func.count()).select_from(sessions).where(*_LIVING))
_LIST_KEPT = Statement(
    select(*SESSION).where(sessions.c.user_id == bindparam("user_id")).order_by(_NEWEST_FIRST)
)
_SAVE = Statement(save_in(sessions, key="id"))
# A refresh that has read its session before this finds another version and starts over (RF-4).
_END_ALL = Statement(
    update(sessions)
    .where(
        *_LIVING,
        sessions.c.id != bindparam("keep"),
        sessions.c.id.not_in(
            select(sessions.c.id)
            .where(*_LIVING)
            .order_by(_NEWEST_FIRST)
            .limit(bindparam("keep_newest", type_=Integer))
            .correlate(None)
        ),
    )
    .values(
        ended_at=bindparam("now"),
        end_reason=bindparam("reason"),
        sealed_successor=None,
        version=sessions.c.version + 1,
    )
)
_PURGE = Statement(
    delete(sessions).where(
        or_(
            sessions.c.ended_at < bindparam("before"),
            sessions.c.ended_at.is_(None) & (sessions.c.idle_expires_at < bindparam("before")),
            sessions.c.ended_at.is_(None) & (sessions.c.absolute_expires_at < bindparam("before")),
        )
    )
)
# No new version: whoever saves the session at the same time replaces the successor anyway.
_WIPE_SUCCESSORS = Statement(
    update(sessions)
    .where(
        sessions.c.sealed_successor.is_not(None),
        sessions.c.rotated_at < bindparam("before"),
    )
    .values(sealed_successor=None)
)


class SqlAlchemySessionRepository(SessionRepository):
    """Sessions in ``sessions``."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, session: Session) -> None:
        try:
            await self._execution.run(_ADD, **session_values(session))
        except Taken:
            raise ConcurrentChange from None

    async def get(self, session_id: SessionId) -> Session | None:
        row = await self._execution.first(_GET, id=session_id.value)
        return None if row is None else session_from(row)

    async def get_with_user(self, session_id: SessionId) -> tuple[Session, User] | None:
        row = await self._execution.first(_GET_WITH_USER, id=session_id.value)
        return None if row is None else (session_from(row[:_WIDTH]), user_from(row[_WIDTH:]))

    async def list_living(
        self, user_id: UserId, *, now: datetime, limit: int, before: SessionId | None = None
    ) -> list[Session]:
        rows = await self._execution.all(
            _LIST_LIVING,
            user_id=user_id.value,
            now=now,
            limit=limit,
            before=_AFTER_ALL if before is None else before.value,
        )
        return [session_from(row) for row in rows]

    async def count_living(self, user_id: UserId, *, now: datetime) -> int:
        return await self._execution.number(_COUNT_LIVING, user_id=user_id.value, now=now)

    async def list_kept(self, user_id: UserId) -> list[Session]:
        rows = await self._execution.all(_LIST_KEPT, user_id=user_id.value)
        return [session_from(row) for row in rows]

    async def save(self, session: Session) -> None:
        if not await self._execution.run(_SAVE, **session_values(session)):
            raise ConcurrentChange
        session.version += 1

    async def end_all(
        self,
        user_id: UserId,
        reason: EndReason,
        *,
        now: datetime,
        keep: SessionId | None = None,
        keep_newest: int = 0,
    ) -> int:
        return await self._execution.run(
            _END_ALL,
            user_id=user_id.value,
            reason=reason.value,
            now=now,
            keep=_BEFORE_ALL if keep is None else keep.value,
            keep_newest=keep_newest,
        )

    async def purge(self, *, over_before: datetime, rotated_before: datetime) -> int:
        removed = await self._execution.run(_PURGE, before=over_before)
        await self._execution.run(_WIPE_SUCCESSORS, before=rotated_before)
        return removed
