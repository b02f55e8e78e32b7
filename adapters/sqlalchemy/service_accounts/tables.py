"""Service accounts, and the roles that they have."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Uuid

from adapters.sqlalchemy.schema import UtcDateTime, exported, metadata

service_accounts = Table(
    "service_accounts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(100), nullable=False),
    # Case-folded by us and not by a database's idea of case.
    Column("name_key", String(300), nullable=False, unique=True),
    Column("description", String(500)),
    Column("suspended_at", UtcDateTime),
    Column("suspension_reason", String(500)),
    # A bare identifier: the account outlives who made it.
    Column("created_by", Uuid, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    info=exported("service_accounts"),
)

service_account_roles = Table(
    "service_account_roles",
    metadata,
    Column(
        "service_account_id",
        Uuid,
        ForeignKey("service_accounts.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("role", String(64), primary_key=True),
    Index(None, "role", "service_account_id"),
)
