"""Invitations, and mail about the life of an account."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


TIME = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KINDS = (
    "verification_requested",
    "password_reset_requested",
    "verify_email",
    "address_in_use",
    "reset_password",
    "password_changed",
    "session_reused",
)
KINDS_SINCE = (
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


def held(kinds: tuple[str, ...]) -> sa.CheckConstraint:
    """Return the constraint that the outbox holds messages of these kinds and no others."""
    words = ", ".join(f"'{kind}'" for kind in kinds)
    return sa.CheckConstraint(f"kind IN ({words})", name=op.f("ck_outbox_messages_kind"))


def outbox(kinds: tuple[str, ...]) -> sa.Table:
    """Return the table as it was before: SQLite can change a constraint only by a new table."""
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
        held(kinds),
        sa.CheckConstraint(
            "status IN ('waiting', 'sent', 'dead', 'expired')",
            name=op.f("ck_outbox_messages_status"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_messages"),
    )
    sa.Index("ix_outbox_messages_closed_at", table.c.closed_at)
    sa.Index("ix_outbox_messages_due", table.c.due_at, sqlite_where=waiting)
    return table


def allow(kinds: tuple[str, ...], *, before: tuple[str, ...]) -> None:
    """Let the outbox hold messages of these kinds and no others."""
    name = op.f("ck_outbox_messages_kind")
    with op.batch_alter_table("outbox_messages", copy_from=outbox(before)) as table:
        table.drop_constraint(name, type_="check")
        table.create_check_constraint(name, held(kinds).sqltext)


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("roles", JSON, nullable=False),
        sa.Column("invited_by", sa.Uuid()),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["invited_by"],
            ["users.id"],
            name="fk_invitations_invited_by_users",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("digest", name="uq_invitations_digest"),
        sa.UniqueConstraint("email_key", name="uq_invitations_email_key"),
    )
    op.create_index("ix_invitations_expires_at", "invitations", ["expires_at"])
    op.create_index("ix_invitations_invited_by", "invitations", ["invited_by"])
    allow(KINDS_SINCE, before=KINDS)
    op.create_index("ix_outbox_messages_mailbox", "outbox_messages", [sa.text("lower(recipient)")])


def downgrade() -> None:
    op.drop_index("ix_outbox_messages_mailbox", "outbox_messages")
    kind = sa.column("kind", sa.String)
    op.execute(sa.delete(sa.table("outbox_messages", kind)).where(kind.not_in(KINDS)))
    allow(KINDS, before=KINDS_SINCE)
    op.drop_table("invitations")
