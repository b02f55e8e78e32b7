"""Ending many sessions of a user at once, for whatever reason."""

from datetime import datetime

from application.ports.unit_of_work import UnitOfWork
from domain.events import SessionsEnded
from domain.identifiers import SessionId, UserId
from domain.session import EndReason


async def end_sessions(
    unit: UnitOfWork,
    user_id: UserId,
    reason: EndReason,
    *,
    now: datetime,
    keep: SessionId | None = None,
    keep_newest: int = 0,
) -> SessionsEnded | None:
    """End the user's living sessions but those to keep; return what to record, if any ended.

    ``keep`` and ``keep_newest`` are those of ``SessionRepository.end_all``.
    """
    count = await unit.sessions.end_all(
        user_id, reason, now=now, keep=keep, keep_newest=keep_newest
    )
    if count == 0:
        return None
    return SessionsEnded(user_id=user_id, because=reason.value, count=count, occurred_at=now)
