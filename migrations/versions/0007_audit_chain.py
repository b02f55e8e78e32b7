"""The audit trail as a chain."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("audit_events", sa.Column("seal", sa.LargeBinary(length=32)))
    op.add_column("audit_events", sa.Column("origin_seal", sa.LargeBinary(length=32)))
    op.add_column("audit_events", sa.Column("position", sa.BigInteger()))
    op.add_column("audit_events", sa.Column("link", sa.LargeBinary(length=32)))
    op.create_index("ix_audit_events_position", "audit_events", ["position"], unique=True)
    loose = sa.text("position IS NULL")
    op.create_index(
        "ix_audit_events_loose",
        "audit_events",
        ["occurred_at", "id"],
        postgresql_where=loose,
        sqlite_where=loose,
    )
    op.create_table(
        "audit_chain",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("link", sa.LargeBinary(length=32), nullable=False),
        sa.Column("sealed_at", TIME, nullable=False),
        sa.Column("signature", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_chain"),
    )


def downgrade() -> None:
    op.drop_table("audit_chain")
    for name in ("loose", "position"):
        op.drop_index(f"ix_audit_events_{name}", "audit_events")
    for column in ("link", "position", "origin_seal", "seal"):
        op.drop_column("audit_events", column)
