"""
The stores that documents are tested on, at the schema of both branches.

The databases are those of Doorward's own tests; only what they are copied from is another. A team
outside of this repository takes `tests/support/` along.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from examples.documents.entrypoints.container import DocumentsContainer
from tests.conftest import postgres_admin_url, postgres_pool, postgres_url, sqlite_url
from tests.support.databases import administer, database_name, text_of

__all__ = ["postgres_admin_url", "postgres_pool", "postgres_url", "sqlite_url"]

BRANCHES = DocumentsContainer.branches


@pytest.fixture(scope="session")
async def postgres_template(postgres_admin_url: str) -> AsyncIterator[str]:
    """
    The name of a PostgreSQL database with documents that others are copied from.
    """
    from migrations.runner import upgrade

    name = database_name("documents")
    await administer(postgres_admin_url, f'CREATE DATABASE "{name}"')
    try:
        url = text_of(make_url(postgres_admin_url).set(database=name))
        await upgrade(url, branches=BRANCHES)
        yield name
    finally:
        await administer(postgres_admin_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
async def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    An SQLite file with documents that others are copied from.
    """
    from migrations.runner import upgrade

    file = tmp_path_factory.mktemp("sqlite") / "documents.db"
    await upgrade(f"sqlite+aiosqlite:///{file}", branches=BRANCHES)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file
