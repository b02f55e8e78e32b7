"""
The tiny app behind the edge, for every test here.
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.http.edge.application import behind_the_edge, build_app, client_of


@pytest.fixture(scope="session")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """
    A client of the tiny app. What it sends never changes the app, so one serves all tests.
    """
    async with client_of(behind_the_edge(build_app())) as client:
        yield client
