"""Whether the database is there, and whether its schema is the one that this code knows."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import column, literal_column, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.errors import is_missing_table, unavailable
from adapters.sqlalchemy.execution import OneByOne
from adapters.sqlalchemy.revisions import Difference, Revisions
from adapters.sqlalchemy.statements import Row, Statement
from application.ports.health import HealthProbe
from domain.errors import DomainError, ServiceUnavailable

_PING = Statement(select(literal_column("1")))
_REVISIONS = Statement(select(column("version_num")).select_from(table("alembic_version")))

NO_ANSWER = "does not answer"


class _Question:
    """One statement, and how long it may take."""

    def __init__(self, engine: AsyncEngine, timeout: float) -> None:
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
    """Asks the database for a sign of life."""

    name = "database"

    def __init__(self, engine: AsyncEngine, *, timeout: float = 2.0) -> None:
        self._question = _Question(engine, timeout)

    async def failure(self) -> str | None:
        try:
            await self._question.ask(_PING)
        except (DomainError, TimeoutError):
            return NO_ANSWER
        return None


class SchemaProbe(HealthProbe):
    """Compares the database's revisions with those that this code knows (DB-5)."""

    name = "schema"

    def __init__(self, engine: AsyncEngine, known: Revisions, *, timeout: float = 2.0) -> None:
        self._question = _Question(engine, timeout)
        self._known = known

    async def failure(self) -> str | None:
        try:
            difference = await self.difference()
        except ServiceUnavailable:
            return NO_ANSWER
        return None if difference is None else difference.words

    async def difference(self) -> Difference | None:
        """Return how the schema differs from this code's; None if it does not.

        Raises ServiceUnavailable when the database does not answer: that is no difference.
        """
        try:
            rows = await self._question.ask(_REVISIONS)
        except (DomainError, TimeoutError):
            raise unavailable() from None
        except Exception as error:
            if not is_missing_table(error):
                raise
            rows = []
        return self._known.difference({str(revision) for (revision,) in rows})
