"""Users, and what roles give them."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, Uuid

from adapters.sqlalchemy.schema import UtcDateTime, exported, metadata, owner

users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("email", String(254), nullable=False),
    # One mailbox, one account (AT-10): look-ups and uniqueness use the canonical form.
    Column("email_key", String(254), nullable=False, unique=True),
    Column("display_name", String(100)),
    # Address and name, case-folded by us and not by a database's idea of case.
    Column("search_text", String(700)),
    Column("email_verified_at", UtcDateTime),
    Column("suspended_at", UtcDateTime),
    Column("suspension_reason", String(500)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("last_signed_in_at", UtcDateTime),
    Column("second_factor_since", UtcDateTime),
    Column("version", Integer, nullable=False),
    info=exported("user"),
)

# The rare states; of all others there are plenty wherever a list begins.
Index(
    "ix_users_suspended",
    users.c.id,
    postgresql_where=users.c.suspended_at.is_not(None),
    sqlite_where=users.c.suspended_at.is_not(None),
)
Index(
    "ix_users_unverified",
    users.c.id,
    postgresql_where=users.c.suspended_at.is_(None) & users.c.email_verified_at.is_(None),
    sqlite_where=users.c.suspended_at.is_(None) & users.c.email_verified_at.is_(None),
)

# What stands anywhere in a text is found by its groups of three letters.
Index(
    "ix_users_search_text",
    users.c.search_text,
    postgresql_using="gin",
    postgresql_ops={"search_text": "gin_trgm_ops"},
).ddl_if(dialect="postgresql")

user_roles = Table(
    "user_roles",
    metadata,
    owner(primary_key=True),
    Column("role", String(64), primary_key=True),
    Index(None, "role", "user_id"),
    info=exported("user"),
)

# Roles that administrators define; the two built-in ones stand in the code.
roles = Table(
    "roles",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("description", String(500)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    # Null: it counts in every session. No constraint: a newer version may know more levels.
    Column("required_acr", String(16)),
)

role_permissions = Table(
    "role_permissions",
    metadata,
    Column("role", String(64), ForeignKey("roles.name", ondelete="CASCADE"), primary_key=True),
    Column("permission", String(65), primary_key=True, index=True),
)

# Here and not with the credentials, because who has none does not count as administrator.
password_credentials = Table(
    "password_credentials",
    metadata,
    owner(primary_key=True),
    Column("hash", Text, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("contested", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    info=exported("password"),
)
