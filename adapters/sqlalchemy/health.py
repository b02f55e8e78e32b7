"""Whether the database is there, and whether its schema is the one that this code knows."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from sqlalchemy import column, func, literal_column, select, table

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.engine import Engine
from adapters.sqlalchemy.errors import is_missing_table, unavailable
from adapters.sqlalchemy.execution import OneByOne
from adapters.sqlalchemy.failures import NO_ANSWER, foreign_tables, read_only
from adapters.sqlalchemy.revisions import Difference, Revisions
from adapters.sqlalchemy.schema import metadata
from adapters.sqlalchemy.statements import Row, Statement
from application.ports.health import HealthProbe
from domain.errors import DomainError, ServiceUnavailable
from domain.failures import Failure, Remedy

_PING = Statement(select(literal_column("1")))
_REVISIONS = Statement(select(column("version_num")).select_from(table("alembic_version")))

_IS_READ_ONLY = Statement(select(func.current_setting("transaction_read_only")))
_TABLES = {
    "postgresql": Statement(
        select(column("tablename"))
        .select_from(table("pg_tables"))
        .where(column("schemaname") == func.current_schema())
    ),
    "sqlite": Statement(
        select(column("name"))
        .select_from(table("sqlite_master"))
        .where(column("type") == literal_column("'table'"))
    ),
}


class _Question:
    """One statement, and how long it may take."""

    def __init__(self, engine: Engine, timeout: float) -> None:
        self._connections = Connections(engine)
        self._timeout = timeout

    async def ask(self, statement: Statement) -> Sequence[Row]:
        """Return the rows; raise like the database or ``TimeoutError``."""
        execution = OneByOne(self._connections)
        async with asyncio.timeout(self._timeout):
            try:
                return await execution.all(statement)
            finally:
                await execution.end()


class DatabaseProbe(HealthProbe):
    """Asks the database for a sign of life, and whether it can be written to."""

    name = "database"

    def __init__(self, engine: Engine, *, timeout: float = 2.0) -> None:
        self._question = _Question(engine, timeout)
        self._has_standbys = engine.dialect.name == "postgresql"

    async def failure(self) -> Failure | None:
        try:
            rows = await self._question.ask(_IS_READ_ONLY if self._has_standbys else _PING)
        except ServiceUnavailable as away:
            return away.failure or NO_ANSWER
        except (DomainError, TimeoutError):
            return NO_ANSWER
        return read_only() if rows[0][0] == "on" else None


class SchemaProbe(HealthProbe):
    """Compares the database's revisions with those that this code knows (DB-5)."""

    name = "schema"

    def __init__(
        self,
        engine: Engine,
        known: Revisions,
        *,
        own_tables: Callable[[], Collection[str]] = metadata.tables.keys,
        timeout: float = 2.0,
    ) -> None:
        """``own_tables`` is asked for the names of ours when a database has no revision."""
        self._question = _Question(engine, timeout)
        self._tables = _TABLES[engine.dialect.name]
        self._known, self._own_tables = known, own_tables

    async def failure(self) -> Failure | None:
        try:
            difference = await self.difference()
        except ServiceUnavailable as away:
            return away.failure or NO_ANSWER
        if difference is None:
            return None
        return Failure(
            part="database's schema",
            reason=f"schema_{difference.standing.name.lower()}",
            words=difference.words,
            cure=difference.cure,
            remedy=Remedy.RESTART,
            public=difference.words,
        )

    async def difference(self) -> Difference | None:
        """Return how the schema differs from this code's; None if it does not.

        Raises ServiceUnavailable when the database does not answer, or when others' tables stand
        where ours would: that is no difference.
        """
        try:
            rows = await self._ask(_REVISIONS)
        except ServiceUnavailable:
            raise
        except Exception as error:
            if not is_missing_table(error):
                raise
            rows = []
        if not rows:
            present = {str(name) for (name,) in await self._ask(self._tables)}
            if not present.isdisjoint(self._own_tables()):
                raise unavailable(foreign_tables())
        return self._known.difference({str(revision) for (revision,) in rows})

    async def _ask(self, statement: Statement) -> Sequence[Row]:
        try:
            return await self._question.ask(statement)
        except TimeoutError:
            raise unavailable(NO_ANSWER) from None
        except ServiceUnavailable:
            raise
        except DomainError:
            raise unavailable() from None
