"""Second factors, challenges that were used, and trusted devices.

Why a session ended, what a mailed secret is for and what a mail is about are words that grow with
the service. What a newer version wrote is read all the same (domain.vocabulary), so no constraint
lists them any more.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261128_1330_5b1f0c7e"
down_revision = "20261128_1142_d92c9087"
branch_labels = None
depends_on = None


TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
PURPOSES = ("email_verification", "password_reset", "email_change", "invitation")
KINDS = (
    "verification_requested",
    "password_reset_requested",
    "verify_email",
    "address_in_use",
    "reset_password",
    "confirm_email_change",
    "invitation",
    "password_changed",
    "email_change_pending",
    "email_changed",
    "roles_changed",
    "account_erased",
    "session_reused",
)
REASONS = (
    "EXPIRED",
    "IDLE",
    "SIGNED_OUT",
    "REVOKED_BY_USER",
    "REVOKED_BY_ADMIN",
    "PASSWORD_CHANGED",
    "REFRESH_TOKEN_REUSED",
    "USER_SUSPENDED",
    "USER_DELETED",
)


def listed(column: str, words: tuple[str, ...], table: str) -> sa.CheckConstraint:
    """Return the constraint that the column holds one of the words, as it was before."""
    quoted = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({quoted})", name=op.f(f"ck_{table}_{column}"))


def of_user(table: str) -> sa.ForeignKeyConstraint:
    """Return the foreign key with which rows go with their user."""
    return sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=f"fk_{table}_user_id_users", ondelete="CASCADE"
    )


def sessions(*constraints: sa.CheckConstraint) -> sa.Table:
    """Return the table of sessions: SQLite can change a constraint only by a new table."""
    ended, sealed = sa.text("ended_at IS NOT NULL"), sa.text("sealed_successor IS NOT NULL")
    table = sa.Table(
        "sessions",
        sa.MetaData(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME, nullable=False),
        sa.Column("idle_expires_at", TIME, nullable=False),
        sa.Column("absolute_expires_at", TIME, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("family_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("current_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("previous_digest", sa.LargeBinary(length=32)),
        sa.Column("sealed_successor", sa.LargeBinary()),
        sa.Column("rotated_at", TIME),
        sa.Column("ended_at", TIME),
        sa.Column("end_reason", sa.String(length=32)),
        sa.Column("ip_address", sa.String(length=64)),
        sa.Column("user_agent", sa.String(length=256)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("acr", sa.String(length=16)),
        sa.Column("amr", sa.String(length=128)),
        sa.Column("authenticated_at", TIME),
        *constraints,
        of_user("sessions"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
    )
    sa.Index("ix_sessions_user_id_id", table.c.user_id, table.c.id)
    sa.Index("ix_sessions_idle_expires_at", table.c.idle_expires_at)
    sa.Index("ix_sessions_absolute_expires_at", table.c.absolute_expires_at)
    sa.Index("ix_sessions_ended_at", table.c.ended_at, sqlite_where=ended)
    sa.Index("ix_sessions_rotated_at", table.c.rotated_at, sqlite_where=sealed)
    return table


def one_time_tokens(*constraints: sa.CheckConstraint) -> sa.Table:
    """Return the table of mailed secrets."""
    table = sa.Table(
        "one_time_tokens",
        sa.MetaData(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        *constraints,
        of_user("one_time_tokens"),
        sa.PrimaryKeyConstraint("user_id", "purpose", name="pk_one_time_tokens"),
        sa.UniqueConstraint("digest", name="uq_one_time_tokens_digest"),
    )
    sa.Index("ix_one_time_tokens_expires_at", table.c.expires_at)
    return table


def outbox(*constraints: sa.CheckConstraint) -> sa.Table:
    """Return the table of queued mail, but for its index by mailbox."""
    waiting = sa.text("status = 'waiting'")
    table = sa.Table(
        "outbox_messages",
        sa.MetaData(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary()),
        sa.Column("queued_at", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("leased_until", TIME),
        sa.Column("closed_at", TIME),
        sa.Column("last_error", sa.Text()),
        *constraints,
        listed("status", ("waiting", "sent", "dead", "expired"), "outbox_messages"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_messages"),
    )
    sa.Index("ix_outbox_messages_closed_at", table.c.closed_at)
    sa.Index("ix_outbox_messages_due", table.c.due_at, sqlite_where=waiting)
    sa.Index("ix_outbox_messages_status_id", table.c.status, table.c.id)
    return table


def rebuild_outbox(*, before: sa.Table, listed_after: bool) -> None:
    """Change the constraint on what a mail is about; the index is of a kind that would be lost."""
    name, kinds = op.f("ck_outbox_messages_kind"), listed("kind", KINDS, "outbox_messages")
    op.drop_index("ix_outbox_messages_mailbox", "outbox_messages")
    with op.batch_alter_table("outbox_messages", copy_from=before) as table:
        if listed_after:
            table.create_check_constraint(name, kinds.sqltext)
        else:
            table.drop_constraint(name, type_="check")
    op.create_index("ix_outbox_messages_mailbox", "outbox_messages", [sa.text("lower(recipient)")])


def upgrade() -> None:
    kinds = listed("kind", KINDS, "outbox_messages")
    rebuild_outbox(before=outbox(kinds), listed_after=False)
    reasons = listed("end_reason", REASONS, "sessions")
    with op.batch_alter_table("sessions", copy_from=sessions(reasons)) as table:
        table.drop_constraint(op.f("ck_sessions_end_reason"), type_="check")
    purposes = listed("purpose", PURPOSES, "one_time_tokens")
    with op.batch_alter_table("one_time_tokens", copy_from=one_time_tokens(purposes)) as table:
        table.drop_constraint(op.f("ck_one_time_tokens_purpose"), type_="check")
    op.add_column("users", sa.Column("second_factor_since", TIME))
    op.create_table(
        "factors",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100)),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_used_at", TIME),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=1023)),
        sa.Column("verifier", sa.LargeBinary()),
        sa.Column("details", JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        of_user("factors"),
        sa.PrimaryKeyConstraint("id", name="pk_factors"),
        sa.UniqueConstraint("credential_id", name="uq_factors_credential_id"),
    )
    op.create_index("ix_factors_user_id_id", "factors", ["user_id", "id"])
    op.create_table(
        "spent_challenges",
        sa.Column("nonce", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("nonce", name="pk_spent_challenges"),
    )
    op.create_index("ix_spent_challenges_expires_at", "spent_challenges", ["expires_at"])
    op.create_table(
        "trusted_devices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("ip_address", sa.String(length=64)),
        sa.Column("user_agent", sa.String(length=256)),
        of_user("trusted_devices"),
        sa.PrimaryKeyConstraint("id", name="pk_trusted_devices"),
        sa.UniqueConstraint("digest", name="uq_trusted_devices_digest"),
    )
    op.create_index("ix_trusted_devices_expires_at", "trusted_devices", ["expires_at"])
    op.create_index("ix_trusted_devices_user_id_id", "trusted_devices", ["user_id", "id"])


def downgrade() -> None:
    op.drop_table("trusted_devices")
    op.drop_table("spent_challenges")
    op.drop_table("factors")
    op.drop_column("users", "second_factor_since")
    purpose = sa.column("purpose", sa.String)
    op.execute(sa.delete(sa.table("one_time_tokens", purpose)).where(purpose.not_in(PURPOSES)))
    purposes = listed("purpose", PURPOSES, "one_time_tokens")
    with op.batch_alter_table("one_time_tokens", copy_from=one_time_tokens()) as table:
        table.create_check_constraint(op.f("ck_one_time_tokens_purpose"), purposes.sqltext)
    op.execute(
        "UPDATE sessions SET end_reason = 'REVOKED_BY_ADMIN' WHERE end_reason = 'FACTORS_RESET'"
    )
    reasons = listed("end_reason", REASONS, "sessions")
    with op.batch_alter_table("sessions", copy_from=sessions()) as table:
        table.create_check_constraint(op.f("ck_sessions_end_reason"), reasons.sqltext)
    kind = sa.column("kind", sa.String)
    op.execute(sa.delete(sa.table("outbox_messages", kind)).where(kind.not_in(KINDS)))
    rebuild_outbox(before=outbox(), listed_after=True)
