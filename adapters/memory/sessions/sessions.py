"""Sessions over one memory transaction."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from adapters.memory.store import Table, Transaction
from adapters.memory.users.tables import USERS
from adapters.memory.users.users import require_user, with_permissions
from application.sessions.ports import SessionRepository
from domain.errors import ConcurrentChange
from domain.identifiers import SessionId, UserId
from domain.sessions.session import EndReason, Session
from domain.users.user import User

SESSIONS = Table[SessionId, Session](
    "sessions", replace, section="sessions", owner=lambda session: session.user_id
)


class MemorySessionRepository(SessionRepository):
    """Sessions in a dictionary, found by user through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._sessions = transaction.table(SESSIONS)

    async def add(self, session: Session) -> None:
        await self._transaction.writing()
        require_user(self._transaction, session.user_id)
        if self._sessions.get(session.id) is not None:
            raise ConcurrentChange
        self._sessions.put(session.id, session)

    async def get(self, session_id: SessionId) -> Session | None:
        await self._transaction.reading()
        return self._sessions.get(session_id)

    async def get_with_user(self, session_id: SessionId) -> tuple[Session, User] | None:
        await self._transaction.reading()
        session = self._sessions.get(session_id)
        user = None if session is None else self._transaction.table(USERS).get(session.user_id)
        if session is None or user is None:
            return None
        return session, with_permissions(self._transaction, user)

    async def list_living(
        self, user_id: UserId, *, now: datetime, limit: int, before: SessionId | None = None
    ) -> list[Session]:
        await self._transaction.reading()
        living = self._living(user_id, now)
        return [s for s in living if before is None or s.id < before][:limit]

    async def count_living(self, user_id: UserId, *, now: datetime) -> int:
        await self._transaction.reading()
        return len(self._living(user_id, now))

    async def list_kept(
        self, user_id: UserId, *, limit: int, before: SessionId | None = None
    ) -> list[Session]:
        await self._transaction.reading()
        kept = self._sessions.find(
            "owner", user_id, where=lambda s: before is None or s.id < before
        )
        return sorted(kept, key=lambda s: s.id, reverse=True)[:limit]

    async def save(self, session: Session) -> None:
        await self._transaction.writing()
        kept = self._sessions.get(session.id)
        if kept is None or kept.version != session.version:
            raise ConcurrentChange
        session.version += 1
        self._sessions.put(session.id, session)

    async def end_all(
        self,
        user_id: UserId,
        reason: EndReason,
        *,
        now: datetime,
        keep: SessionId | None = None,
        keep_newest: int = 0,
    ) -> int:
        await self._transaction.writing()
        older = self._living(user_id, now)[keep_newest:]
        ending = [session for session in older if session.id != keep]
        for session in ending:
            session.end(reason, now=now)
            # A rotation that loaded the session before this must not bring it back.
            session.version += 1
            self._sessions.put(session.id, session)
        return len(ending)

    async def purge(self, *, over_before: datetime, limit: int) -> int:
        await self._transaction.writing()
        over = self._sessions.select(lambda s: (s.ended_at or s.expires_at) < over_before)
        return sum(self._sessions.remove(session_id) for session_id in islice(over, limit))

    async def wipe_successors(self, *, rotated_before: datetime, limit: int) -> int:
        await self._transaction.writing()
        spent = self._sessions.select(
            lambda s: (
                s.sealed_successor is not None
                and s.rotated_at is not None
                and s.rotated_at < rotated_before
            )
        )
        wiped = list(islice(spent.values(), limit))
        for session in wiped:
            self._sessions.put(session.id, replace(session, sealed_successor=None))
        return len(wiped)

    def _living(self, user_id: UserId, now: datetime) -> list[Session]:
        living = self._sessions.find("owner", user_id, where=lambda s: s.over(now) is None)
        return sorted(living, key=lambda s: s.id, reverse=True)
