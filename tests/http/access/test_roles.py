"""
Roles at run time, over HTTP.
"""

from typing import Any

import jwt

from tests.http.client import Api, Tokens, data_of, details_of, refusal_of
from tests.http.conftest import every_store

ROLES = "/api/v1/roles"
SUPPORT = {"name": "support", "permissions": ["users:read", "orders:refund"]}


def claims_of(tokens: Tokens) -> dict[str, object]:
    """
    Return what the access token says; its signature is other tests' business.
    """
    claims: dict[str, object] = jwt.decode(tokens.access, options={"verify_signature": False})
    return claims


async def test_a_role_is_defined_given_seen_in_tokens_changed_and_removed(api: Api) -> None:
    """
    TK-7: with a product's own permission; `orders:refund` is none of ours.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    made = data_of(await api.post(ROLES, SUPPORT, access=admin.access), 201)
    assert made["permissions"] == ["orders:refund", "users:read"]
    assert (made["built_in"], made["description"]) == (False, None)
    given = await api.send(
        "PUT", f"/api/v1/users/{user.user_id}/roles/support", access=admin.access
    )
    assert given.status_code == 204
    fresh = await api.refresh(user)
    assert claims_of(fresh)["roles"] == ["support", "user"]
    assert claims_of(fresh)["permissions"] == ["orders:refund", "users:read"]
    root = claims_of(await api.sign_in("root@example.com"))
    assert (root["roles"], root["claims_omitted"]) == (["administrator", "user"], ["permissions"])
    assert "permissions" not in root

    held = await api.delete(f"{ROLES}/support", access=admin.access)
    assert refusal_of(held) == (409, "ROLE_IN_USE")
    await api.delete(f"/api/v1/users/{user.user_id}/roles/support", access=admin.access)
    assert claims_of(await api.refresh(fresh))["permissions"] == []
    assert (await api.delete(f"{ROLES}/support", access=admin.access)).status_code == 204
    gone = await api.get(f"{ROLES}/support", access=admin.access)
    assert refusal_of(gone) == (404, "ROLE_NOT_FOUND")


@every_store
async def test_a_change_takes_the_present_etag(api: Api) -> None:
    """
    RFC 9110, 13.1.1: of two who saw the same, the second one has to look again.
    """
    admin = await api.administrator()
    made = await api.post(ROLES, SUPPORT, access=admin.access)
    etag = made.headers["etag"]
    read = await api.get(f"{ROLES}/support", access=admin.access)
    assert read.headers["etag"] == etag
    body = {"permissions": ["users:read"], "description": "Helps."}
    headers = {"if-match": etag}
    changed = await api.send(
        "PUT", f"{ROLES}/support", json=body, access=admin.access, headers=headers
    )
    assert data_of(changed)["description"] == "Helps."
    assert changed.headers["etag"] != etag
    for method, options in (("PUT", {"json": body}), ("DELETE", {})):
        late = await api.send(
            method, f"{ROLES}/support", access=admin.access, headers=headers, **options
        )
        assert refusal_of(late) == (412, "PRECONDITION_FAILED")


async def test_the_lists_name_the_built_in_ones_too(api: Api) -> None:
    admin = await api.administrator()
    await api.post(ROLES, SUPPORT, access=admin.access)
    listed = data_of(await api.get(ROLES, access=admin.access))
    assert [(role["name"], role["built_in"]) for role in listed] == [
        ("administrator", True), ("support", False), ("user", True),
    ]  # fmt: skip
    permissions = data_of(await api.get("/api/v1/permissions", access=admin.access))
    assert {"name": "orders:refund", "built_in": False} in permissions
    assert {"name": "users:read", "built_in": True} in permissions


async def test_a_refusal_names_the_field_that_the_request_has(api: Api) -> None:
    """
    IN-5: a form shows it beside that field, and there is no other.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    program = data_of(
        await api.post("/api/v1/service-accounts", {"name": "Shop"}, access=admin.access), 201
    )
    wrong = {"name": "x", "permissions": ["*"]}
    for method, path, body, field in (
        ("POST", ROLES, wrong, ("permissions", "INVALID_PERMISSION")),
        ("POST", ROLES, {**wrong, "name": "X Y"}, ("name", "INVALID_ROLE_NAME")),
        ("POST", "/api/v1/users/me/api-keys", wrong, ("permissions", "INVALID_PERMISSION")),
        (
            "POST",
            "/api/v1/invitations",
            {"email": "bob@example.com", "roles": ["X Y"]},
            ("roles", "INVALID_ROLE_NAME"),
        ),
        ("PUT", f"/api/v1/users/{user.user_id}/roles/X Y", None, ("role", "INVALID_ROLE_NAME")),
        (
            "PUT",
            f"/api/v1/service-accounts/{program['id']}/roles/X Y",
            None,
            ("name", "INVALID_ROLE_NAME"),
        ),
    ):
        given: dict[str, Any] = {} if body is None else {"json": body}
        answer = await api.send(method, path, access=admin.access, **given)
        assert details_of(answer) == {field}, answer.text


async def test_what_cannot_be_is_refused(api: Api) -> None:
    """
    AZ-1, AZ-3, IN-5.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    await api.post(ROLES, SUPPORT, access=admin.access)
    for body, expected in (
        (SUPPORT, (409, "ROLE_ALREADY_EXISTS")),
        ({"name": "administrator", "permissions": []}, (409, "ROLE_ALREADY_EXISTS")),
        ({"name": "x", "permissions": ["nonsense"]}, (422, "VALIDATION_ERROR")),
        ({"name": "x", "permissions": "users:read"}, (422, "VALIDATION_ERROR")),
        ({"name": "X Y", "permissions": []}, (422, "VALIDATION_ERROR")),
        ({"name": "x"}, (422, "VALIDATION_ERROR")),
    ):
        assert refusal_of(await api.post(ROLES, body, access=admin.access)) == expected
    for method, path in (
        ("PUT", f"{ROLES}/administrator"),
        ("DELETE", f"{ROLES}/user"),
    ):
        given: dict[str, Any] = {"json": {"permissions": []}} if method == "PUT" else {}
        answer = await api.send(method, path, access=admin.access, **given)
        assert refusal_of(answer) == (403, "PERMISSION_DENIED")
    for path in (ROLES, f"{ROLES}/support", f"{ROLES}/nobody", "/api/v1/permissions"):
        answer = await api.get(path, access=user.access)
        assert refusal_of(answer) == (403, "PERMISSION_DENIED")
