"""Writes a new revision from what changed in the tables; for developers.

The tables are compared with a scratch database that is brought to the newest revisions first, so
that neither the developer's own database nor a service has to be there.
"""

import tempfile
import warnings
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import Script
from sqlalchemy import Connection

from migrations.branches import OURS, Branch, Branches, heads_of
from migrations.runner import config_of, open_for_migration, upgrade
from migrations.tables import tables_of


async def draft(message: str, *, branch: Branch = OURS, branches: Branches = (OURS,)) -> Path:
    """Write the branch's next revision and return its file; read it before you run it.

    It comes after all heads of its branch, and so joins them if there are several. The first
    one of a branch beside ours needs all of ours that there is today.
    """
    config = config_of(branches)
    config.attributes["tables"] = tables_of(branches)
    with warnings.catch_warnings(), tempfile.TemporaryDirectory(prefix="doorward-") as folder:
        # SQLite does not show such an index; tests/migrations compares it on both databases.
        warnings.filterwarnings("ignore", message=".*expression-based index")
        url = f"sqlite:///{folder}/scratch.db"
        await upgrade(url, branches=branches)
        async with open_for_migration(url) as connection:
            return await connection.run_sync(_write, config, message, branch)


def _write(connection: Connection, config: Config, message: str, branch: Branch) -> Path:
    config.attributes["connection"] = connection
    before = sorted(heads_of(branch))
    is_first = not before
    # Alembic takes lists where it asks for a string.
    needed: Any = sorted(heads_of(OURS)) if is_first and branch != OURS else None
    head: Any = "base" if is_first else before
    written = command.revision(
        config,
        message,
        autogenerate=True,
        head=head,
        branch_label=branch.name if is_first else None,
        depends_on=needed,
        version_path=branch.versions,
    )
    if not isinstance(written, Script):
        raise TypeError("one revision was asked for")
    return Path(written.path)
