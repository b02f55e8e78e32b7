"""
Users as administrators find, change and remove them, over HTTP.
"""

from typing import Any

from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    Api,
    Tokens,
    data_of,
    reason_of,
    refusal_of,
)
from tests.http.conftest import every_store

USERS = "/api/v1/users"
AUDIT = "/api/v1/audit-events"
KEYS = "/api/v1/signing-keys"
ROTATE = "/api/v1/signing-keys/rotate"
CHECK = "/api/v1/authorization/check"


async def addresses(api: Api, admin: Tokens, **query: Any) -> list[str]:
    """
    Return the addresses of the users in question, read page by page.
    """
    found: list[str] = []
    params: dict[str, Any] = {"limit": 2, **query}
    while True:
        answer = await api.get(USERS, params=params, access=admin.access)
        found += [user["email"] for user in data_of(answer)]
        cursor = answer.json()["meta"]["next_cursor"]
        if cursor is None:
            return found
        params["cursor"] = cursor


@every_store
async def test_users_are_listed_filtered_and_searched(api: Api) -> None:
    """
    AZ-5, AZ-6, HD-14: literally, in a stable order, with a total only where it is asked for.
    """
    admin = await api.administrator()
    for number, name in enumerate(["Zoë 100%", "Under_score", None]):
        await api.sign_up(f"user{number}@example.com", display_name=name)
    await api.confirm(await api.mailed_token("user1@example.com"))
    newest = ["user2@example.com", "user1@example.com", "user0@example.com", "root@example.com"]
    assert await addresses(api, admin) == newest
    assert await addresses(api, admin, sort="created_at") == newest[::-1]
    assert await addresses(api, admin, sort="email") == sorted(newest)
    assert await addresses(api, admin, email="USER1@example.com") == ["user1@example.com"]
    assert await addresses(api, admin, query="zoë") == ["user0@example.com"]
    assert await addresses(api, admin, query="0%") == ["user0@example.com"]
    assert await addresses(api, admin, query="r_s") == ["user1@example.com"]
    assert await addresses(api, admin, status="unverified") == [
        "user2@example.com", "user0@example.com",
    ]  # fmt: skip
    assert await addresses(api, admin, role="administrator") == ["root@example.com"]
    assert await addresses(api, admin, created_after="2999-01-01T00:00:00Z") == []
    assert len(await addresses(api, admin, created_before="2999-01-01T00:00:00+02:00")) == 4
    counted = await api.get(USERS, params={"limit": 1, "count": "true"}, access=admin.access)
    assert counted.json()["meta"]["count"] == 4
    plain = await api.get(USERS, access=admin.access)
    assert "count" not in plain.json()["meta"]


async def test_what_is_no_filter_is_refused(api: Api) -> None:
    """
    AZ-5, IN-5: an allow-list, and nothing that could be read as something else.
    """
    admin = await api.administrator()
    for query in (
        {"sort": "password"}, {"sort": "email; drop"}, {"status": "lost"}, {"query": "x"},
        {"query": "x" * 101}, {"role": "No Role"}, {"email": "nobody"}, {"limit": "0"},
        {"limit": "201"}, {"created_after": "yesterday"}, {"created_after": "2026-01-01"},
        {"created_before": "2026-13-01T00:00:00Z"}, {"count": "yes"},
    ):  # fmt: skip
        answer = await api.get(USERS, params=query, access=admin.access)
        assert refusal_of(answer) == (422, "VALIDATION_ERROR"), query
    first = await api.get(USERS, params={"limit": 1}, access=admin.access)
    assert first.json()["meta"]["next_cursor"] is None
    tampered = await api.get(USERS, params={"cursor": "AAAA"}, access=admin.access)
    assert refusal_of(tampered) == (400, "INVALID_CURSOR")


async def test_one_user_is_read_changed_and_deleted_under_its_etag(api: Api) -> None:
    """
    AT-9, HD-13: only the name can be set.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    path = f"{USERS}/{user.user_id}"
    read = await api.get(path, access=admin.access)
    etag = {"if-match": read.headers["etag"]}
    changed = await api.patch(path, {"display_name": "Ada"}, access=admin.access, headers=etag)
    assert data_of(changed)["display_name"] == "Ada"
    for body in ({"email": "x@example.com"}, {"status": "active"}, {"roles": ["administrator"]},
                 {"password": NEW_PASSWORD}):  # fmt: skip
        refused = await api.patch(path, body, access=admin.access)
        assert refusal_of(refused) == (422, "VALIDATION_ERROR")
    late = await api.patch(path, {"display_name": "Eve"}, access=admin.access, headers=etag)
    assert refusal_of(late) == (412, "PRECONDITION_FAILED")
    late = await api.delete(path, access=admin.access, headers=etag)
    assert refusal_of(late) == (412, "PRECONDITION_FAILED")
    assert (await api.delete(path, access=admin.access)).status_code == 204
    assert refusal_of(await api.get(path, access=admin.access)) == (404, "USER_NOT_FOUND")
    assert reason_of(await api.get("/api/v1/users/me", access=user.access)) == "USER_DELETED"


async def test_roles_and_the_own_account_are_changed_under_the_users_etag(api: Api) -> None:
    """
    PUT and DELETE honour If-Match; for a role that a user has, it is about the user.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    path = f"{USERS}/{user.user_id}"
    stale = {"if-match": '"stale"'}
    role = f"{path}/roles/user"
    for method, at in (("PUT", role), ("DELETE", role)):
        late = await api.send(method, at, access=admin.access, headers=stale)
        assert refusal_of(late) == (412, "PRECONDITION_FAILED")
        etag = {"if-match": (await api.get(path, access=admin.access)).headers["etag"]}
        done = await api.send(method, at, access=admin.access, headers=etag)
        assert done.status_code == 204
    me, body = f"{USERS}/me", {"password": PASSWORD}
    late = await api.delete(me, json=body, access=user.access, headers=stale)
    assert refusal_of(late) == (412, "PRECONDITION_FAILED")
    etag = {"if-match": (await api.get(me, access=user.access)).headers["etag"]}
    done = await api.delete(me, json=body, access=user.access, headers=etag)
    assert done.status_code == 204


@every_store
async def test_times_at_the_edge_of_the_calendar_are_refused_or_found_nothing_at(api: Api) -> None:
    """
    IN-1: with a zone they may be before the first day, or behind the last.
    """
    admin = await api.administrator()
    for path, name in ((USERS, "created_after"), (USERS, "created_before"), (AUDIT, "after"),
                       (AUDIT, "before")):  # fmt: skip
        for time in ("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"):
            answer = await api.get(path, params={name: time}, access=admin.access)
            assert refusal_of(answer) == (422, "VALIDATION_ERROR"), (path, name, time)
        for time in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"):
            data_of(await api.get(path, params={name: time}, access=admin.access))
