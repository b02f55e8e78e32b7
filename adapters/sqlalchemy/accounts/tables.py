"""Invitations."""

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, Uuid

from adapters.sqlalchemy.schema import Json, UtcDateTime, exported, metadata

invitations = Table(
    "invitations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False, unique=True),
    Column("roles", Json, nullable=False),
    # What an inviter promised goes with the inviter. Null: an operator.
    Column("invited_by", Uuid, ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    info=exported("invitations_sent"),
)
