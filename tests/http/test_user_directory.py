"""
Users as administrators find, change and remove them, over HTTP.
"""

import asyncio
from typing import Any

import httpx

from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    WRONG_PASSWORD,
    Api,
    Tokens,
    data_of,
    details_of,
    reason_of,
    refusal_of,
)
from tests.http.conftest import Start

USERS = "/api/v1/users"
AUDIT = "/api/v1/audit-events"
KEYS = "/api/v1/signing-keys"
ROTATE = "/api/v1/signing-keys/rotate"
CHECK = "/api/v1/authorization/check"


async def everybody(api: Api, admin: Tokens, **query: Any) -> list[str]:
    """
    Return the addresses of everybody in question, read page by page.
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


async def test_users_are_listed_filtered_and_searched(api: Api) -> None:
    """
    AZ-5, AZ-6, HD-14: literally, in a stable order, with a total only where it is asked for.
    """
    admin = await api.administrator()
    for number, name in enumerate(["Zoë 100%", "Under_score", None]):
        await api.sign_up(f"user{number}@example.com", display_name=name)
    await api.confirm(await api.mailed_token("user1@example.com"))
    newest = ["user2@example.com", "user1@example.com", "user0@example.com", "root@example.com"]
    assert await everybody(api, admin) == newest
    assert await everybody(api, admin, sort="created_at") == newest[::-1]
    assert await everybody(api, admin, sort="email") == sorted(newest)
    assert await everybody(api, admin, email="USER1@example.com") == ["user1@example.com"]
    assert await everybody(api, admin, query="zoë") == ["user0@example.com"]
    assert await everybody(api, admin, query="0%") == ["user0@example.com"]
    assert await everybody(api, admin, query="r_s") == ["user1@example.com"]
    assert await everybody(api, admin, status="unverified") == [
        "user2@example.com", "user0@example.com",
    ]  # fmt: skip
    assert await everybody(api, admin, role="administrator") == ["root@example.com"]
    assert await everybody(api, admin, created_after="2999-01-01T00:00:00Z") == []
    assert len(await everybody(api, admin, created_before="2999-01-01T00:00:00+02:00")) == 4
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


async def test_support_unlocks_and_starts_a_reset_and_sees_no_secret(start: Start) -> None:
    """
    AZ-4, RL-2.
    """
    api = await start(sign_in_attempts=2)
    admin = await api.administrator()
    await api.verified_user()
    path = f"{USERS}/{(await api.sign_in()).user_id}"
    for _ in range(2):
        await api.try_sign_in(password=WRONG_PASSWORD)
    assert refusal_of(await api.try_sign_in()) == (429, "TOO_MANY_REQUESTS")
    assert data_of(await api.post(f"{path}/unlock", access=admin.access))["status"] == "active"
    await api.sign_in()
    started = await api.post(f"{path}/password-reset", access=admin.access)
    assert data_of(started, 202) is None
    token = await api.mailed_token("ada@example.com", "/reset-password")
    assert token not in started.text
    assert (await api.reset(token)).status_code == 204


async def test_a_users_sessions_are_seen_and_ended(api: Api) -> None:
    """
    SE-4, SE-1: the reason says by whom.
    """
    admin = await api.administrator()
    first, second = await api.signed_in_user(), await api.sign_in()
    path = f"{USERS}/{first.user_id}/sessions"
    listed = data_of(await api.get(path, access=admin.access))
    assert {each["id"] for each in listed} == {first.session_id, second.session_id}
    assert "token" not in str(listed)
    one = await api.delete(f"{path}/{first.session_id}", access=admin.access)
    assert one.status_code == 204
    assert reason_of(await api.get("/api/v1/users/me", access=first.access)) == "REVOKED_BY_ADMIN"
    foreign = await api.delete(f"{path}/{admin.session_id}", access=admin.access)
    assert refusal_of(foreign) == (404, "SESSION_NOT_FOUND")
    assert (await api.delete(path, access=admin.access)).status_code == 204
    assert reason_of(await api.try_refresh(second)) == "REVOKED_BY_ADMIN"
    assert (await api.me(admin))["email"] == "root@example.com"


async def test_a_product_asks_and_is_told_why(api: Api) -> None:
    """
    AZ-1: one question or a batch in its order.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    role = {"name": "support", "permissions": ["orders:refund"]}
    await api.post("/api/v1/roles", role, access=admin.access)
    await api.send("PUT", f"{USERS}/{user.user_id}/roles/support", access=admin.access)
    question = {"subject_id": user.user_id, "permission": "orders:refund", "explain": True}
    answer = data_of(await api.post(CHECK, question, access=admin.access))
    assert answer == {"allowed": True, "explanation": {"granted_by": [{"role": "support"}]}}
    batch = {"checks": [
        {**question, "permission": "orders:void"},
        {"subject_id": "nobody", "permission": "orders:refund"},
        {"subject_id": admin.user_id, "permission": "orders:void"},
    ]}  # fmt: skip
    results = data_of(await api.post(CHECK, batch, access=admin.access))["results"]
    assert results == [
        {"allowed": False, "explanation": {"granted_by": [], "missing": {
            "permission": "orders:void", "would_be_granted_by": [{"role": "administrator"}]}}},
        {"allowed": False},
        {"allowed": True},
    ]  # fmt: skip
    wrong: list[dict[str, Any]] = [
        {}, {"checks": []}, {"subject_id": user.user_id}, {**question, "permission": "x"},
        {**question, "checks": []},
    ]  # fmt: skip
    for body in wrong:
        refused = await api.post(CHECK, body, access=admin.access)
        assert refusal_of(refused) == (422, "VALIDATION_ERROR"), body
    effective = await api.get(f"{USERS}/{user.user_id}/effective-permissions", access=admin.access)
    assert data_of(effective)["permissions"] == [
        {"permission": "orders:refund", "granted_by": [{"role": "support"}]}
    ]


