"""Lists of users and of what happened, for administrators."""

import sqlalchemy as sa
from alembic import context, op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


SUSPENDED = "suspended_at IS NOT NULL"
UNVERIFIED = "suspended_at IS NULL AND email_verified_at IS NULL"
AUDIT_INDEXES = (["target_id", "occurred_at"], ["type", "occurred_at"], ["occurred_at", "id"])


def upgrade() -> None:
    op.add_column("users", sa.Column("search_text", sa.String(length=700)))
    op.execute(
        "UPDATE users SET search_text = lower(email_key || ' ' || coalesce(display_name, ''))"
    )
    for name, condition in (("ix_users_suspended", SUSPENDED), ("ix_users_unverified", UNVERIFIED)):
        where = sa.text(condition)
        op.create_index(name, "users", ["id"], postgresql_where=where, sqlite_where=where)
    op.drop_index("ix_user_roles_role", "user_roles")
    op.create_index("ix_user_roles_role_user_id", "user_roles", ["role", "user_id"])
    for columns in AUDIT_INDEXES:
        op.create_index(f"ix_audit_events_{'_'.join(columns)}", "audit_events", columns)
    if has_trigrams():
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute(
            "CREATE INDEX ix_users_search_text ON users USING gin (search_text gin_trgm_ops)"
        )


def has_trigrams() -> bool:
    """Tell whether the extension is there or can be made; without it a search reads every user.

    It comes with PostgreSQL's contrib package and is a trusted one: a role that may create in a
    database may create it.
    """
    if op.get_bind().dialect.name != "postgresql":
        return False
    if context.is_offline_mode():
        return True
    known = sa.text(
        "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm' AND"
        " (installed_version IS NOT NULL OR has_database_privilege(current_database(), 'CREATE'))"
    )
    return op.get_bind().execute(known).first() is not None


def downgrade() -> None:
    # The extension stays: others may use it by now.
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX IF EXISTS ix_users_search_text")
    for columns in AUDIT_INDEXES:
        op.drop_index(f"ix_audit_events_{'_'.join(columns)}", "audit_events")
    op.drop_index("ix_user_roles_role_user_id", "user_roles")
    op.create_index("ix_user_roles_role", "user_roles", ["role"])
    for name in ("ix_users_suspended", "ix_users_unverified"):
        op.drop_index(name, "users")
    op.drop_column("users", "search_text")
