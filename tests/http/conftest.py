"""
The real service. A test runs on memory alone, unless it is about the store:

    @every_store     memory, SQLite and PostgreSQL: races, durability, search and order, paging,
                     bytes that reach the database, export and erasure
    @databases       SQLite and PostgreSQL, where memory has nothing to show
    @memory_only     what looks into the memory store or makes it fail

What a repository writes and reads is proven for every store by tests/contracts, and that each
route works on each by tests/http/test_every_operation.py; the rest need not be said three times.
The decorators are plain parametrizations of the fixture `store`. TEST_STORE=postgres (or sqlite)
runs everything that is not decorated on that store instead.

    api      one instance with the settings of tests/http/client.py
    start    starts one with other settings, another clock, hasher or mailer, or a second one
"""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest

from application.credentials.ports import PasswordHasher
from application.mail.ports import Mailer
from application.ports.clock import Clock
from tests.http.client import Api, running_api, settings_for

every_store = pytest.mark.parametrize("store", ["memory", "sqlite", "postgres"])
databases = pytest.mark.parametrize("store", ["sqlite", "postgres"])
memory_only = pytest.mark.parametrize("store", ["memory"])


class Start(Protocol):
    """
    Starts an instance of the service over the test's store; it stops with the test.
    """

    async def __call__(
        self,
        *,
        clock: Clock | None = None,
        hasher: PasswordHasher | None = None,
        mailer: Mailer | None = None,
        beside: Api | None = None,
        **settings: Any,
    ) -> Api: ...


@pytest.fixture
def store() -> str:
    """
    The kind of store that the test runs on.
    """
    return os.environ.get("TEST_STORE", "memory")


@pytest.fixture
def store_url(request: pytest.FixtureRequest, store: str) -> str:
    """
    The address of an empty, migrated store.
    """
    # Synchronous on purpose: an async fixture could not ask for another one by name.
    return "memory://" if store == "memory" else str(request.getfixturevalue(f"{store}_url"))


@pytest.fixture
async def start(store_url: str) -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def start_one(
            *,
            clock: Clock | None = None,
            hasher: PasswordHasher | None = None,
            mailer: Mailer | None = None,
            beside: Api | None = None,
            **settings: Any,
        ) -> Api:
            given = settings_for(settings.pop("url", store_url), **settings)
            running = running_api(given, clock=clock, hasher=hasher, mailer=mailer, beside=beside)
            return await stack.enter_async_context(running)

        yield start_one


@pytest.fixture
async def api(start: Start) -> Api:
    return await start()
