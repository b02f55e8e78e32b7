"""
One visit to every operation of the API, on every store: with each one's adapters the route, the
use case and the store fit together. What each of them does in detail is told elsewhere once.
"""

from typing import Any

import httpx
from fastapi.routing import iter_route_contexts

from tests.http.api_keys.holders import ACCESS_TOKENS, INTROSPECT, LEAKED_KEYS, program
from tests.http.client import NEW_PASSWORD, PASSWORD, Api, Tokens, code_of, data_of
from tests.http.conftest import Start, every_store

USERS = "/api/v1/users"
ME = "/api/v1/users/me"
ROLES = "/api/v1/roles"
KEYS = "/api/v1/signing-keys"
INVITATIONS = "/api/v1/invitations"
FACTORS = "/api/v1/users/me/factors"
EVERY_METHOD = "password,passkey,email"


@every_store
async def test_every_operation_of_the_description_succeeds(start: Start) -> None:
    """
    A route that is added and not visited here, or that one store's adapters refuse, shows.
    """
    api = await start(sign_in_methods=EVERY_METHOD)
    await visit_every_operation(api)
    assert _visited(api) == _described(api)


async def test_head_answers_wherever_get_does(start: Start) -> None:
    """
    RFC 9110, 9.3.2: the same status and headers, to the same callers, without the body.
    """
    api = await start(sign_in_methods=EVERY_METHOD)
    get, asked = api.get, 0

    async def get_and_head(path: str, **options: Any) -> httpx.Response:
        nonlocal asked
        answer, head = await get(path, **options), await api.send("HEAD", path, **options)
        assert (head.status_code, head.content) == (answer.status_code, b"")
        assert _lasting(head) == _lasting(answer), path
        asked += 1
        return answer

    api.get = get_and_head  # type: ignore[method-assign]
    await visit_every_operation(api)
    assert asked > 20
    assert _visited(api, "HEAD") == {name for name in _described(api) if name.startswith("GET ")}


async def test_head_answers_where_no_operation_is_described(start: Start) -> None:
    """
    Pages, their assets, documentation and metrics; what is not there is not there for HEAD.
    """
    api = await start(metrics=True)
    visited = set()
    for context in iter_route_contexts(api.app.routes):
        path, methods = context.path or "", context.methods or set()
        if "GET" in methods and not path.startswith("/api/"):
            concrete = path.replace("/docs/assets/{name}", "/docs/assets/swagger-ui.css")
            answer, head = await api.get(concrete), await api.send("HEAD", concrete)
            assert (head.status_code, head.content) == (answer.status_code, b""), path
            if path != "/metrics":
                assert _lasting(head) == _lasting(answer), path
            if etag := answer.headers.get("etag"):
                known = {"if-none-match": etag}
                assert (await api.send("HEAD", concrete, headers=known)).status_code == 304
            visited.add(path)
    assert visited >= {"/docs", "/docs/assets/{name}", "/metrics", "/verify-email", "/health/ready"}
    assert (await api.send("HEAD", "/nowhere")).status_code == 404
    refused = await api.send("HEAD", "/api/v1/sessions")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def _lasting(answer: httpx.Response) -> dict[str, str]:
    """
    Return the headers that two answers have in common.
    """
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


async def visit_every_operation(api: Api) -> None:
    await _see_what_anyone_may_see(api)
    ada = await _come_in(api)
    ada = await _look_after_the_own_account(api, ada)
    admin = await api.administrator()
    await _invite(api, admin)
    await _give_a_role(api, admin, ada)
    await _look_after_a_user(api, admin, ada)
    await _look_after_keys(api, admin)
    await _look_after_factors(api, admin)
    await _look_after_devices(api)
    await _look_after_passkeys(api)
    await _sign_in_by_mail(api)
    await _look_after_api_keys(api, admin)
    await _come_with_a_key(api)
    await _leave(api)


def _visited(api: Api, *methods: str) -> set[str]:
    return {
        found[0].replace("HEAD ", "GET ")
        for answer in api.answers
        if answer.is_success and (not methods or answer.request.method in methods)
        if (found := api.contract.operation(answer.request.method, answer.request.url.path))
    }


def _described(api: Api) -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, item in api.contract.document["paths"].items()
        for method in item
    }


