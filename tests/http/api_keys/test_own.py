"""
One's own API keys: made, shown, renamed, rotated and taken back.
"""

import re
from datetime import timedelta
from typing import Any

import pytest

from domain.assurance import Method
from domain.identifiers import UserId
from tests.http.api_keys.holders import ME, give_role
from tests.http.client import Api, Tokens, data_of, refusal_of
from tests.http.conftest import Start, every_store

KEYS = "/api/v1/users/me/api-keys"
KEY: dict[str, Any] = {"name": "Nightly export", "permissions": []}
SHOWN = {
    "id",
    "name",
    "hint",
    "permissions",
    "effective_permissions",
    "created_at",
    "expires_at",
    "last_used_at",
    "last_used_ip",
    "created_by",
}


async def made(api: Api, tokens: Tokens, **given: Any) -> dict[str, Any]:
    body: dict[str, Any] = data_of(
        await api.post(KEYS, {**KEY, **given}, access=tokens.access), 201
    )
    return body


@every_store
async def test_a_key_is_shown_once_and_works_from_then_on(start: Start) -> None:
    api = await start()
    ada = await api.signed_in_user()
    answer = await api.post(KEYS, KEY, access=ada.access)
    key = data_of(answer, 201)
    assert key.keys() == SHOWN | {"key"}
    assert re.fullmatch(r"dwk_[0-9A-Za-z]{49}", key["key"])
    assert key["hint"] == key["key"][:8]
    assert (key["name"], key["created_by"]) == ("Nightly export", ada.user_id)
    assert answer.headers["location"] == f"{KEYS}/{key['id']}"
    assert answer.headers["cache-control"] == "no-store"
    me = data_of(await api.get(ME, access=key["key"]))
    assert me["id"] == ada.user_id
    (listed,) = data_of(await api.get(KEYS, access=ada.access))
    assert listed.keys() == SHOWN
    assert key["key"] not in (await api.get(KEYS, access=ada.access)).text
    one = await api.get(f"{KEYS}/{key['id']}", access=ada.access)
    assert data_of(one) == listed
    assert one.headers["etag"]


async def test_the_owner_is_told_and_the_trail_says_who_did_it(api: Api) -> None:
    """
    HD-7, LG-3.
    """
    ada = await api.signed_in_user()
    key = await made(api, ada)
    (mail,) = [each for each in await api.mails("ada@example.com") if key["hint"] in each["text"]]
    assert key["key"] not in str(mail)
    (created,) = await api.audit(ada.user_id, "api_key.created")
    assert (created.target.kind, created.target.id) == ("api_key", key["id"])  # type: ignore[union-attr]
    renamed = await api.patch(ME, {"display_name": "Ada by key"}, access=key["key"])
    assert renamed.status_code == 200
    (changed,) = await api.audit(ada.user_id, "user.profile_changed")
    assert (changed.actor.kind, changed.actor.id, changed.actor.key_id) == (
        "user",
        ada.user_id,
        key["id"],
    )
    events = data_of(await api.get(f"{ME}/security-events", access=key["key"]))
    by_key = [each["actor"] for each in events if each["type"] == "user.profile_changed"]
    assert by_key == [{"kind": "user", "id": ada.user_id, "key_id": key["id"]}]


@every_store
async def test_a_key_gives_what_its_owner_has_now_and_no_more(start: Start) -> None:
    """
    MF-2, AZ-1: a role that is taken away counts from the next request on.
    """
    api = await start()
    root, ada = await api.administrator(), await api.signed_in_user()
    await give_role(api, ada.user_id, "users:read", "audit:read")
    ada = await api.refresh(ada)
    key = await made(api, ada, permissions=["users:read"])
    assert key["effective_permissions"] == ["users:read"]
    users, trail = "/api/v1/users", "/api/v1/audit-events"
    assert (await api.get(users, access=key["key"])).status_code == 200
    denied = await api.get(trail, access=key["key"])
    assert refusal_of(denied) == (403, "PERMISSION_DENIED")
    path = f"/api/v1/users/{ada.user_id}/roles/support"
    data_of(await api.send("DELETE", path, access=root.access), 204)
    denied = await api.get(users, access=key["key"])
    assert refusal_of(denied) == (403, "PERMISSION_DENIED")
    (shown,) = data_of(await api.get(KEYS, access=ada.access))
    assert (shown["permissions"], shown["effective_permissions"]) == (["users:read"], [])


