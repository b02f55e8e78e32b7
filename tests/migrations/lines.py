"""Branches of revisions that a test writes for itself, beside Doorward's or instead of them."""

import shutil
from pathlib import Path

from migrations.branches import OURS, Branch

BEFORE = "20000101_0000_0000000a"
LATER = "29990202_0000_0000000b"
LAST = "29990303_0000_0000000c"
"""Names of revisions that seem to be made before all of ours, and after them."""


def copy_of_ours(folder: Path) -> Branch:
    """Return our branch as it is in another clone, to be gone on from there."""
    shutil.copytree(OURS.versions, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Branch(OURS.name, folder)


def a_branch_in(folder: Path) -> Branch:
    """Return a team's branch without a revision yet."""
    folder.mkdir()
    return Branch("documents", folder)


def add(
    branch: Branch, revision: str, *, after: str | None = None, needs: str | None = None
) -> None:
    """Write the branch's next revision; it makes a table of its own."""
    label = None if after else (branch.name,)
    (branch.versions / f"{revision}_made_by_a_test.py").write_text(
        f'''"""A table for {revision}."""

import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {after!r}
branch_labels = {label!r}
depends_on = {needs!r}


def upgrade() -> None:
    op.create_table({table_of(revision)!r}, sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table({table_of(revision)!r})
'''
    )


def table_of(revision: str) -> str:
    """Return the name of the table that the revision makes."""
    return f"made_by_{revision}"
