"""What the workers know together of the mail server."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "circuits",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("open_until", TIME),
        sa.Column("probe_until", TIME),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_circuits"),
    )

    op.create_index("ix_outbox_messages_status_id", "outbox_messages", ["status", "id"])


def downgrade() -> None:
    op.drop_index("ix_outbox_messages_status_id", "outbox_messages")
    op.drop_table("circuits")
