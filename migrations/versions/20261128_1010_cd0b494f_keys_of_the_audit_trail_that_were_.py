"""Keys of the audit trail from before SECRET_KEY was changed."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_1010_cd0b494f"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retired_audit_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retired_audit_keys")),
    )


def downgrade() -> None:
    op.drop_table("retired_audit_keys")
