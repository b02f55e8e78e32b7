"""What Alembic runs for every command.

:mod:`migrations.runner` hands over an open connection that holds the lock. The command line
brings none: then one is opened here, on DATABASE_URL or the SQLite file of ``make run``.
"""

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Connection

from adapters.sqlalchemy.tables import UtcDateTime, metadata
from migrations.runner import DEFAULT_URL, open_for_migration

OPTIONS: dict[str, Any] = {"target_metadata": metadata, "compare_server_default": True}


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our types in SQLAlchemy's words: a revision must not change when the code does."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def is_of(dialect: str) -> Callable[..., bool]:
    """Return what tells whether a part of the schema is one of this database's."""

    def include(part: Any, _name: str | None, kind: str, *_: object) -> bool:
        # An index that only PostgreSQL has is not missing elsewhere.
        return (
            kind != "index"
            or dialect == "postgresql"
            or not part.dialect_options["postgresql"].get("ops")
        )

    return include


def number(
    migration: MigrationContext,
    _revision: str | Iterable[str | None] | Iterable[str],
    directives: list[MigrationScript],
) -> None:
    """Name the new revision by the next number."""
    assert migration.config is not None  # noqa: S101 - there is one behind every command
    newest = ScriptDirectory.from_config(migration.config).get_current_head()
    for directive in directives:
        directive.rev_id = f"{int(newest or 0) + 1:04}"


def run(connection: Connection) -> None:
    """Run the command that Alembic was called for on this connection."""
    context.configure(
        connection=connection,
        render_item=render_item,
        include_object=is_of(connection.dialect.name),
        # SQLite can change a table only by making a new one.
        render_as_batch=connection.dialect.name == "sqlite",
        process_revision_directives=number,
        **OPTIONS,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on(url: str) -> None:
    """Open a connection as the service's own migration does and run the command on it."""
    async with open_for_migration(url) as connection:
        await connection.run_sync(run)


def main() -> None:
    """Run on the connection that was handed over, or on one of our own."""
    connection = context.config.attributes.get("connection")
    url = os.environ.get("DATABASE_URL") or DEFAULT_URL
    if connection is not None:
        run(connection)
    elif context.is_offline_mode():
        context.configure(url=url.partition(":")[0] + "://", literal_binds=True, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()
    else:
        asyncio.run(run_on(url))


main()
