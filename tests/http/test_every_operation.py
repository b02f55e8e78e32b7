"""
One visit to every operation of the API, on every store: with each one's adapters the route, the
use case and the store fit together. What each of them does in detail is told elsewhere once.
"""

from typing import Any

from tests.http.client import NEW_PASSWORD, PASSWORD, Api, Tokens, data_of
from tests.http.conftest import every_store

USERS = "/api/v1/users"
ME = "/api/v1/users/me"
ROLES = "/api/v1/roles"
KEYS = "/api/v1/signing-keys"
INVITATIONS = "/api/v1/invitations"


@every_store
async def test_every_operation_of_the_description_succeeds(api: Api) -> None:
    """
    A route that is added and not visited here, or that one store's adapters refuse, shows.
    """
    await _see_what_anyone_may_see(api)
    ada = await _come_in(api)
    ada = await _look_after_the_own_account(api, ada)
    admin = await api.administrator()
    await _invite(api, admin)
    await _give_a_role(api, admin, ada)
    await _look_after_a_user(api, admin, ada)
    await _look_after_keys(api, admin)
    await _leave(api)
    visited = {
        found[0]
        for answer in api.answers
        if answer.is_success
        and (found := api.contract.operation(answer.request.method, answer.request.url.path))
    }
    described = {
        f"{method.upper()} {path}"
        for path, item in api.contract.document["paths"].items()
        for method in item
    }
    assert visited == described


async def _see_what_anyone_may_see(api: Api) -> None:
    for path in (
        "/health/live",
        "/health/ready",
        "/api/v1/errors",
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
    ):
        assert (await api.get(path)).status_code == 200


async def _come_in(api: Api) -> Tokens:
    await api.sign_up()
    body = {"email": "ada@example.com"}
    data_of(await api.post("/api/v1/email-verifications", body), 202)
    await api.confirm(await api.mailed_token())
    assert (await api.reset(await api.reset_token())).status_code == 204
    tokens = await api.refresh(await api.sign_in(password=NEW_PASSWORD))
    assert (await api.me(tokens))["status"] == "active"
    return tokens


async def _look_after_the_own_account(api: Api, tokens: Tokens) -> Tokens:
    renamed = data_of(await api.patch(ME, {"display_name": "Ada"}, access=tokens.access))
    assert renamed["display_name"] == "Ada"
    other = await api.sign_in(password=NEW_PASSWORD)
    assert len(await api.sessions(tokens)) == 2
    ended = await api.delete(f"{ME}/sessions/{other.session_id}", access=tokens.access)
    assert ended.status_code == 204
    assert (await api.delete(f"{ME}/sessions", access=tokens.access)).status_code == 204
    changed = await api.change_password(tokens, NEW_PASSWORD, PASSWORD)
    tokens = Tokens(data_of(changed))
    data_of(await api.ask_to_move(tokens, "lovelace@example.com"), 202)
    token = await api.mailed_token("lovelace@example.com", "/confirm-email-change")
    moved = data_of(await api.post("/api/v1/email-changes/confirm", {"token": token}))
    assert moved["email"] == "lovelace@example.com"
    events = data_of(await api.get(f"{ME}/security-events", access=tokens.access))
    assert {"password.changed", "email.changed"} <= {event["type"] for event in events}
    export = data_of(await api.get(f"{ME}/export", access=tokens.access))
    assert export["user"]["email"] == "lovelace@example.com"
    return tokens


async def _invite(api: Api, admin: Tokens) -> None:
    async def invite(email: str) -> dict[str, Any]:
        made: dict[str, Any] = data_of(
            await api.post(INVITATIONS, {"email": email}, access=admin.access), 201
        )
        return made

    made = await invite("bob@example.com")
    assert data_of(await api.get(INVITATIONS, access=admin.access)) == [made]
    token = await api.mailed_token("bob@example.com", "/accept-invitation")
    accepted = await api.post(f"{INVITATIONS}/accept", {"token": token, "password": PASSWORD})
    assert data_of(accepted, 201)["email"] == "bob@example.com"
    made = await invite("carol@example.com")
    withdrawn = await api.delete(f"{INVITATIONS}/{made['id']}", access=admin.access)
    assert withdrawn.status_code == 204


