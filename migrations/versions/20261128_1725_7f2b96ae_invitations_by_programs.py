"""Whose invitation it is where a program sent it, and what the API key gave."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_1725_7f2b96ae"
down_revision = "20261128_1625_c4d19e08"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("invitations", sa.Column("invited_by_service", sa.Uuid()))
    op.add_column("invitations", sa.Column("limited_to", sa.Text()))


def downgrade() -> None:
    op.drop_column("invitations", "limited_to")
    op.drop_column("invitations", "invited_by_service")
