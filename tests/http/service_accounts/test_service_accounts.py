"""
Service accounts: who the programs of a product are.
"""

from typing import Any

import pytest

from tests.http.api_keys.holders import give_role, program
from tests.http.client import Api, data_of, refusal_of
from tests.http.conftest import Start, every_store

ACCOUNTS = "/api/v1/service-accounts"
NOBODY = "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"


@every_store
async def test_the_life_of_a_service_account(start: Start) -> None:
    api = await start()
    root = await api.administrator()
    asked = {"name": "Billing", "description": "Writes the invoices."}
    answer = await api.post(ACCOUNTS, asked, access=root.access)
    account = data_of(answer, 201)
    path = f"{ACCOUNTS}/{account['id']}"
    assert answer.headers["location"] == path
    assert account.keys() == {
        "id",
        "name",
        "description",
        "status",
        "roles",
        "created_at",
        "updated_at",
        "created_by",
    }
    assert (account["status"], account["roles"]) == ("active", [])
    assert account["created_by"] == root.user_id
    read = await api.get(path, access=root.access)
    assert data_of(read) == account
    changed = await api.patch(
        path,
        {"description": None},
        access=root.access,
        headers={"if-match": read.headers["etag"]},
    )
    assert (data_of(changed)["name"], data_of(changed)["description"]) == ("Billing", None)
    stale = await api.patch(
        path, {"name": "x"}, access=root.access, headers={"if-match": read.headers["etag"]}
    )
    assert refusal_of(stale) == (412, "PRECONDITION_FAILED")
    data_of(await api.send("PUT", f"{path}/roles/user", access=root.access), 204)
    assert data_of(await api.get(path, access=root.access))["roles"] == ["user"]
    data_of(await api.send("DELETE", f"{path}/roles/user", access=root.access), 204)
    data_of(await api.delete(path, access=root.access), 204)
    assert refusal_of(await api.get(path, access=root.access)) == (404, "SERVICE_ACCOUNT_NOT_FOUND")
    trail = data_of(
        await api.get(f"/api/v1/audit-events?target={account['id']}", access=root.access)
    )
    assert [row["type"] for row in reversed(trail)] == [
        "service_account.created",
        "service_account.changed",
        "role.granted",
        "role.revoked",
        "service_account.removed",
    ]
    assert {row["target"]["kind"] for row in trail} == {"service_account"}


@every_store
async def test_suspension_counts_on_the_next_request_of_every_instance(start: Start) -> None:
    api = await start()
    other = await start(beside=api)
    root = await api.administrator()
    account, key = await program(api, "users:read")
    path, users = f"{ACCOUNTS}/{account}", "/api/v1/users"
    assert (await other.get(users, access=key)).status_code == 200
    suspended = await api.post(f"{path}/suspend", access=root.access)
    assert data_of(suspended)["status"] == "suspended"
    for instance in (api, other):
        refused = await instance.get(users, access=key)
        assert refusal_of(refused) == (401, "API_KEY_INVALID")
    assert data_of(await api.post(f"{path}/reinstate", access=root.access))["status"] == "active"
    assert (await other.get(users, access=key)).status_code == 200
    data_of(await api.post(f"{path}/suspend", {"reason": "moved"}, access=root.access))
    data_of(await api.delete(path, access=root.access), 204)
    assert refusal_of(await other.get(users, access=key)) == (401, "API_KEY_INVALID")


async def test_names_are_unique_and_fit(api: Api) -> None:
    root = await api.administrator()
    data_of(await api.post(ACCOUNTS, {"name": "Billing"}, access=root.access), 201)
    other = data_of(await api.post(ACCOUNTS, {"name": "Shop"}, access=root.access), 201)
    for refused in (
        await api.post(ACCOUNTS, {"name": "billing"}, access=root.access),
        await api.patch(f"{ACCOUNTS}/{other['id']}", {"name": "BILLING"}, access=root.access),
    ):
        assert refusal_of(refused) == (409, "SERVICE_ACCOUNT_ALREADY_EXISTS")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": None},
        {"name": "x" * 101},
        {"name": "a\u202eb"},
        {"name": "x", "description": "y" * 501},
        {"name": "x", "roles": ["administrator"]},
        {"name": "x", "id": NOBODY},
    ],
)
async def test_what_is_no_service_account_is_refused(api: Api, body: dict[str, Any]) -> None:
    root = await api.administrator()
    assert refusal_of(await api.post(ACCOUNTS, body, access=root.access)) == (
        422,
        "VALIDATION_ERROR",
    )
    assert data_of(await api.get(ACCOUNTS, access=root.access)) == []


