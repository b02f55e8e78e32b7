"""
Accounts that a test of a product asks for, and forgetting them.
"""

import pytest

from tests.http.client import PASSWORD, Api, data_of, refusal_of
from tests.http.conftest import Start, memory_only

pytestmark = memory_only


async def make(api: Api, email: str, **more: object) -> dict[str, object]:
    body = {"email": email, "password": PASSWORD, **more}
    user: dict[str, object] = data_of(await api.post("/dev/users", body), 201)
    return user


async def test_an_account_is_there_and_may_sign_in(api: Api) -> None:
    user = await make(api, "ada@example.com", display_name="Ada")
    tokens = await api.sign_in()
    assert await api.me(tokens) == user | {
        "last_signed_in_at": tokens.body["user"]["last_signed_in_at"]
    }
    assert (user["status"], user["display_name"], user["roles"]) == ("active", "Ada", ["user"])


async def test_an_administrator_is_one_field_away(api: Api) -> None:
    await make(api, "ada@example.com", roles=["administrator"])
    tokens = await api.sign_in()
    assert (await api.get("/api/v1/users", access=tokens.access)).status_code == 200


async def test_an_address_may_be_left_unproven(api: Api) -> None:
    user = await make(api, "ada@example.com", verified=False)
    assert user["status"] == "unverified"
    assert refusal_of(await api.try_sign_in()) == (403, "EMAIL_NOT_VERIFIED")
    assert await api.confirm(await api.mailed_token())


async def test_the_rules_hold_for_it_too(api: Api) -> None:
    await make(api, "ada@example.com")
    for body, expected in (
        ({"email": "ada@example.com", "password": PASSWORD}, (409, "EMAIL_ALREADY_REGISTERED")),
        ({"email": "bob@example.com", "password": "short"}, (422, "PASSWORD_REJECTED")),
        ({"email": "bob", "password": PASSWORD}, (422, "VALIDATION_ERROR")),
        ({"email": "bob@example.com"}, (422, "VALIDATION_ERROR")),
        (
            {"email": "bob@example.com", "password": PASSWORD, "roles": ["nobody"]},
            (404, "ROLE_NOT_FOUND"),
        ),
    ):
        assert refusal_of(await api.post("/dev/users", body)) == expected


async def test_what_is_forgotten_never_was(start: Start) -> None:
    """
    Accounts, sessions, mails, roles, locks, limits by count and stored answers; not the keys,
    which products hold in their caches.
    """
    api = await start(rate_limits=True, sign_in_attempts=1)
    keys = (await api.get("/.well-known/jwks.json")).json()
    signed_up = {"email": "ada@example.com", "password": PASSWORD}
    repeated = {"headers": {"idempotency-key": "one"}}
    first = await api.post("/api/v1/users", signed_up, **repeated)
    token = await api.mailed_token()
    await api.confirm(token)
    tokens = await api.sign_in()
    for _ in range(3):
        await api.try_sign_in(password="not the right one at all")
    data_of(await api.post("/dev/clock/advance", {"seconds": 60}))
    assert (await api.post("/dev/reset")).status_code == 204
    assert await api.mails() == []
    await api.container.service().keys.keyring.load()
    assert (await api.get("/api/v1/users/me", access=tokens.access)).status_code == 401
    assert refusal_of(await api.try_refresh(tokens)) == (401, "REFRESH_TOKEN_INVALID")
    again = await api.post("/api/v1/users", signed_up, **repeated)
    assert again.json()["meta"] != first.json()["meta"]
    await api.confirm(await api.mailed_token())
    await api.sign_in()
    assert (await api.get("/.well-known/jwks.json")).json() == keys


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://id.example.com", "sec-fetch-site": "same-site"},
    ],
)
async def test_no_page_of_another_site_does_any_of_it(api: Api, headers: dict[str, str]) -> None:
    """
    SE-6: a developer's browser would send it, and a request without a body needs no preflight.
    """
    await make(api, "ada@example.com")
    for method, path, body in (
        ("POST", "/dev/reset", None),
        ("POST", "/dev/users", {"email": "eve@example.com", "password": PASSWORD}),
        ("PUT", "/dev/clock", {"now": "2031-01-01T00:00:00Z"}),
        ("POST", "/dev/clock/advance", {"seconds": 86400}),
    ):
        answer = await api.http.request(method, path, json=body, headers=headers)
        assert refusal_of(answer) == (403, "CSRF_FAILED"), path
    await api.sign_in()
    assert await api.user("eve@example.com") is None


async def test_a_page_of_ours_may(api: Api) -> None:
    headers = {"origin": "https://id.example.com", "sec-fetch-site": "same-origin"}
    assert (await api.post("/dev/reset", headers=headers)).status_code == 204
    assert (await api.get("/dev/clock", headers={"sec-fetch-site": "none"})).status_code == 200


async def test_limits_by_count_begin_anew(start: Start) -> None:
    api = await start(rate_limits=True)
    for number in range(1000):
        body = {"email": f"u{number}@example.com", "password": PASSWORD}
        if (await api.post("/api/v1/users", body)).status_code == 429:
            break
    else:
        raise AssertionError("no limit was met")
    await api.post("/dev/reset")
    await api.sign_up()


async def test_the_audit_trail_goes_on(api: Api) -> None:
    """
    LG-3: nothing is taken out of it, and its chain holds.
    """
    container = api.container
    await make(api, "ada@example.com")
    await container.service().audit.chain()
    await api.post("/dev/reset")
    await make(api, "ada@example.com")
    await container.service().audit.chain()
