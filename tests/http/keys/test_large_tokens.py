"""
Users with more roles and permissions than a token can list: what is signed is accepted.
"""

from typing import Any

import jwt
import pytest

from domain.keys.signing_key import SigningAlgorithm
from tests.http.client import NEW_PASSWORD, PASSWORD, Api, Tokens, data_of
from tests.http.conftest import Start
from tests.http.edge.browser import ME, REFRESH, Browser

CHECK = "/api/v1/authorization/check"

SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "ES256": {"signing_algorithm": SigningAlgorithm.ES256},
    "RS256": {"signing_algorithm": SigningAlgorithm.RS256},
    "long names": {
        "signing_algorithm": SigningAlgorithm.RS256,
        "token_audience": "a" * 255,
    },
}


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


async def define(api: Api, admin: Tokens, name: str, permissions: list[str]) -> None:
    role = {"name": name, "permissions": permissions}
    data_of(await api.post("/api/v1/roles", role, access=admin.access), 201)


async def give(api: Api, admin: Tokens, user_id: str, name: str) -> None:
    path = f"/api/v1/users/{user_id}/roles/{name}"
    assert (await api.send("PUT", path, access=admin.access)).status_code == 204


def many(number: int, *, length: int = 32) -> list[str]:
    """
    Return that many permissions, both halves of which are that long.
    """
    return [f"{f'n{each}':x<{length}}:{f'a{each}':x<{length}}" for each in range(number)]


async def test_an_administrators_token_lists_no_permissions_however_many_there_are(
    start: Start,
) -> None:
    """
    TK-5: five roles of 60 permissions once made a token that its own issuer refused.
    """
    api = await start()
    admin = await api.administrator()
    alone = len(admin.access)
    for number in range(5):
        permissions = [f"product{number}-{each:03}:{'x' * 12}" for each in range(60)]
        await define(api, admin, f"role-{number}", permissions)
        await give(api, admin, admin.user_id, f"role-{number}")
    again = await api.sign_in("root@example.com")
    claims = claims_of(again.access)
    assert claims["claims_omitted"] == ["permissions"]
    assert "permissions" not in claims
    assert "administrator" in claims["roles"]
    assert len(again.access) < alone + 100
    assert (await api.me(again))["id"] == admin.user_id
    path = f"/api/v1/users/{admin.user_id}/roles/role-0"
    assert (await api.delete(path, access=again.access)).status_code == 204
    assert (await api.delete("/api/v1/roles/role-0", access=again.access)).status_code == 204
    checks = [{"subject_id": admin.user_id, "permission": "product1-001:xxxxxxxxxxxx"}]
    answer = await api.post(CHECK, {"checks": checks}, access=again.access)
    assert [each["allowed"] for each in data_of(answer)["results"]] == [True]


@pytest.mark.parametrize("name", SETTINGS)
async def test_whatever_a_user_may_do_their_token_is_accepted(start: Start, name: str) -> None:
    """
    TK-5, SE-6: one role at its documented maximum; by sign-in, refresh and a new password, in a
    header and in a cookie; and an administrator takes the role away again.
    """
    api = await start(**SETTINGS[name])
    admin, user = await api.administrator(), await api.signed_in_user()
    permissions = many(200)
    await define(api, admin, "everything", permissions)
    await give(api, admin, user.user_id, "everything")

    for tokens in (await api.sign_in(), await api.refresh(user)):
        claims = claims_of(tokens.access)
        assert (claims["claims_omitted"], claims["roles"]) == (
            ["permissions"],
            ["everything", "user"],
        )
        assert "permissions" not in claims
        assert (await api.me(tokens))["id"] == user.user_id

    browser = Browser(api)
    await browser.sign_in()
    assert len(browser.cookies) == 2, "a browser drops what is above 4,096 bytes"
    assert (await browser.send("GET", ME)).status_code == 200
    assert (await browser.send("POST", REFRESH)).status_code == 200
    assert (await browser.send("GET", ME)).status_code == 200
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert (await browser.send("POST", f"{ME}/password", json=body)).status_code == 200
    assert len(browser.cookies) == 2
    assert (await browser.send("GET", ME)).status_code == 200

    checks = [
        {"subject_id": user.user_id, "permission": permission}
        for permission in (permissions[7], "a:b")
    ]
    answer = await api.post(CHECK, {"checks": checks}, access=admin.access)
    assert [each["allowed"] for each in data_of(answer)["results"]] == [True, False]
    path = f"/api/v1/users/{user.user_id}/roles/everything"
    assert (await api.delete(path, access=admin.access)).status_code == 204
    fresh = claims_of((await api.sign_in(password=NEW_PASSWORD)).access)
    assert (fresh["roles"], fresh["permissions"]) == (["user"], [])
    assert "claims_omitted" not in fresh


@pytest.mark.parametrize("who", ["a user", "an administrator"])
async def test_roles_are_left_out_where_their_names_alone_are_too_long(
    start: Start, who: str
) -> None:
    """
    TK-5: 150 roles with long names and one permission each; and a role can be taken away again.
    """
    api = await start()
    admin = await api.administrator()
    mine = admin if who == "an administrator" else await api.signed_in_user()
    email = "root@example.com" if mine is admin else "ada@example.com"
    names = [f"{f'role-{number}':x<64}" for number in range(150)]
    for number, name in enumerate(names):
        await define(api, admin, name, [f"product:a{number}"])
        await give(api, admin, mine.user_id, name)
    tokens = await api.sign_in(email)
    claims = claims_of(tokens.access)
    assert claims["claims_omitted"] == ["permissions", "roles"]
    assert claims.keys().isdisjoint({"permissions", "roles"})
    browser = Browser(api)
    await browser.sign_in(email)
    assert len(browser.cookies) == 2
    assert (await browser.send("GET", ME)).status_code == 200
    caller = tokens if mine is admin else admin
    path = f"/api/v1/users/{mine.user_id}/roles/{names[0]}"
    assert (await api.delete(path, access=caller.access)).status_code == 204
    assert names[0] not in (await api.me(tokens))["roles"]