async def test_every_route_takes_its_permission(api: Api) -> None:
    account, _ = await program(api)
    ada = await api.signed_in_user()
    path = f"{ACCOUNTS}/{account}"
    for refused in (
        await api.get(ACCOUNTS, access=ada.access),
        await api.get(path, access=ada.access),
        await api.post(ACCOUNTS, {"name": "x"}, access=ada.access),
        await api.patch(path, {"name": "x"}, access=ada.access),
        await api.delete(path, access=ada.access),
        await api.post(f"{path}/suspend", access=ada.access),
        await api.post(f"{path}/reinstate", access=ada.access),
        await api.send("PUT", f"{path}/roles/user", access=ada.access),
        await api.send("DELETE", f"{path}/roles/user", access=ada.access),
    ):
        assert refusal_of(refused) == (403, "PERMISSION_DENIED")
    await give_role(api, ada.user_id, "service-accounts:read")
    assert (await api.get(path, access=ada.access)).status_code == 200
    assert refusal_of(await api.delete(path, access=ada.access)) == (403, "PERMISSION_DENIED")


async def test_roles_by_the_rules_of_granting(api: Api) -> None:
    """
    AZ-3: nobody grants what they lack, and a role that asks for a level takes a person.
    """
    root, ada = await api.administrator(), await api.signed_in_user()
    account, key = await program(api, "roles:grant", "users:read")
    await give_role(api, ada.user_id, "roles:grant")
    path = f"{ACCOUNTS}/{account}/roles"
    denied = await api.send("PUT", f"{path}/administrator", access=ada.access)
    assert refusal_of(denied) == (403, "PERMISSION_DENIED")
    unknown = await api.send("PUT", f"{path}/none", access=root.access)
    assert refusal_of(unknown) == (404, "ROLE_NOT_FOUND")
    nobody = await api.send("PUT", f"{ACCOUNTS}/{NOBODY}/roles/user", access=root.access)
    assert refusal_of(nobody) == (404, "SERVICE_ACCOUNT_NOT_FOUND")
    role = {"name": "guarded", "permissions": ["users:read"], "required_acr": "aal2"}
    data_of(await api.post("/api/v1/roles", role, access=root.access), 201)
    for_person = await api.send("PUT", f"{path}/guarded", access=key)
    assert refusal_of(for_person) == (403, "PERSON_REQUIRED")
    data_of(await api.send("PUT", f"{path}/user", access=key), 204)
    held = await api.delete("/api/v1/roles/shop", access=root.access)
    assert refusal_of(held) == (409, "ROLE_IN_USE")


@every_store
async def test_lists_are_paged_and_counted(start: Start) -> None:
    api = await start()
    root = await api.administrator()
    names = [f"Program {number}" for number in range(5)]
    for name in names:
        data_of(await api.post(ACCOUNTS, {"name": name}, access=root.access), 201)
    first = await api.get(f"{ACCOUNTS}?limit=3&count=true", access=root.access)
    meta = first.json()["meta"]
    assert (meta["limit"], meta["count"]) == (3, 5)
    rest = await api.get(f"{ACCOUNTS}?limit=3&cursor={meta['next_cursor']}", access=root.access)
    seen = [each for answer in (first, rest) for each in data_of(answer)]
    assert sorted(each["name"] for each in seen) == names
    assert [each["id"] for each in seen] == sorted((each["id"] for each in seen), reverse=True)
    assert rest.json()["meta"]["next_cursor"] is None
    other = await api.administrator("other@example.com")
    foreign = await api.get(f"{ACCOUNTS}?cursor={meta['next_cursor']}", access=other.access)
    assert refusal_of(foreign) == (400, "INVALID_CURSOR")
