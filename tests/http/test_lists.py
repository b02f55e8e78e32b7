"""
What every list has in common: pages, cursors that belong to it, and a total for who asks.
"""

from collections.abc import AsyncIterator
from typing import Any

from fastapi.routing import APIRoute, iter_route_contexts

from entrypoints.http.edge.answers import ListEnvelope
from tests.http.client import Api, Tokens, data_of, refusal_of
from tests.http.conftest import every_store

ROLES = "/api/v1/roles"
INVITATIONS = "/api/v1/invitations"
ACCOUNTS = "/api/v1/service-accounts"
LISTS = frozenset(
    {
        "/api/v1/audit-events",
        INVITATIONS,
        "/api/v1/permissions",
        ROLES,
        ACCOUNTS,
        "/api/v1/signing-keys",
        "/api/v1/users",
        "/api/v1/users/me/security-events",
        "/api/v1/users/me/sessions",
        "/api/v1/users/{user_id}/sessions",
    }
)
SHORT = frozenset(
    {
        "/api/v1/service-accounts/{account_id}/api-keys",
        "/api/v1/users/me/api-keys",
        "/api/v1/users/me/devices",
        "/api/v1/users/me/factors",
        "/api/v1/users/{user_id}/api-keys",
        "/api/v1/users/{user_id}/factors",
    }
)
"""They have an end that is never far: all of them is one page."""


def test_no_list_is_left_out(api: Api) -> None:
    """
    What is answered as a list is tested as one below, unless it is short in any case.
    """
    found = {
        route.path
        for context in iter_route_contexts(api.app.routes)
        if isinstance(route := context.route, APIRoute)
        and isinstance(route.response_model, type)
        and issubclass(route.response_model, ListEnvelope)
    }
    assert found == LISTS | SHORT


async def test_a_short_list_is_one_page(api: Api) -> None:
    admin = await api.administrator()
    made = await api.post(ACCOUNTS, {"name": "Shop"}, access=admin.access)
    ids = {"user_id": admin.user_id, "account_id": data_of(made, 201)["id"]}
    for template in SHORT:
        path = template.format_map(ids)
        answer = await api.get(path, access=admin.access)
        assert data_of(answer) == []
        assert answer.json()["meta"]["next_cursor"] is None


async def full(api: Api) -> Tokens:
    """
    Put more than one thing into every list, and return who may read them all.
    """
    admin, _ = await api.administrator(), await api.signed_in_user()
    for name in ("clerk", "auditor"):
        body = {"name": name, "permissions": ["users:read"]}
        data_of(await api.post(ROLES, body, access=admin.access), 201)
        invitation = {"email": f"{name}@example.com"}
        data_of(await api.post(INVITATIONS, invitation, access=admin.access), 201)
        data_of(await api.post(ACCOUNTS, {"name": name}, access=admin.access), 201)
    data_of(await api.post("/api/v1/signing-keys/rotate", access=admin.access), 202)
    return await api.sign_in("root@example.com")


async def pages(api: Api, path: str, access: str, **query: Any) -> AsyncIterator[dict[str, Any]]:
    """
    Follow the cursors from the first page to the last.
    """
    params = dict(query)
    while True:
        answer = await api.get(path, params=params, access=access)
        data_of(answer)
        yield answer.json()
        cursor = answer.json()["meta"]["next_cursor"]
        if cursor is None:
            return
        params["cursor"] = cursor


@every_store
async def test_every_list_is_read_page_by_page_and_counted_on_request(api: Api) -> None:
    """
    AZ-6, HD-14: every item once, in one order, and a total with ``count=true`` only.
    """
    admin = await full(api)
    for template in sorted(LISTS):
        path = template.replace("{user_id}", admin.user_id)
        whole = (await api.get(path, params={"limit": 200}, access=admin.access)).json()
        everything = whole["data"]
        assert len(everything) > 1, path
        assert whole["meta"]["limit"] == 200, path
        assert whole["meta"]["next_cursor"] is None, path
        assert "count" not in whole["meta"], path
        plain = (await api.get(path, access=admin.access)).json()
        assert plain["meta"]["limit"] == 50, path

        listed: list[Any] = []
        async for page in pages(api, path, admin.access, limit=1, count="true"):
            assert len(page["data"]) == 1, path
            assert page["meta"]["limit"] == 1, path
            assert page["meta"]["count"] == len(everything), path
            listed += page["data"]
        assert listed == everything, path


async def test_what_is_no_page_is_refused_by_every_list(api: Api) -> None:
    """
    AZ-6, IN-5: also a cursor that belongs to another list or to another caller.
    """
    admin = await full(api)
    cursors: dict[str, str] = {}
    paths = [template.replace("{user_id}", admin.user_id) for template in sorted(LISTS)]
    for path in paths:
        for query in ({"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"count": "yes"}):
            answer = await api.get(path, params=query, access=admin.access)
            assert refusal_of(answer) == (422, "VALIDATION_ERROR"), (path, query)
        first = await api.get(path, params={"limit": 1}, access=admin.access)
        cursors[path] = first.json()["meta"]["next_cursor"]
    other = await api.administrator("other@example.com")
    for path in paths:
        foreign = {cursor for source, cursor in cursors.items() if source != path}
        for cursor in ("AAAA", "é", *foreign):
            answer = await api.get(path, params={"cursor": cursor}, access=admin.access)
            assert refusal_of(answer) == (400, "INVALID_CURSOR"), path
        answer = await api.get(path, params={"cursor": cursors[path]}, access=other.access)
        assert refusal_of(answer) == (400, "INVALID_CURSOR"), path
