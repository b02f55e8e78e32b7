"""Sessions in `sessions`."""

from datetime import datetime

from sqlalchemy import Integer, bindparam, func, literal_column, or_, select, update

from adapters.sqlalchemy.errors import as_conflict
from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.lookups import Lookup
from adapters.sqlalchemy.sessions.tables import sessions
from adapters.sqlalchemy.statements import (
    AFTER_ALL,
    BEFORE_ALL,
    Row,
    Statement,
    Written,
    delete_some,
    insert_into,
    save_in,
    update_some,
)
from adapters.sqlalchemy.users.rows import USER, user_from
from adapters.sqlalchemy.users.tables import users
from application.sessions.ports import SessionRepository
from domain.assurance import Assurance, Level, Method
from domain.identifiers import SessionId, UserId
from domain.sessions.session import EndReason, Session
from domain.users.user import User
from domain.vocabulary import word_of

SESSION = (
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.created_at,
    sessions.c.last_used_at,
    sessions.c.idle_expires_at,
    sessions.c.absolute_expires_at,
    sessions.c.generation,
    sessions.c.family_digest,
    sessions.c.current_digest,
    sessions.c.previous_digest,
    sessions.c.sealed_successor,
    sessions.c.rotated_at,
    sessions.c.ended_at,
    sessions.c.end_reason,
    sessions.c.ip_address,
    sessions.c.user_agent,
    sessions.c.version,
    sessions.c.acr,
    sessions.c.amr,
    sessions.c.authenticated_at,
)


def session_from(row: Row) -> Session:
    """Return the session that a row of ``SESSION`` tells of."""
    (id_, user_id, created, last_used, idle_expires, absolute_expires, generation, family,
     current, previous, sealed, rotated, ended, reason, ip_address, user_agent,
     version, acr, amr, authenticated) = row  # fmt: skip
    return Session(
        id=SessionId(id_),
        user_id=UserId(user_id),
        created_at=created,
        last_used_at=last_used,
        idle_expires_at=idle_expires,
        absolute_expires_at=absolute_expires,
        generation=generation,
        family_digest=family,
        current_digest=current,
        previous_digest=previous,
        sealed_successor=sealed,
        rotated_at=rotated,
        ended_at=ended,
        end_reason=None if reason is None else word_of(EndReason, reason),
        ip_address=ip_address,
        user_agent=user_agent,
        assurance=(
            # Before there were levels, every session began with a password.
            Assurance(Level.AAL1, (Method.PASSWORD.value,), created)
            if acr is None
            else Assurance(word_of(Level, acr), tuple(amr.split()), authenticated)
        ),
        version=version,
    )


