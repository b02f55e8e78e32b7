"""The level below which a role is dormant; null for one that counts in every session."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_1350_b7e3a4d1"
down_revision = "20261128_1330_5b1f0c7e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("roles", sa.Column("required_acr", sa.String(16)))


def downgrade() -> None:
    op.drop_column("roles", "required_acr")
