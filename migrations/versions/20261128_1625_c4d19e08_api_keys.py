"""API keys, service accounts with their roles, and the key that an actor came with."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_1625_c4d19e08"
down_revision = "20261128_1350_b7e3a4d1"
branch_labels = None
depends_on = None


TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "service_accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.String(length=300), nullable=False),
        sa.Column("description", sa.String(length=500)),
        sa.Column("suspended_at", TIME),
        sa.Column("suspension_reason", sa.String(length=500)),
        sa.Column("created_by", sa.Uuid()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_service_accounts"),
        sa.UniqueConstraint("name_key", name="uq_service_accounts_name_key"),
    )
    op.create_table(
        "service_account_roles",
        sa.Column("service_account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_account_id"],
            ["service_accounts.id"],
            name="fk_service_account_roles_service_account_id_service_accounts",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("service_account_id", "role", name="pk_service_account_roles"),
    )
    op.create_index(
        "ix_service_account_roles_role_service_account_id",
        "service_account_roles",
        ["role", "service_account_id"],
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid()),
        sa.Column("service_account_id", sa.Uuid()),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hint", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("permissions", sa.Text(), nullable=False),
        sa.Column("acr", sa.String(length=16), nullable=False),
        sa.Column("lifetime", sa.BigInteger()),
        sa.Column("created_by", sa.Uuid()),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("expires_at", TIME),
        sa.Column("last_used_at", TIME),
        sa.Column("last_used_ip", sa.String(length=64)),
        sa.Column("rotated_at", TIME),
        sa.Column("notice_at", TIME),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(user_id IS NULL) <> (service_account_id IS NULL)", name=op.f("ck_api_keys_owner")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_api_keys_user_id_users", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["service_account_id"],
            ["service_accounts.id"],
            name="fk_api_keys_service_account_id_service_accounts",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("digest", name="uq_api_keys_digest"),
    )
    op.create_index("ix_api_keys_user_id_id", "api_keys", ["user_id", "id"])
    op.create_index("ix_api_keys_service_account_id_id", "api_keys", ["service_account_id", "id"])
    op.create_index("ix_api_keys_expires_at", "api_keys", ["expires_at"])
    op.create_index("ix_api_keys_created_by", "api_keys", ["created_by"])
    op.create_index("ix_service_accounts_created_by", "service_accounts", ["created_by"])
    op.add_column("audit_events", sa.Column("actor_key_id", sa.String(length=64)))


def downgrade() -> None:
    op.drop_column("audit_events", "actor_key_id")
    op.drop_table("api_keys")
    op.drop_table("service_account_roles")
    op.drop_table("service_accounts")
