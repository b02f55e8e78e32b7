"""
Roles that ask for a level, over HTTP.
"""

from typing import Any

import httpx
import pytest

from domain.assurance import Method
from domain.identifiers import UserId
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from tests.http.access.test_roles import claims_of
from tests.http.client import PASSWORD, Api, Tokens, code_of, data_of, details_of, refusal_of
from tests.http.conftest import Start, databases, every_store

ROLES = "/api/v1/roles"
USERS = "/api/v1/users"
ME = f"{USERS}/me"
CHECK = "/api/v1/authorization/check"
FINANCE = {"name": "finance", "permissions": ["users:read"], "required_acr": "aal2"}


async def give(api: Api, admin: Tokens, user: Tokens, role: str) -> httpx.Response:
    """
    Give the user the role.
    """
    path = f"{USERS}/{user.user_id}/roles/{role}"
    return await api.send("PUT", path, access=admin.access)


async def put(api: Api, admin: Tokens, body: dict[str, Any], **options: Any) -> httpx.Response:
    """
    Change the role.
    """
    return await api.send("PUT", f"{ROLES}/finance", json=body, access=admin.access, **options)


def level_asked_for(answer: httpx.Response) -> str:
    """
    Return the level that the refusal names, in the body and for a client of RFC 9470.
    """
    assert refusal_of(answer) == (401, "STEP_UP_REQUIRED")
    step_up = answer.json()["error"]["step_up"]
    assert answer.headers["www-authenticate"] == (
        f'Bearer error="insufficient_user_authentication", acr_values="{step_up["acr"]}"'
    )
    assert step_up["max_age"] is None
    return str(step_up["acr"])


@every_store
async def test_a_role_sleeps_until_the_session_has_shown_its_level(api: Api) -> None:
    """
    MF-2, TK-7: on every request, and in every token from the next refresh on.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    made = data_of(await api.post(ROLES, FINANCE, access=admin.access), 201)
    assert made["required_acr"] == "aal2"
    assert (await give(api, admin, user, "finance")).status_code == 204
    assert level_asked_for(await api.get(USERS, access=user.access)) == "aal2"
    me = await api.me(user)
    assert me["roles"] == ["finance", "user"]
    assert me["dormant_roles"] == [{"role": "finance", "required_acr": "aal2"}]
    user = await api.refresh(user)
    assert (claims_of(user)["roles"], claims_of(user)["permissions"]) == (["user"], [])
    assert user.body["user"] == me
    user = await api.shows(user, Method.OTP)
    assert (await api.get(USERS, access=user.access)).status_code == 200
    assert (await api.me(user))["dormant_roles"] == []
    strong = await api.refresh(user)
    assert claims_of(strong)["roles"] == ["finance", "user"]
    assert claims_of(strong)["permissions"] == ["users:read"]
    assert (claims_of(strong)["acr"], strong.body["user"]["dormant_roles"]) == ("aal2", [])
    weak = await api.sign_in()
    assert level_asked_for(await api.get(USERS, access=weak.access)) == "aal2"


async def test_an_account_without_such_a_role_is_answered_as_ever(api: Api) -> None:
    """
    The member is there for those alone whose roles ask for a level; not for who looks at them.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    await api.post(ROLES, FINANCE, access=admin.access)
    assert "dormant_roles" not in await api.me(user)
    assert "dormant_roles" not in user.body["user"]
    await give(api, admin, user, "finance")
    seen = data_of(await api.get(f"{USERS}/{user.user_id}", access=admin.access))
    assert "dormant_roles" not in seen