async def _see_what_anyone_may_see(api: Api) -> None:
    for path in (
        "/health/live",
        "/health/ready",
        "/api/v1/errors",
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
        "/.well-known/webauthn",
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


async def _look_after_factors(api: Api, admin: Tokens) -> None:
    app, enrolled = await api.enrol_totp(await api.sign_in("bob@example.com"))
    challenge = (await api.challenge("bob@example.com"))["token"]
    tokens = Tokens(data_of(await api.try_complete(challenge, {"totp": code_of(app)}), 201))
    access, path = tokens.access, f"{FACTORS}/{enrolled['factor']['id']}"
    assert len(data_of(await api.get(FACTORS, access=access))) == 2
    seen = data_of(await api.get(f"{USERS}/{tokens.user_id}/factors", access=admin.access))
    assert [each["kind"] for each in seen] == ["totp", "recovery_codes"]
    renamed = data_of(await api.patch(path, {"name": "Old phone"}, access=access))
    assert renamed["name"] == "Old phone"
    fresh = data_of(await api.post(f"{ME}/recovery-codes", access=access), 201)["codes"]
    step_up = "/api/v1/sessions/current/challenges"
    begun = data_of(await api.post(step_up, access=access))["challenge"]
    proof = {"recovery_code": fresh[1]}
    access = (await api.step_up(tokens, proof, challenge=begun)).access
    proof = {"recovery_code": fresh[0]}
    body = {"email": "bob@example.com", "password": PASSWORD, "proof": proof}
    data_of(await api.post("/api/v1/sessions", body), 201)
    assert (await api.delete(path, access=access)).status_code == 204
    await api.enrol_totp(await api.sign_in("bob@example.com"))
    undone = {"token": await api.mailed_token("bob@example.com", "/undo-factor")}
    assert (await api.post("/api/v1/factor-undos/confirm", undone)).status_code == 204
    await api.enrol_totp(await api.sign_in("bob@example.com"))
    reset, why = f"{USERS}/{tokens.user_id}/factors/reset", {"reason": "Lost the phone."}
    assert (await api.post(reset, why, access=admin.access)).status_code == 204


async def _look_after_devices(api: Api) -> None:
    app, enrolled = await api.enrol_totp(await api.sign_in("bob@example.com"))
    body = {"email": "bob@example.com", "password": PASSWORD, "remember_device": True}
    proof = {"totp": code_of(app)}
    answer = data_of(await api.post("/api/v1/sessions", {**body, "proof": proof}), 201)
    known = {**body, "device_token": answer["device"]["token"]}
    data_of(await api.post("/api/v1/sessions", known), 201)
    access = Tokens(answer).access
    (device,) = data_of(await api.get(f"{ME}/devices", access=access))
    for path in (f"{ME}/devices/{device['id']}", f"{ME}/devices"):
        assert (await api.delete(path, access=access)).status_code == 204
    factor = f"{FACTORS}/{enrolled['factor']['id']}"
    assert (await api.delete(factor, access=access)).status_code == 204


async def _look_after_passkeys(api: Api) -> None:
    device, _ = await api.enrol_passkey(await api.sign_in("bob@example.com"))
    tokens = await api.sign_in_with(device)
    challenge = await api.challenge("bob@example.com")
    proof = {"passkey": device.get(challenge["passkey_options"])}
    data_of(await api.try_complete(challenge["token"], proof), 201)
    for factor in data_of(await api.get(FACTORS, access=tokens.access)):
        if factor["kind"] == "passkey":
            path = f"{FACTORS}/{factor['id']}"
            assert (await api.delete(path, access=tokens.access)).status_code == 204


async def _sign_in_by_mail(api: Api) -> None:
    asked = data_of(await api.post("/api/v1/sign-in-codes", {"email": "bob@example.com"}), 202)
    token = await api.mailed_token("bob@example.com", "/sign-in")
    answer = await api.try_complete(asked["challenge"], {"email_token": token})
    assert data_of(answer, 201)["session"]["amr"] == ["email"]


async def _look_after_api_keys(api: Api, admin: Tokens) -> None:
    program_of, key = "/api/v1/service-accounts", {"name": "CI", "permissions": []}
    made = data_of(await api.post(program_of, {"name": "Till"}, access=admin.access), 201)
    account = f"{program_of}/{made['id']}"
    data_of(await api.get(program_of, access=admin.access))
    data_of(await api.get(account, access=admin.access))
    data_of(await api.patch(account, {"name": "Tills"}, access=admin.access))
    for method in ("PUT", "DELETE"):
        given = await api.send(method, f"{account}/roles/user", access=admin.access)
        assert given.status_code == 204
    for change in ("suspend", "reinstate"):
        data_of(await api.post(f"{account}/{change}", access=admin.access))
    bob = await api.sign_in("bob@example.com")
    own, his = f"{ME}/api-keys", f"{USERS}/{bob.user_id}/api-keys"
    for path, caller in ((own, bob), (f"{account}/api-keys", admin)):
        old = data_of(await api.post(path, key, access=caller.access), 201)
        one = f"{path}/{old['id']}"
        assert data_of(await api.get(one, access=caller.access))["hint"] == old["hint"]
        new = data_of(await api.post(f"{one}/rotate", {}, access=caller.access), 201)
        assert len(data_of(await api.get(path, access=caller.access))) == 1
        if path == own:
            data_of(await api.patch(f"{own}/{new['id']}", {"name": "x"}, access=caller.access))
        gone = await api.delete(f"{path}/{new['id']}", access=caller.access)
        assert gone.status_code == 204
    made = data_of(await api.post(own, key, access=bob.access), 201)
    assert len(data_of(await api.get(his, access=admin.access))) == 1
    data_of(await api.get(f"{his}/{made['id']}", access=admin.access))
    for path in (f"{his}/{made['id']}", his, f"{account}/api-keys", account):
        assert (await api.delete(path, access=admin.access)).status_code == 204


async def _come_with_a_key(api: Api) -> None:
    _, key = await program(api, "tokens:introspect")
    token = data_of(await api.post(ACCESS_TOKENS, access=key))["access_token"]
    session = (await api.sign_in("bob@example.com")).access
    for each in (key, token, session):
        answer = await api.send("POST", INTROSPECT, access=key, data={"token": each})
        assert answer.json()["active"] is True
    data_of(await api.post(LEAKED_KEYS, {"key": key}), 202)


async def _leave(api: Api) -> None:
    await api.sign_out(await api.sign_in("bob@example.com"))
    assert (await api.erase(await api.sign_in("bob@example.com"))).status_code == 204
