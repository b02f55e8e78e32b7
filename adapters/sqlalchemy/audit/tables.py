"""The audit trail and its chain."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, Uuid

from adapters.sqlalchemy.schema import Json, UtcDateTime, exported, metadata, one_of

audit_events = Table(
    "audit_events",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("type", String(64), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(64)),
    # Bare identifiers and no foreign keys: the trail outlives whom it tells of.
    Column("actor_kind", String(32), nullable=False),
    Column("actor_id", String(64)),
    Column("actor_key_id", String(64)),
    Column("target_kind", String(32)),
    Column("target_id", String(64)),
    # The user whom it happened to, also where the target is one of their sessions.
    Column("user_id", String(64)),
    Column("ip_address", String(64)),
    Column("user_agent", Text),
    Column("request_id", String(128)),
    Column("data", Json, nullable=False),
    # Keyed digests; place and link come a moment later (domain.audit.chain).
    Column("seal", LargeBinary(32)),
    Column("origin_seal", LargeBinary(32)),
    Column("position", BigInteger),
    Column("link", LargeBinary(32)),
    one_of("outcome", ["success", "failure"]),
    info=exported("security_events"),
)
Index("ix_audit_events_position", audit_events.c.position, unique=True)
Index(
    "ix_audit_events_loose",
    audit_events.c.occurred_at,
    audit_events.c.id,
    postgresql_where=audit_events.c.position.is_(None),
    sqlite_where=audit_events.c.position.is_(None),
)
Index(None, audit_events.c.actor_id, audit_events.c.occurred_at)
Index(None, audit_events.c.user_id, audit_events.c.occurred_at)
Index(None, audit_events.c.target_id, audit_events.c.occurred_at)
Index(None, audit_events.c.type, audit_events.c.occurred_at)
Index(None, audit_events.c.occurred_at, audit_events.c.id)

audit_chain = Table(
    "audit_chain",
    metadata,
    Column("number", Integer, primary_key=True),  # there is one
    Column("position", BigInteger, nullable=False),
    Column("link", LargeBinary(32), nullable=False),
    Column("sealed_at", UtcDateTime, nullable=False),
    Column("signature", LargeBinary(32), nullable=False),
)

# No user's, and no secret that works without SECRET_KEY (domain.audit.retired_key).
retired_audit_keys = Table(
    "retired_audit_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("retired_at", UtcDateTime, nullable=False),
)
