"""Mailed secrets and guesses; passwords stand beside users."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from adapters.sqlalchemy.schema import UtcDateTime, exported, metadata, owner

one_time_tokens = Table(
    "one_time_tokens",
    metadata,
    owner(primary_key=True),
    Column("purpose", String(32), primary_key=True),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    info=exported("mailed_secrets"),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("locks", Integer, nullable=False),
    Column("locked_until", UtcDateTime),
    Column("last_attempt_at", UtcDateTime, index=True),
    Column("version", Integer, nullable=False),
)
