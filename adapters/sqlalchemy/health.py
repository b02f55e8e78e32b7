"""Whether the database is there, and whether its schema is the one that this code knows."""

import asyncio

from sqlalchemy import column, literal_column, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.connections import Connections
from adapters.sqlalchemy.errors import is_missing_table, unavailable
from adapters.sqlalchemy.execution import OneByOne
from adapters.sqlalchemy.statements import Statement
from application.ports.health import HealthProbe
from domain.errors import DomainError, ServiceUnavailable

_PING = Statement(select(literal_column("1")))
_REVISION = Statement(select(column("version_num")).select_from(table("alembic_version")))

NO_ANSWER = "does not answer"


class _Question:
    """One statement, and how long it may take."""

    def __init__(self, engine: AsyncEngine, timeout: float) -> None:
        self._connections = Connections(engine)
        self._timeout = timeout

    async def ask(self, statement: Statement) -> object:
        """Return the first value, or None; raise like the database or ``TimeoutError``."""
        execution = OneByOne(self._connections)
        async with asyncio.timeout(self._timeout):
            try:
                row = await execution.first(statement)
            finally:
                await execution.end()
        return None if row is None else row[0]


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
    """Compares the database's revision with the one that this code is written for (DB-5)."""

    name = "schema"

    def __init__(self, engine: AsyncEngine, *, expected: str, timeout: float = 2.0) -> None:
        self._question = _Question(engine, timeout)
        self._expected = expected

    async def failure(self) -> str | None:
        try:
            return await self.difference()
        except ServiceUnavailable:
            return NO_ANSWER

    async def difference(self) -> str | None:
        """Return None if the schema is the expected one, else how it differs, in a few words.

        Raises ServiceUnavailable when the database does not answer: that is no difference.
        """
        try:
            present = await self._question.ask(_REVISION)
        except (DomainError, TimeoutError):
            raise unavailable() from None
        except Exception as error:
            if is_missing_table(error):
                return "was never migrated"
            raise
        if present == self._expected:
            return None
        if present is None:
            return "was never migrated"
        # Revisions are numbered (migrations/env.py), so that their names sort.
        age = "older" if str(present) < self._expected else "newer"
        return f"is at revision {present}, {age} than {self._expected}"
