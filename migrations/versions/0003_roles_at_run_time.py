"""Roles that are defined at run time."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "roles",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=500)),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_roles"),
    )
    op.create_table(
        "role_permissions",
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("permission", sa.String(length=65), nullable=False),
        sa.ForeignKeyConstraint(
            ["role"], ["roles.name"], name="fk_role_permissions_role_roles", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role", "permission", name="pk_role_permissions"),
    )


def downgrade() -> None:
    op.drop_table("role_permissions")
    op.drop_table("roles")