async def _give_a_role(api: Api, admin: Tokens, user: Tokens) -> None:
    role = {"name": "support", "permissions": ["orders:refund"]}
    data_of(await api.post(ROLES, role, access=admin.access), 201)
    assert data_of(await api.get(f"{ROLES}/support", access=admin.access))["description"] is None
    changed = {"permissions": ["orders:refund", "orders:void"], "description": "Helps."}
    answer = await api.send("PUT", f"{ROLES}/support", json=changed, access=admin.access)
    assert data_of(answer)["description"] == "Helps."
    assert len(data_of(await api.get(ROLES, access=admin.access))) == 3
    names = [each["name"] for each in data_of(await api.get("/api/v1/permissions",
                                                            access=admin.access))]  # fmt: skip
    assert "orders:void" in names
    held = f"{USERS}/{user.user_id}/roles/support"
    assert (await api.send("PUT", held, access=admin.access)).status_code == 204
    question = {"subject_id": user.user_id, "permission": "orders:void"}
    answer = await api.post("/api/v1/authorization/check", question, access=admin.access)
    assert data_of(answer)["allowed"] is True
    effective = f"{USERS}/{user.user_id}/effective-permissions"
    found = data_of(await api.get(effective, access=admin.access))["permissions"]
    assert [each["permission"] for each in found] == ["orders:refund", "orders:void"]
    assert (await api.delete(held, access=admin.access)).status_code == 204
    assert (await api.delete(f"{ROLES}/support", access=admin.access)).status_code == 204


async def _look_after_a_user(api: Api, admin: Tokens, user: Tokens) -> None:
    path = f"{USERS}/{user.user_id}"
    listed = data_of(await api.get(USERS, access=admin.access))
    assert len(listed) == 3
    renamed = await api.patch(path, {"display_name": "Countess"}, access=admin.access)
    assert data_of(renamed)["display_name"] == "Countess"
    for doing, body, status in (
        ("suspend", {"reason": "spam"}, "suspended"),
        ("reinstate", None, "active"),
        ("unlock", None, "active"),
    ):
        answer = await api.post(f"{path}/{doing}", body, access=admin.access)
        assert data_of(answer)["status"] == status
    data_of(await api.post(f"{path}/password-reset", access=admin.access), 202)
    session = await api.sign_in("lovelace@example.com")
    seen = data_of(await api.get(f"{path}/sessions", access=admin.access))
    assert [each["id"] for each in seen] == [session.session_id]
    ended = await api.delete(f"{path}/sessions/{session.session_id}", access=admin.access)
    assert ended.status_code == 204
    assert (await api.delete(f"{path}/sessions", access=admin.access)).status_code == 204
    query = {"target": user.user_id, "type": "user.suspended"}
    [row] = data_of(await api.get("/api/v1/audit-events", params=query, access=admin.access))
    assert row["actor"]["id"] == admin.user_id
    assert (await api.get(path, access=admin.access)).status_code == 200
    assert (await api.delete(path, access=admin.access)).status_code == 204


async def _look_after_keys(api: Api, admin: Tokens) -> None:
    made = data_of(await api.post(f"{KEYS}/rotate", access=admin.access), 202)
    revoked = await api.post(f"{KEYS}/{made['kid']}/revoke", access=admin.access)
    assert revoked.status_code == 204
    states = [key["state"] for key in data_of(await api.get(KEYS, access=admin.access))]
    assert sorted(states) == ["active", "gone", "published"]  # a new one takes its place


async def _leave(api: Api) -> None:
    await api.sign_out(await api.sign_in("bob@example.com"))
    assert (await api.erase(await api.sign_in("bob@example.com"))).status_code == 204