async def test_permissions_are_ones_own_and_known(api: Api) -> None:
    """
    AZ-3: nobody gives a key what they lack, and there is no wildcard.
    """
    ada = await api.signed_in_user()
    lacking = await api.post(KEYS, {**KEY, "permissions": ["users:read"]}, access=ada.access)
    assert refusal_of(lacking) == (403, "PERMISSION_DENIED")
    root = await api.administrator()
    for unknown in ("orders:refund", "*", "users:*", "admin"):
        refused = await api.post(KEYS, {**KEY, "permissions": [unknown]}, access=root.access)
        assert refusal_of(refused) == (422, "VALIDATION_ERROR"), unknown
    assert data_of(await api.get(KEYS, access=root.access)) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"permissions": []},
        {"name": "", "permissions": []},
        {"name": " \u200b", "permissions": []},
        {"name": "x" * 101, "permissions": []},
        {"name": "a\nb", "permissions": []},
        {"name": 1, "permissions": []},
        {"name": "x", "permissions": "users:read"},
        {"name": "x", "permissions": None},
        {"name": "x", "permissions": [1]},
        {"name": "x", "permissions": [], "expires_in": 0},
        {"name": "x", "permissions": [], "expires_in": -1},
        {"name": "x", "permissions": [], "expires_in": 31_536_001},
        {"name": "x", "permissions": [], "expires_in": 10**30},
        {"name": "x", "permissions": [], "expires_in": "60"},
        {"name": "x", "permissions": [], "expires_in": 1.5},
        {"name": "x", "permissions": [], "expires_in": True},
        {"name": "x", "permissions": [], "user_id": "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"},
        {"name": "x", "permissions": [], "acr": "phr"},
    ],
)
async def test_what_is_no_key_is_refused_and_makes_none(api: Api, body: dict[str, Any]) -> None:
    """
    IN-5; the owner is the caller, and never named in the body.
    """
    ada = await api.signed_in_user()
    refused = await api.post(KEYS, body, access=ada.access)
    assert refusal_of(refused) == (422, "VALIDATION_ERROR")
    assert data_of(await api.get(KEYS, access=ada.access)) == []


async def test_making_and_rotating_take_a_recent_proof(api: Api) -> None:
    """
    HD-6: and for an account with a factor, one with that factor.
    """
    ada = await api.signed_in_user()
    key = await made(api, ada)
    await api.grow_old(ada)
    ada = await api.refresh(ada)
    for path, body in ((KEYS, KEY), (f"{KEYS}/{key['id']}/rotate", {})):
        refused = await api.post(path, body, access=ada.access)
        assert refusal_of(refused) == (401, "STEP_UP_REQUIRED")
    data_of(await api.patch(f"{KEYS}/{key['id']}", {"name": "Other"}, access=ada.access))
    data_of(await api.delete(f"{KEYS}/{key['id']}", access=ada.access), 204)


async def test_a_key_wakes_no_role_that_its_maker_could_not(api: Api) -> None:
    """
    MF-2: its level is that of the session that made it, for good.
    """
    root, ada = await api.administrator(), await api.signed_in_user()
    role = {"name": "reader", "permissions": ["users:read"], "required_acr": "aal2"}
    data_of(await api.post("/api/v1/roles", role, access=root.access), 201)
    path = f"/api/v1/users/{ada.user_id}/roles/reader"
    data_of(await api.send("PUT", path, access=root.access), 204)
    weak = await api.post(KEYS, {**KEY, "permissions": ["users:read"]}, access=ada.access)
    assert refusal_of(weak) == (401, "STEP_UP_REQUIRED")
    plain = await made(api, ada)
    ada = await api.shows(ada, Method.OTP)
    strong = await made(api, ada, permissions=["users:read"])
    assert (await api.get("/api/v1/users", access=strong["key"])).status_code == 200
    denied = await api.get("/api/v1/users", access=plain["key"])
    assert refusal_of(denied) == (403, "PERMISSION_DENIED")


