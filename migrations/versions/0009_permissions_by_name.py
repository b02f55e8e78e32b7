"""Which permissions there are at all, without reading who gives them."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_role_permissions_permission", "role_permissions", ["permission"])


def downgrade() -> None:
    op.drop_index("ix_role_permissions_permission", "role_permissions")
