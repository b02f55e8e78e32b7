"""Rows and entities of sessions.

Rows are read by position: the tuple of columns above each function is what to select, in the
order in which the function takes it apart.
"""

from adapters.sqlalchemy.statements import Row, Written
from adapters.sqlalchemy.tables import sessions
from domain.identifiers import SessionId, UserId
from domain.session import EndReason, Session

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
)


def session_from(row: Row) -> Session:
    """Return the session that a row of ``SESSION`` tells of."""
    (id_, user_id, created, last_used, idle_expires, absolute_expires, generation, family,
     current, previous, sealed, rotated, ended, reason, ip_address, user_agent,
     version) = row  # fmt: skip
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
        end_reason=None if reason is None else EndReason(reason),
        ip_address=ip_address,
        user_agent=user_agent,
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
    }
