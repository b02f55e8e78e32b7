"""
The command line over a database of its own. Commands run in this process (`tests.support.
command_line`); test_process.py starts real ones.

    operator     on SQLite
    operators    on SQLite and on PostgreSQL, for what writes
"""

from pathlib import Path

import pytest

from tests.cli.operator import Operator


@pytest.fixture
def operator(sqlite_url: str, tmp_path: Path) -> Operator:
    return Operator(as_typed(sqlite_url), tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def operators(request: pytest.FixtureRequest, tmp_path: Path) -> Operator:
    return Operator(as_typed(str(request.getfixturevalue(f"{request.param}_url"))), tmp_path)


def as_typed(url: str) -> str:
    """
    Return the address as people write it, without the name of a driver.
    """
    return url.replace("+asyncpg", "").replace("+aiosqlite", "")
