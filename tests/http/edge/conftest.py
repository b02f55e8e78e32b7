"""
The tiny app behind the edge, and a browser before the real one, for every test here.
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.http.client import Api
from tests.http.edge.application import behind_the_edge, build_app, client_of
from tests.http.edge.browser import Browser


@pytest.fixture(scope="session")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """
    A client of the tiny app. What it sends never changes the app, so one serves all tests.
    """
    async with client_of(behind_the_edge(build_app())) as client:
        yield client


@pytest.fixture
async def browser(api: Api) -> Browser:
    """
    A user who is signed in with cookies.
    """
    await api.verified_user()
    browser = Browser(api)
    await browser.sign_in()
    return browser
