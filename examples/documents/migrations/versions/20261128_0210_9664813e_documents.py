"""Documents that belong to users."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_0210_9664813e"
down_revision = None
branch_labels = ("documents",)
depends_on = "0009"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_documents_user_id_users", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
    )
    op.create_index("ix_documents_user_id_id", "documents", ["user_id", "id"])
    given = sa.text("expires_at IS NOT NULL")
    op.create_index(
        "ix_documents_expires_at",
        "documents",
        ["expires_at"],
        postgresql_where=given,
        sqlite_where=given,
    )


def downgrade() -> None:
    op.drop_table("documents")
