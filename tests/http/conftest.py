"""
The real service over each of the three stores.

    api      one instance with the settings of tests/http/client.py
    start    starts one with other settings, another clock or another hasher, or a second one
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest

from application.ports.clock import Clock
from application.ports.passwords import PasswordHasher
from tests.http.client import Api, running_api, settings_for


class Start(Protocol):
    """
    Starts an instance of the service over the test's store; it stops with the test.
    """

    async def __call__(
        self,
        *,
        clock: Clock | None = None,
        hasher: PasswordHasher | None = None,
        beside: Api | None = None,
        **settings: Any,
    ) -> Api: ...


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> str:
    """
    The kind of store that the test runs on.
    """
    return str(request.param)


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
            beside: Api | None = None,
            **settings: Any,
        ) -> Api:
            given = settings_for(settings.pop("url", store_url), **settings)
            running = running_api(given, clock=clock, hasher=hasher, beside=beside)
            return await stack.enter_async_context(running)

        yield start_one


@pytest.fixture
async def api(start: Start) -> Api:
    return await start()