async def test_ones_own_view_has_an_etag_that_counts_where_it_is_changed(api: Api) -> None:
    """
    RFC 9110, 13.1.1: also while roles sleep; and it is another one once they are awake.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    await api.post(ROLES, FINANCE, access=admin.access)
    await give(api, admin, user, "finance")
    etag = (await api.get(ME, access=user.access)).headers["etag"]
    headers = {"if-match": etag}
    named = await api.patch(ME, {"display_name": "Ada"}, access=user.access, headers=headers)
    assert data_of(named)["dormant_roles"] == [{"role": "finance", "required_acr": "aal2"}]
    headers = {"if-match": named.headers["etag"]}
    user = await api.shows(user, Method.OTP)
    late = await api.patch(ME, {"display_name": "A"}, access=user.access, headers=headers)
    assert refusal_of(late) == (412, "PRECONDITION_FAILED")
    headers = {"if-match": (await api.get(ME, access=user.access)).headers["etag"]}
    body = {"password": PASSWORD}
    gone = await api.delete(ME, json=body, access=user.access, headers=headers)
    assert gone.status_code == 204, gone.text


@databases
async def test_the_level_of_a_role_is_shown_changed_left_alone_and_taken_off(api: Api) -> None:
    """
    MF-2, LG-3: a client that does not know of levels takes none off; null does.
    """
    admin = await api.administrator()
    admin = await api.shows(admin, Method.HARDWARE_KEY)
    plain = {"name": "plain", "permissions": []}
    assert data_of(await api.post(ROLES, plain, access=admin.access), 201)["required_acr"] is None
    await api.post(ROLES, FINANCE, access=admin.access)
    body = {"permissions": ["users:read"], "description": "Pays."}
    assert data_of(await put(api, admin, body))["required_acr"] == "aal2"
    raised = await put(api, admin, {**body, "required_acr": "phr"})
    assert data_of(raised)["required_acr"] == "phr"
    read = await api.get(f"{ROLES}/finance", access=admin.access)
    assert (data_of(read)["required_acr"], read.headers["etag"]) == ("phr", raised.headers["etag"])
    late = await put(api, admin, body, headers={"if-match": '"other"'})
    assert refusal_of(late) == (412, "PRECONDITION_FAILED")
    headers = {"if-match": raised.headers["etag"]}
    bare = await put(api, admin, {**body, "required_acr": None}, headers=headers)
    assert data_of(bare)["required_acr"] is None
    listed = data_of(await api.get(ROLES, access=admin.access))
    assert [(role["name"], role["required_acr"]) for role in listed] == [
        ("administrator", None), ("finance", None), ("plain", None), ("user", None),
    ]  # fmt: skip
    rows = data_of(await api.get("/api/v1/audit-events?type=role.changed", access=admin.access))
    assert [row["data"]["required_acr"] for row in rows] == ["none", "phr", "aal2"]


@pytest.mark.parametrize("wrong", ["aal1", "aal3", "AAL2", "", "none", 2, ["aal2"], True])
async def test_what_is_no_level_of_a_role_is_refused(api: Api, wrong: object) -> None:
    """
    IN-4, IN-5.
    """
    admin = await api.administrator()
    made = await api.post(ROLES, {**FINANCE, "required_acr": wrong}, access=admin.access)
    assert refusal_of(made) == (422, "VALIDATION_ERROR")
    assert details_of(made) == {("required_acr", "NOT_ALLOWED")}
    await api.post(ROLES, FINANCE, access=admin.access)
    changed = await put(api, admin, {"permissions": [], "required_acr": wrong})
    assert refusal_of(changed) == (422, "VALIDATION_ERROR")
    read = data_of(await api.get(f"{ROLES}/finance", access=admin.access))
    assert (read["required_acr"], read["permissions"]) == ("aal2", ["users:read"])


async def test_a_password_alone_wakes_no_role_by_weakening_it(start: Start) -> None:
    """
    MF-2: neither by a change, nor by removing it and making it anew.
    """
    api = await start(administrator_acr="none")
    admin = await api.administrator()
    await api.post(ROLES, FINANCE, access=admin.access)
    lower = {"permissions": ["users:read"], "required_acr": None}
    assert level_asked_for(await put(api, admin, lower)) == "aal2"
    removed = await api.delete(f"{ROLES}/finance", access=admin.access)
    assert level_asked_for(removed) == "aal2"
    admin = await api.shows(admin, Method.OTP)
    assert (await put(api, admin, lower)).status_code == 200
    assert (await api.delete(f"{ROLES}/finance", access=admin.access)).status_code == 204


async def test_the_administrators_own_role_sleeps_by_the_setting(start: Start) -> None:
    """
    MF-2: and what wakes it is seen by everyone who reads the roles.
    """
    api = await start(administrator_acr="phr")
    admin = await api.administrator()
    assert claims_of(admin)["roles"] == ["user"]
    assert (claims_of(admin)["permissions"], "claims_omitted" in claims_of(admin)) == ([], False)
    assert admin.body["user"]["dormant_roles"] == [{"role": "administrator", "required_acr": "phr"}]
    admin = await api.shows(admin, Method.OTP)
    for path in (ROLES, f"{ROLES}/nobody", USERS, "/api/v1/audit-events"):
        assert level_asked_for(await api.get(path, access=admin.access)) == "phr"
    admin = await api.shows(admin, Method.SOFTWARE_KEY)
    built_in = data_of(await api.get(f"{ROLES}/administrator", access=admin.access))
    assert (built_in["built_in"], built_in["required_acr"]) == (True, "phr")
    fresh = claims_of(await api.refresh(admin))
    assert (fresh["roles"], fresh["claims_omitted"]) == (["administrator", "user"], ["permissions"])


@databases
async def test_a_product_says_which_level_it_saw_and_is_told_what_sleeps(api: Api) -> None:
    """
    AZ-1: without a level the check is that of a password.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    role = {"name": "refunds", "permissions": ["orders:refund"], "required_acr": "phr"}
    await api.post(ROLES, role, access=admin.access)
    await give(api, admin, user, "refunds")
    asked = {"subject_id": user.user_id, "permission": "orders:refund", "explain": True}
    missing = {
        "permission": "orders:refund",
        "would_be_granted_by": [{"role": "administrator"}, {"role": "refunds"}],
    }
    sleeping = [{"role": "refunds", "required_acr": "phr"}]
    checks = [asked, {**asked, "acr": "aal2"}, {**asked, "acr": "phr"}]
    results = data_of(await api.post(CHECK, {"checks": checks}, access=admin.access))["results"]
    no = {"granted_by": [], "dormant_roles": sleeping, "missing": missing}
    assert results == [
        {"allowed": False, "explanation": no},
        {"allowed": False, "explanation": no},
        {"allowed": True, "explanation": {"granted_by": [{"role": "refunds"}]}},
    ]
    one = {"subject_id": user.user_id, "permission": "orders:refund", "acr": "phr"}
    assert data_of(await api.post(CHECK, one, access=admin.access)) == {"allowed": True}
    wrong = await api.post(CHECK, {**one, "acr": "aal9"}, access=admin.access)
    assert details_of(wrong) == {("acr", "NOT_ALLOWED")}
    path = f"{USERS}/{user.user_id}/effective-permissions"
    assert data_of(await api.get(path, access=admin.access))["permissions"] == [
        {"permission": "orders:refund", "granted_by": sleeping}
    ]


