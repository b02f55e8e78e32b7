"""
Other accounts' API keys: a user's, and a service account's.
"""

from typing import Any

from tests.http.api_keys.holders import ME, give_role, key_of_user, program
from tests.http.client import Api, Tokens, data_of, refusal_of
from tests.http.conftest import Start, every_store

ACCOUNTS = "/api/v1/service-accounts"


async def helper(api: Api, *permissions: str) -> Tokens:
    """
    Return a user with these permissions.
    """
    tokens = await api.signed_in_user("helper@example.com")
    await give_role(api, tokens.user_id, *permissions, name="helper")
    return await api.refresh(tokens)


@every_store
async def test_a_users_keys_are_seen_and_taken_back_with_a_permission(start: Start) -> None:
    api = await start()
    ada = await api.signed_in_user()
    first, second, third = [await key_of_user(api, ada.user_id) for _ in range(3)]
    reader = await helper(api, "api-keys:read")
    path = f"/api/v1/users/{ada.user_id}/api-keys"
    keys = data_of(await api.get(path, access=reader.access))
    ids = [each["id"] for each in keys]
    assert ids == sorted(ids, reverse=True)
    by_hint = {each["hint"]: each for each in keys}
    assert by_hint.keys() == {key[:8] for key in (first, second, third)}
    last = by_hint[third[:8]]
    one = f"{path}/{last['id']}"
    assert data_of(await api.get(one, access=reader.access)) == last
    for refused in (
        await api.delete(one, access=reader.access),
        await api.delete(path, access=reader.access),
    ):
        assert refusal_of(refused) == (403, "PERMISSION_DENIED")
    await give_role(api, reader.user_id, "api-keys:revoke", name="revoker")
    data_of(await api.delete(one, access=reader.access), 204)
    assert refusal_of(await api.get(ME, access=third)) == (401, "API_KEY_INVALID")
    assert (await api.get(ME, access=first)).status_code == 200
    data_of(await api.delete(path, access=reader.access), 204)
    assert refusal_of(await api.get(ME, access=first)) == (401, "API_KEY_INVALID")
    assert len(await api.audit(ada.user_id, "api_key.revoked")) == 3


async def test_the_keys_of_no_user_and_without_a_permission(api: Api) -> None:
    ada = await api.signed_in_user()
    path = f"/api/v1/users/{ada.user_id}/api-keys"
    assert refusal_of(await api.get(path, access=ada.access)) == (403, "PERMISSION_DENIED")
    root = await api.administrator()
    nobody = "/api/v1/users/019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a/api-keys"
    assert refusal_of(await api.get(nobody, access=root.access)) == (404, "USER_NOT_FOUND")
    missing = await api.get(f"{path}/019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a", access=root.access)
    assert refusal_of(missing) == (404, "API_KEY_NOT_FOUND")


@every_store
async def test_the_keys_of_a_service_account(start: Start) -> None:
    api = await start()
    root = await api.administrator()
    account, _ = await program(api, "users:read", "audit:read")
    path = f"{ACCOUNTS}/{account}/api-keys"
    asked: dict[str, Any] = {"name": "CI", "permissions": ["users:read"], "expires_in": 3600}
    answer = await api.post(path, asked, access=root.access)
    key = data_of(answer, 201)
    assert key["key"].startswith("dws_")
    assert answer.headers["location"] == f"{path}/{key['id']}"
    assert key["created_by"] == root.user_id
    assert (await api.get("/api/v1/users", access=key["key"])).status_code == 200
    denied = await api.get("/api/v1/audit-events", access=key["key"])
    assert refusal_of(denied) == (403, "PERMISSION_DENIED")
    assert refusal_of(await api.get(ME, access=key["key"])) == (403, "PERSON_REQUIRED")
    one = f"{path}/{key['id']}"
    shown = data_of(await api.get(one, access=root.access))
    assert shown["id"] == key["id"]
    new = data_of(await api.post(f"{one}/rotate", {"overlap": 5}, access=root.access), 201)
    assert len(data_of(await api.get(path, access=root.access))) == 3
    data_of(await api.delete(f"{path}/{new['id']}", access=root.access), 204)
    refused = await api.get("/api/v1/users", access=new["key"])
    assert refusal_of(refused) == (401, "API_KEY_INVALID")
    last = data_of(await api.post(path, asked, access=root.access), 201)
    denied = await api.delete(path, access=last["key"])
    assert refusal_of(denied) == (403, "PERMISSION_DENIED")
    data_of(await api.delete(path, access=root.access), 204)
    assert data_of(await api.get(path, access=root.access)) == []
    refused = await api.get("/api/v1/users", access=last["key"])
    assert refusal_of(refused) == (401, "API_KEY_INVALID")
    unknown = await api.delete(f"{ACCOUNTS}/{root.user_id}/api-keys", access=root.access)
    assert refusal_of(unknown) == (404, "SERVICE_ACCOUNT_NOT_FOUND")


async def test_who_looks_after_programs_gains_nothing_by_their_keys(api: Api) -> None:
    """
    AZ-3: a key of an account that may more than its maker would be the maker's way to it.
    """
    account, _ = await program(api, "users:delete", "users:read")
    writer = await helper(api, "service-accounts:write", "users:read")
    path = f"{ACCOUNTS}/{account}/api-keys"
    wide = {"name": "x", "permissions": ["users:delete"]}
    assert refusal_of(await api.post(path, wide, access=writer.access)) == (
        403,
        "PERMISSION_DENIED",
    )
    narrow = {"name": "x", "permissions": ["users:read"]}
    data_of(await api.post(path, narrow, access=writer.access), 201)
    (_, first) = data_of(await api.get(path, access=writer.access))
    rotated = await api.post(f"{path}/{first['id']}/rotate", access=writer.access)
    assert refusal_of(rotated) == (403, "PERMISSION_DENIED")


async def test_a_key_begets_no_key(api: Api) -> None:
    """
    MF-2: whatever it is given.
    """
    root = await api.administrator()
    account, _ = await program(api)
    everything = data_of(await api.get("/api/v1/permissions?limit=200", access=root.access))
    asked = {"name": "wide", "permissions": [each["name"] for each in everything]}
    key = data_of(await api.post("/api/v1/users/me/api-keys", asked, access=root.access), 201)
    for path in ("/api/v1/users/me/api-keys", f"{ACCOUNTS}/{account}/api-keys"):
        refused = await api.post(path, {"name": "x", "permissions": []}, access=key["key"])
        assert refusal_of(refused) == (403, "PERSON_REQUIRED")
    rotate = f"/api/v1/users/me/api-keys/{key['id']}/rotate"
    assert refusal_of(await api.post(rotate, access=key["key"])) == (403, "PERSON_REQUIRED")
