"""How surely the user of each session was recognised; null for those of before."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_1142_d92c9087"
down_revision = "20261128_1010_cd0b494f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("acr", sa.String(16)))
    op.add_column("sessions", sa.Column("amr", sa.String(128)))
    op.add_column("sessions", sa.Column("authenticated_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("sessions", "authenticated_at")
    op.drop_column("sessions", "amr")
    op.drop_column("sessions", "acr")