async def test_the_trail_is_read_and_every_denial_is_in_it(api: Api) -> None:
    """
    LG-3: one row for each refusal for want of a permission, with its request id.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    headers = {"x-request-id": "denied-1"}
    denied = await api.get(AUDIT, access=user.access, headers=headers)
    assert refusal_of(denied) == (403, "PERMISSION_DENIED")
    query = {"actor": user.user_id, "type": "authorization.denied"}
    [row] = data_of(await api.get(AUDIT, params=query, access=admin.access))
    assert (row["outcome"], row["reason"], row["request_id"]) == (
        "failure", "PERMISSION_DENIED", "denied-1",
    )  # fmt: skip
    assert row["actor"] == {"kind": "user", "id": user.user_id}
    assert row["data"]["missing"] == "audit:read"
    about = data_of(await api.get(AUDIT, params={"target": user.user_id}, access=admin.access))
    assert {"user.registered", "user.email_verified", "session.started"} <= {
        each["type"] for each in about
    }
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await api.send(method, AUDIT, access=admin.access)
        assert refusal_of(answer) == (405, "METHOD_NOT_ALLOWED")


async def test_a_key_is_rotated_and_revoked_without_anything_else_to_do(api: Api) -> None:
    """
    TK-3, TK-4: the new one is published at once; a revoked one is refused at once.
    """
    admin = await api.administrator()
    [first] = data_of(await api.get(KEYS, access=admin.access))
    assert first["state"] == "active"
    successor = data_of(await api.post(ROTATE, access=admin.access), 202)
    assert successor["state"] == "published"
    again = data_of(await api.post(ROTATE, access=admin.access), 202)
    assert again["kid"] == successor["kid"]
    jwks = (await api.get("/.well-known/jwks.json")).json()["keys"]
    assert {key["kid"] for key in jwks} == {first["kid"], successor["kid"]}
    revoked = await api.post(f"{KEYS}/{first['kid']}/revoke", access=admin.access)
    assert revoked.status_code == 204
    refused = await api.get(KEYS, access=admin.access)
    assert refusal_of(refused) == (401, "ACCESS_TOKEN_INVALID")
    fresh = await api.sign_in("root@example.com")
    keys = data_of(await api.get(KEYS, access=fresh.access))
    assert "private" not in str(keys)
    assert sorted(key["state"] for key in keys) == ["active", "gone", "published"]
    unknown = await api.post(f"{KEYS}/nothing/revoke", access=fresh.access)
    assert refusal_of(unknown) == (404, "NOT_FOUND")


async def test_without_a_permission_nothing_is_seen_or_done(api: Api) -> None:
    """
    AZ-1, AZ-2: real identifiers and made-up ones are refused alike.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    calls: list[tuple[str, str, Any]] = []
    for user_id in (admin.user_id, user.session_id, "no-id"):
        path = f"{USERS}/{user_id}"
        calls += [
            ("GET", path, None), ("PATCH", path, {"display_name": "x"}), ("DELETE", path, None),
            ("POST", f"{path}/unlock", None), ("POST", f"{path}/password-reset", None),
            ("GET", f"{path}/sessions", None), ("DELETE", f"{path}/sessions", None),
            ("DELETE", f"{path}/sessions/{admin.session_id}", None),
            ("GET", f"{path}/effective-permissions", None),
        ]  # fmt: skip
    calls += [
        ("GET", USERS, None), ("GET", AUDIT, None), ("GET", KEYS, None),
        ("POST", ROTATE, None), ("POST", f"{KEYS}/x/revoke", None),
        ("POST", CHECK, {"subject_id": admin.user_id, "permission": "users:read"}),
    ]  # fmt: skip

    async def ask(method: str, path: str, body: Any) -> httpx.Response:
        return await api.send(method, path, json=body, access=user.access)

    answers = await asyncio.gather(*(ask(*call) for call in calls))
    assert {refusal_of(answer) for answer in answers} == {(403, "PERMISSION_DENIED")}
    assert len(await api.audit(user.user_id, "authorization.denied")) == len(calls)
    await api.sign_in(password=PASSWORD)


async def test_roles_and_the_own_account_are_changed_under_the_users_etag(api: Api) -> None:
    """
    api.md: PUT and DELETE honour If-Match; for a role that a user has, it is about the user.
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


async def test_a_check_that_is_none_says_which_field_and_names_nothing_of_ours(api: Api) -> None:
    """
    IN-4.
    """
    admin = await api.administrator()
    right = {"subject_id": admin.user_id, "permission": "users:read"}
    for body, expected in (
        ({}, {("subject_id", "MISSING"), ("permission", "MISSING")}),
        ({"checks": [right, {**right, "permission": 1}]}, {("checks.1.permission", "WRONG_TYPE")}),
        ({"checks": [], "explain": True}, {("explain", "UNKNOWN_FIELD")}),
        ([right], {("body", "WRONG_TYPE")}),
    ):  # fmt: skip
        refused = await api.post(CHECK, body, access=admin.access)
        assert refusal_of(refused) == (422, "VALIDATION_ERROR")
        assert details_of(refused) == expected


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
