"""API keys, of users and of service accounts."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
)

from adapters.sqlalchemy.schema import UtcDateTime, exported, metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    # One of both is the owner, and the key goes with it.
    Column("user_id", Uuid, ForeignKey("users.id", ondelete="CASCADE")),
    Column("service_account_id", Uuid, ForeignKey("service_accounts.id", ondelete="CASCADE")),
    Column("name", String(100), nullable=False),
    Column("hint", String(8), nullable=False),
    # SHA-256: of 256 random bits it tells nothing, and no change of SECRET_KEY ends a key.
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    # No permission holds a comma (domain.principal).
    Column("permissions", Text, nullable=False),
    Column("acr", String(16), nullable=False),
    Column("lifetime", BigInteger),  # seconds
    # A bare identifier: a service account's key outlives who made it.
    Column("created_by", Uuid, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, index=True),
    Column("last_used_at", UtcDateTime),
    Column("last_used_ip", String(64)),
    Column("rotated_at", UtcDateTime),
    # When its owner was told that it ends.
    Column("notice_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    CheckConstraint("(user_id IS NULL) <> (service_account_id IS NULL)", name="owner"),
    info=exported("api_keys"),
)
Index(None, api_keys.c.user_id, api_keys.c.id)
Index(None, api_keys.c.service_account_id, api_keys.c.id)