def session_values(session: Session) -> Written:
    """Return all that is written of a session."""
    return {
        "id": session.id.value,
        "user_id": session.user_id.value,
        "created_at": session.created_at,
        "last_used_at": session.last_used_at,
        "idle_expires_at": session.idle_expires_at,
        "absolute_expires_at": session.absolute_expires_at,
        "generation": session.generation,
        "family_digest": session.family_digest,
        "current_digest": session.current_digest,
        "previous_digest": session.previous_digest,
        "sealed_successor": session.sealed_successor,
        "rotated_at": session.rotated_at,
        "ended_at": session.ended_at,
        "end_reason": None if session.end_reason is None else session.end_reason.value,
        "ip_address": session.ip_address,
        "user_agent": session.user_agent,
        "version": session.version,
        "acr": session.assurance.acr.value,
        "amr": " ".join(session.assurance.amr),
        "authenticated_at": session.assurance.at,
    }


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
_GET_WITH_USER = Lookup(
    select(*SESSION, *USER).select_from(sessions.join(users, users.c.id == sessions.c.user_id)),
    by=sessions.c.id,
)
_LIST_LIVING = Statement(
    select(*SESSION)
    .where(*_LIVING, sessions.c.id < bindparam("before"))
    .order_by(_NEWEST_FIRST)
    .limit(bindparam("limit", type_=Integer))
)
_COUNT_LIVING = Statement(select(func.count()).select_from(sessions).where(*_LIVING))
_LIST_KEPT = Statement(
    select(*SESSION)
    .where(sessions.c.user_id == bindparam("user_id"), sessions.c.id < bindparam("before"))
    .order_by(_NEWEST_FIRST)
    .limit(bindparam("limit", type_=Integer))
)
_FOR_LIFE = (
    "user_id",
    "created_at",
    "absolute_expires_at",
    "family_digest",
    "ip_address",
    "user_agent",
)
_SAVE = Statement(save_in(sessions, key="id", but=_FOR_LIFE))
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
_ROOM = 32
"""How many sessions more a user may be taken to have than is known: those that begin just now."""
_HAS_ROOM = Statement(
    select(literal_column("1").label("one")).where(
        select(func.count())
        .select_from(
            select(sessions.c.id)
            .where(*_LIVING)
            .limit(bindparam("most", type_=Integer) + 1)
            .subquery()
        )
        .scalar_subquery()
        <= bindparam("most", type_=Integer)
    )
)
_PURGE = delete_some(
    sessions,
    sessions.c.id,
    or_(
        sessions.c.ended_at < bindparam("before"),
        sessions.c.ended_at.is_(None) & (sessions.c.idle_expires_at < bindparam("before")),
        sessions.c.ended_at.is_(None) & (sessions.c.absolute_expires_at < bindparam("before")),
    ),
)
# No new version: a save of the session at the same time replaces the successor anyway.
_WIPE_SUCCESSORS = update_some(
    sessions,
    sessions.c.id,
    sessions.c.sealed_successor.is_not(None),
    sessions.c.rotated_at < bindparam("before"),
    sealed_successor=None,
)


class SqlAlchemySessionRepository(SessionRepository):
    """Sessions in ``sessions``."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._has_added = False

    async def add(self, session: Session) -> None:
        self._has_added = True
        self._execution.write(_ADD, session_values(session), meaning=as_conflict)

    async def get(self, session_id: SessionId) -> Session | None:
        row = await self._execution.first(_GET, id=session_id.value)
        return None if row is None else session_from(row)

    async def get_with_user(self, session_id: SessionId) -> tuple[Session, User] | None:
        row = await self._execution.look_up(_GET_WITH_USER, session_id.value)
        return None if row is None else (session_from(row[:_WIDTH]), user_from(row[_WIDTH:]))

    async def list_living(
        self, user_id: UserId, *, now: datetime, limit: int, before: SessionId | None = None
    ) -> list[Session]:
        rows = await self._execution.all(
            _LIST_LIVING,
            user_id=user_id.value,
            now=now,
            limit=limit,
            before=AFTER_ALL if before is None else before.value,
        )
        return [session_from(row) for row in rows]

    async def count_living(self, user_id: UserId, *, now: datetime) -> int:
        return await self._execution.number(_COUNT_LIVING, user_id=user_id.value, now=now)

    async def list_kept(
        self, user_id: UserId, *, limit: int, before: SessionId | None = None
    ) -> list[Session]:
        start = AFTER_ALL if before is None else before.value
        rows = await self._execution.all(
            _LIST_KEPT, user_id=user_id.value, limit=limit, before=start
        )
        return [session_from(row) for row in rows]

    async def save(self, session: Session) -> None:
        self._execution.write(_SAVE, session_values(session), guarded=True)
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
        if keep is None and keep_newest > _ROOM and not self._has_added:
            room = {"user_id": user_id.value, "now": now, "most": keep_newest - _ROOM}
            if self._execution.takes_for_granted(user_id, _HAS_ROOM, room):
                return 0
        return await self._execution.run(
            _END_ALL,
            user_id=user_id.value,
            reason=reason.value,
            now=now,
            keep=BEFORE_ALL if keep is None else keep.value,
            keep_newest=keep_newest,
        )

    async def purge(self, *, over_before: datetime, limit: int) -> int:
        return await self._execution.run(_PURGE, before=over_before, limit=limit)

    async def wipe_successors(self, *, rotated_before: datetime, limit: int) -> int:
        return await self._execution.run(_WIPE_SUCCESSORS, before=rotated_before, limit=limit)
