"""What the driver of PostgreSQL is asked: one entry for each time that an answer is waited for."""

import re
from asyncio import sleep
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event

from adapters.sqlalchemy.engine import Engine

_WRITE = re.compile(r"(?:^|\()\s*(INSERT|UPDATE|DELETE)(?: INTO| FROM)? (\w+)")


def named(query: str) -> str:
    """Return what is written, by verb and table, or how the query begins."""
    written = [f"{verb} {table.upper()}" for verb, table in _WRITE.findall(query)]
    return " + ".join(written) or query.split()[0].rstrip(";")


@asynccontextmanager
async def told_each_query(engine: Engine, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """Have each query told, in the context of the task that asks it.

    An ``executemany`` is one: asyncpg sends all rows before it waits for the answer to any.
    """
    drivers: list[Any] = []

    def note(record: Any) -> None:
        tell(record.query)

    def listen(connection: Any, _record: object, _proxy: object) -> None:
        if connection.driver_connection not in drivers:
            drivers.append(connection.driver_connection)
            connection.driver_connection.add_query_logger(note)

    event.listen(engine.sync_engine, "checkout", listen)
    try:
        yield
        await sleep(0)  # loggers are called in the loop's next round
    finally:
        event.remove(engine.sync_engine, "checkout", listen)
        for driver in drivers:
            driver.remove_query_logger(note)


@asynccontextmanager
async def asked(engine: Engine) -> AsyncIterator[list[str]]:
    """Collect what the driver is asked meanwhile, as :func:`named` says."""
    heard: list[str] = []
    async with told_each_query(engine, lambda query: heard.append(named(query))):
        yield heard
