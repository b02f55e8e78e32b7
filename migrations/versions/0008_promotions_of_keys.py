"""When each signing key came to sign, noted once for the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("signing_keys", sa.Column("promoted_at", sa.DateTime(timezone=True)))
    # What came to sign before this was noted has no row in the trail, and gets none now; a key
    # whose day is yet to come gets one on that day.
    op.execute(
        "UPDATE signing_keys SET promoted_at = activates_at WHERE activates_at <= CURRENT_TIMESTAMP"
    )


def downgrade() -> None:
    op.drop_column("signing_keys", "promoted_at")
