"""
GET /: the way to the documentation in development; in production there is nothing.
"""

from typing import Any

import pytest

from tests.http.client import refusal_of
from tests.http.conftest import Start


async def test_in_development_the_root_leads_to_the_documentation(start: Start) -> None:
    api = await start()
    for method in ("GET", "HEAD"):
        answer = await api.http.request(method, "/")
        assert (answer.status_code, answer.headers["location"]) == (307, "/docs")
    assert (await api.http.get("/docs")).status_code == 200
    assert (await api.http.post("/", json={})).status_code == 405


@pytest.mark.parametrize(
    "settings",
    [{"docs": False}, {"environment": "production"}, {"environment": "production", "docs": True}],
)
async def test_elsewhere_the_root_is_nothing(start: Start, settings: dict[str, Any]) -> None:
    """
    HD-4
    """
    api = await start(**settings)
    answer = await api.http.get("/")
    assert refusal_of(answer) == (404, "NOT_FOUND")
