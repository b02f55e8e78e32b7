"""Sessions."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Uuid

from adapters.sqlalchemy.schema import UtcDateTime, exported, metadata, owner

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    owner(),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=False),
    Column("idle_expires_at", UtcDateTime, nullable=False),
    Column("absolute_expires_at", UtcDateTime, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("family_digest", LargeBinary(32), nullable=False),
    Column("current_digest", LargeBinary(32), nullable=False),
    Column("previous_digest", LargeBinary(32)),
    Column("sealed_successor", LargeBinary),
    Column("rotated_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("end_reason", String(32)),
    Column("ip_address", String(64)),
    Column("user_agent", String(256)),
    Column("version", Integer, nullable=False),
    # Of sessions from before there were levels these are null.
    Column("acr", String(16)),
    Column("amr", String(128)),
    Column("authenticated_at", UtcDateTime),
    info=exported("sessions"),
)
# The list of a user's living sessions (SE-5), and the cascade when the user goes.
Index(None, sessions.c.user_id, sessions.c.id)
# What the purge looks for; the partial ones hold little at any time.
Index(None, sessions.c.idle_expires_at)
Index(None, sessions.c.absolute_expires_at)
Index(
    "ix_sessions_ended_at",
    sessions.c.ended_at,
    postgresql_where=sessions.c.ended_at.is_not(None),
    sqlite_where=sessions.c.ended_at.is_not(None),
)
Index(
    "ix_sessions_rotated_at",
    sessions.c.rotated_at,
    postgresql_where=sessions.c.sealed_successor.is_not(None),
    sqlite_where=sessions.c.sealed_successor.is_not(None),
)
