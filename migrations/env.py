"""What Alembic runs for every command.

:mod:`migrations.runner` hands over an open connection that holds the lock, and
:mod:`migrations.drafting` the tables to compare the database with. The command line brings
neither: then a connection is opened here, on DATABASE_URL or the SQLite file of ``make run``, and
the tables are Doorward's own.
"""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, Connection, Table

from adapters.sqlalchemy.revisions import new_revision_name
from adapters.sqlalchemy.schema import UtcDateTime
from migrations.runner import DEFAULT_URL, open_for_migration
from migrations.tables import tables_of


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our types in SQLAlchemy's words: a revision must not change when the code does."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def is_part_of(tables: Iterable[Table], dialect: str) -> Callable[..., bool]:
    """Return what tells whether a part of the schema is one of these tables' on this database."""
    known = set(tables)

    def include(part: Any, _name: str | None, kind: str, reflected: bool, _other: object) -> bool:
        if kind == "table" and not reflected:
            return part in known
        # An index that only PostgreSQL has is not missing elsewhere.
        return (
            kind != "index"
            or dialect == "postgresql"
            or not part.dialect_options["postgresql"].get("ops")
        )

    return include


def name_apart(
    _migration: MigrationContext,
    _revision: str | Iterable[str | None] | Iterable[str],
    directives: list[MigrationScript],
) -> None:
    """Give the new revision a name that no other branch chooses."""
    for directive in directives:
        directive.rev_id = new_revision_name()


def run(connection: Connection, tables: Sequence[Table]) -> None:
    """Run the command that Alembic was called for on this connection."""
    context.configure(
        connection=connection,
        target_metadata=list(dict.fromkeys(table.metadata for table in tables)),
        compare_server_default=True,
        render_item=render_item,
        include_object=is_part_of(tables, connection.dialect.name),
        # SQLite can change a table only by making a new one.
        render_as_batch=connection.dialect.name == "sqlite",
        process_revision_directives=name_apart,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_on(url: str) -> None:
    """Open a connection as the service's own migration does and run the command on it."""
    async with open_for_migration(url) as connection:
        await connection.run_sync(run, tables_of())


def main() -> None:
    """Run on the connection that was handed over, or on one of our own."""
    connection = context.config.attributes.get("connection")
    url = os.environ.get("DATABASE_URL") or DEFAULT_URL
    if connection is not None:
        run(connection, context.config.attributes.get("tables", ()))
    elif context.is_offline_mode():
        context.configure(url=url.partition(":")[0] + "://", literal_binds=True)
        with context.begin_transaction():
            context.run_migrations()
    else:
        asyncio.run(run_on(url))


main()