@every_store
async def test_what_was_refused_for_its_session_is_done_once_more_was_shown(api: Api) -> None:
    """
    The same request with the same key: that it was refused is not kept for a day.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    role = {**FINANCE, "permissions": ["roles:read", "roles:write"]}
    await api.post(ROLES, role, access=admin.access)
    await give(api, admin, user, "finance")
    body = {"name": "reader", "permissions": ["roles:read"]}
    headers = {"idempotency-key": "k-1"}
    first = await api.post(ROLES, body, access=user.access, headers=headers)
    assert level_asked_for(first) == "aal2"
    user = await api.shows(user, Method.OTP)
    for _ in range(2):
        made = await api.post(ROLES, body, access=user.access, headers=headers)
        assert data_of(made, 201)["name"] == "reader"


async def test_a_browser_with_cookies_keeps_them_and_shows_more(api: Api) -> None:
    """
    SE-6, MF-2: the session has not ended, so nothing is taken back.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    await api.post(ROLES, FINANCE, access=admin.access)
    await give(api, admin, user, "finance")
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    signed_in = await api.post("/api/v1/sessions", body)
    cookie = "; ".join(each.split(";")[0] for each in signed_in.headers.get_list("set-cookie"))
    refused = await api.get(USERS, headers={"cookie": cookie})
    assert level_asked_for(refused) == "aal2"
    assert "set-cookie" not in refused.headers


@every_store
async def test_an_authenticator_app_wakes_the_administrator_and_a_recovery_code_does(
    start: Start,
) -> None:
    """
    MF-2: at the door, for the life of the session; the password's own session stays as it was.
    """
    api = await start(administrator_acr="aal2")
    weak = await api.signed_in_user()
    app, enrolled = await api.enrol_totp(weak)
    operator = api.container.service().access
    await operator.set_role(
        principal=OPERATOR,
        user_id=UserId.parse(weak.user_id),
        role="administrator",
        held=True,
        origin=NOWHERE,
    )
    assert level_asked_for(await api.get(USERS, access=weak.access)) == "aal2"
    for proof in ({"totp": code_of(app)}, {"recovery_code": enrolled["recovery_codes"][0]}):
        challenge = (await api.challenge())["token"]
        strong = Tokens(data_of(await api.try_complete(challenge, proof), 201))
        assert strong.body["user"]["dormant_roles"] == []
        for tokens in (strong, await api.refresh(strong)):
            assert claims_of(tokens)["roles"] == ["administrator", "user"]
            assert (await api.get(USERS, access=tokens.access)).status_code == 200
    weak = await api.refresh(weak)
    assert claims_of(weak)["roles"] == ["user"]
    assert level_asked_for(await api.get(USERS, access=weak.access)) == "aal2"