@every_store
async def test_rotation_with_and_without_overlap(start: Start) -> None:
    api = await start()
    ada = await api.signed_in_user()
    old = await made(api, ada, expires_in=3600)
    new = data_of(
        await api.post(f"{KEYS}/{old['id']}/rotate", {"overlap": 60}, access=ada.access), 201
    )
    assert new["id"] != old["id"]
    assert (new["name"], new["permissions"]) == (old["name"], old["permissions"])
    for key in (old, new):
        assert (await api.get(ME, access=key["key"])).status_code == 200
    again = await api.post(f"{KEYS}/{old['id']}/rotate", access=ada.access)
    assert refusal_of(again) == (409, "CONFLICT")
    newest = data_of(await api.post(f"{KEYS}/{new['id']}/rotate", access=ada.access), 201)
    assert (await api.get(ME, access=newest["key"])).status_code == 200
    gone = await api.get(ME, access=new["key"])
    assert refusal_of(gone) == (401, "API_KEY_INVALID")
    rotated = await api.audit(ada.user_id, "api_key.rotated")
    assert [row.data["overlap"] for row in rotated] == ["60", "0"]


@pytest.mark.parametrize("overlap", [-1, 86_401, 10**20, "1", True, None, 1.5])
async def test_an_overlap_is_up_to_a_day(api: Api, overlap: object) -> None:
    ada = await api.signed_in_user()
    key = await made(api, ada)
    path = f"{KEYS}/{key['id']}/rotate"
    refused = await api.post(path, {"overlap": overlap}, access=ada.access)
    assert refusal_of(refused) == (422, "VALIDATION_ERROR")
    assert (await api.get(ME, access=key["key"])).status_code == 200


@every_store
async def test_a_revoked_key_is_refused_from_the_next_request_on(start: Start) -> None:
    """
    SE-1: by every instance.
    """
    api = await start()
    other = await start(beside=api)
    ada = await api.signed_in_user()
    key = await made(api, ada)
    assert (await other.get(ME, access=key["key"])).status_code == 200
    data_of(await api.delete(f"{KEYS}/{key['id']}", access=ada.access), 204)
    for instance in (api, other):
        refused = await instance.get(ME, access=key["key"])
        assert refusal_of(refused) == (401, "API_KEY_INVALID")
        assert refused.headers["www-authenticate"].startswith("Bearer")
    gone = await api.delete(f"{KEYS}/{key['id']}", access=ada.access)
    assert refusal_of(gone) == (404, "API_KEY_NOT_FOUND")


async def test_the_owner_suspended_reinstated_and_erased(api: Api) -> None:
    """
    MF-2: refused while suspended, and for good once erased.
    """
    root, ada = await api.administrator(), await api.signed_in_user()
    key = (await made(api, ada))["key"]
    path = f"/api/v1/users/{ada.user_id}"
    data_of(await api.post(f"{path}/suspend", {"reason": "x"}, access=root.access))
    assert refusal_of(await api.get(ME, access=key)) == (401, "API_KEY_INVALID")
    data_of(await api.post(f"{path}/reinstate", access=root.access))
    assert (await api.get(ME, access=key)).status_code == 200
    data_of(await api.delete(path, access=root.access), 204)
    assert refusal_of(await api.get(ME, access=key)) == (401, "API_KEY_INVALID")


async def test_an_expired_key_says_so(start: Start) -> None:
    api = await start(api_key_max_ttl=60)
    ada = await api.signed_in_user()
    key = await made(api, ada)
    async with api.units() as unit:
        (kept,) = await unit.api_keys.list_of(UserId.parse(ada.user_id))
        kept.expires_at = api.container.clock().now() - timedelta(seconds=1)
        await unit.api_keys.save(kept)
        await unit.commit()
    refused = await api.get(ME, access=key["key"])
    assert refusal_of(refused) == (401, "API_KEY_EXPIRED")
    (shown,) = data_of(await api.get(KEYS, access=ada.access))
    assert shown["effective_permissions"] == []
    rotated = await api.post(f"{KEYS}/{key['id']}/rotate", access=ada.access)
    assert refusal_of(rotated) == (401, "API_KEY_EXPIRED")


