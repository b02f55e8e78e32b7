"""Documents. A change here needs a revision under ``migrations/versions``."""

from sqlalchemy import Column, Index, Integer, String, Table, Text, Uuid

from adapters.sqlalchemy.schema import UtcDateTime, exported, metadata, owner

documents = Table(
    "documents",
    metadata,
    Column("id", Uuid, primary_key=True),
    owner(),
    Column("title", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("version", Integer, nullable=False),
    info=exported("documents"),
)
# The list of a user's documents, and the cascade when the user goes.
Index(None, documents.c.user_id, documents.c.id)
# What the purge looks for.
Index(
    "ix_documents_expires_at",
    documents.c.expires_at,
    postgresql_where=documents.c.expires_at.is_not(None),
    sqlite_where=documents.c.expires_at.is_not(None),
)