async def test_without_a_limit_keys_may_live_for_good(start: Start) -> None:
    api = await start(api_key_max_ttl=0)
    ada = await api.signed_in_user()
    assert (await made(api, ada))["expires_at"] is None
    assert (await made(api, ada, expires_in=10**9))["expires_at"] is not None


async def test_fifty_keys_and_no_more(api: Api) -> None:
    ada = await api.signed_in_user()
    keys = [await made(api, ada) for _ in range(50)]
    refused = await api.post(KEYS, KEY, access=ada.access)
    assert refusal_of(refused) == (409, "TOO_MANY_API_KEYS")
    data_of(await api.post(f"{KEYS}/{keys[0]['id']}/rotate", access=ada.access), 201)
    data_of(await api.delete(f"{KEYS}/{keys[1]['id']}", access=ada.access), 204)
    await made(api, ada)


async def test_another_users_key_is_like_none(api: Api) -> None:
    """
    AZ-2.
    """
    ada, eve = await api.signed_in_user(), await api.signed_in_user("eve@example.com")
    key = await made(api, ada)
    path = f"{KEYS}/{key['id']}"
    for answer in (
        await api.get(path, access=eve.access),
        await api.patch(path, {"name": "mine"}, access=eve.access),
        await api.delete(path, access=eve.access),
        await api.post(f"{path}/rotate", access=eve.access),
        await api.get(f"{KEYS}/none", access=eve.access),
    ):
        assert refusal_of(answer) == (404, "API_KEY_NOT_FOUND")
    assert (await api.get(ME, access=key["key"])).status_code == 200


async def test_changes_of_a_key_honour_if_match(api: Api) -> None:
    ada = await api.signed_in_user()
    key = await made(api, ada)
    path = f"{KEYS}/{key['id']}"
    first = (await api.get(path, access=ada.access)).headers["etag"]
    renamed = await api.patch(path, {"name": "New"}, access=ada.access, headers={"if-match": first})
    assert data_of(renamed)["name"] == "New"
    for stale in (
        await api.patch(path, {"name": "No"}, access=ada.access, headers={"if-match": first}),
        await api.delete(path, access=ada.access, headers={"if-match": first}),
    ):
        assert refusal_of(stale) == (412, "PRECONDITION_FAILED")
    present = {"if-match": renamed.headers["etag"]}
    data_of(await api.delete(path, access=ada.access, headers=present), 204)


async def test_a_key_is_repeated_to_the_session_that_made_it_and_to_no_other(api: Api) -> None:
    ada = await api.signed_in_user()
    again = await api.sign_in("ada@example.com")
    headers = {"idempotency-key": "one-key"}
    first = await api.post(KEYS, KEY, access=ada.access, headers=headers)
    repeated = await api.post(KEYS, KEY, access=ada.access, headers=headers)
    assert data_of(repeated, 201) == data_of(first, 201)
    foreign = data_of(await api.post(KEYS, KEY, access=again.access, headers=headers), 201)
    assert foreign["key"] != data_of(first, 201)["key"]


async def test_what_is_almost_a_key_is_none(api: Api) -> None:
    ada = await api.signed_in_user()
    key = (await made(api, ada))["key"]
    for wrong in (
        key[:-1] + ("0" if key[-1] != "0" else "1"),
        key[:10] + ("A" if key[10] != "A" else "B") + key[11:],
        key.replace("dwk_", "dws_"),
        "dwk_" + key[4:].swapcase(),
        key + "0",
        key[:-1],
        "dwk_",
        "dwk_" + "0" * 49,
    ):
        refused = await api.get(ME, access=wrong)
        assert refusal_of(refused) == (401, "API_KEY_INVALID"), wrong
