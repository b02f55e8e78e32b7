"""
Hostile pages against a user who is signed in with cookies (SE-6, TK-2, AT-5, HD-2).
"""

from typing import Any

import httpx
import pytest

from tests.http.client import PASSWORD, PUBLIC_URL, Api, data_of, refusal_of
from tests.http.conftest import Start, databases
from tests.http.edge.browser import ME, REFRESH, SIGN_IN, Browser

FOREIGN = [
    "https://evil.example",
    "null",
    "",
    PUBLIC_URL + ".evil.example",
    PUBLIC_URL + ":444",
    PUBLIC_URL + "/",
    PUBLIC_URL.upper(),
    PUBLIC_URL.replace("https://", "http://") + "@evil.example",
    PUBLIC_URL + "@evil.example",
    f"{PUBLIC_URL}, {PUBLIC_URL}",
]
IDENTIFIER = "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"


async def refused(answer: httpx.Response, browser: Browser) -> None:
    """
    Check that the request was refused without a hint, and has changed nothing.
    """
    assert refusal_of(answer) == (403, "CSRF_FAILED")
    error = answer.json()["error"]
    assert (error["details"], error["retryable"]) == ([], False)
    me = data_of(await browser.send("GET", ME))
    assert me["display_name"] is None


async def rename(browser: Browser, **headers: str) -> httpx.Response:
    return await browser.send("PATCH", ME, json={"display_name": "Mallory"}, headers=headers)


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_other_origin_changes_anything(browser: Browser, origin: str) -> None:
    await refused(await rename(browser, origin=origin), browser)


async def test_without_an_origin_nothing_is_changed(browser: Browser) -> None:
    answer = await browser.api.patch(
        ME,
        {"display_name": "Mallory"},
        headers={
            "cookie": "; ".join(f"{k}={v}" for k, v in browser.cookies.items()),
            "x-csrf-token": browser.csrf,
        },
    )
    await refused(answer, browser)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", "", "SAME-ORIGIN"])
async def test_the_browsers_own_word_counts(browser: Browser, site: str) -> None:
    """
    Fetch Metadata: where it is sent, it has to say that the page is ours.
    """
    await refused(await rename(browser, **{"sec-fetch-site": site}), browser)


async def test_a_browser_that_does_not_say_is_believed_by_its_origin(browser: Browser) -> None:
    cookies = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
    headers = {"cookie": cookies, "x-csrf-token": browser.csrf, "origin": PUBLIC_URL}
    answer = await browser.api.patch(ME, {"display_name": "Ada"}, headers=headers)
    assert answer.status_code == 200


async def test_the_token_is_compared_whole_and_is_its_sessions_own(
    api: Api, browser: Browser
) -> None:
    """
    TK-2, AT-5: no other session's, no part, no other spelling, and nothing else of ours.
    """
    other = Browser(api)
    await other.sign_in()
    await api.verified_user("eve@example.com")
    eve = Browser(api)
    await eve.sign_in("eve@example.com")
    tokens = await api.sign_in()
    page = await browser.send("GET", f"{ME}/sessions?limit=1")
    cursor = page.json()["meta"]["next_cursor"]
    assert cursor is not None
    good = browser.csrf
    for token in (
        "", "x", good[:-1], good + "A", good + "=", good.swapcase(), f" {good}x",
        other.csrf, eve.csrf, tokens.access, tokens.refresh, cursor, "\u00e9", "A" * 5000,
    ):  # fmt: skip
        answer = await browser.send(
            "PATCH", ME, json={"display_name": "Mallory"},
            headers={"x-csrf-token": token.encode("latin-1").decode("latin-1")}
            if token.isascii() else {"x-csrf-token": "%C3%A9"},
        )  # fmt: skip
        await refused(answer, browser)
    assert refusal_of(await api.get(ME, access=good)) == (401, "ACCESS_TOKEN_INVALID")
    as_cursor = await browser.send("GET", f"{ME}/sessions?cursor={good}")
    assert refusal_of(as_cursor) == (400, "INVALID_CURSOR")


def unsafe_routes(api: Api) -> list[tuple[str, str]]:
    """
    Return every route that changes something for a signed-in caller.
    """
    public = api.app.state.public_routes
    return [
        (method.upper(), path)
        for path, operations in api.contract.document["paths"].items()
        for method in operations
        if method not in {"get", "head"} and (method.upper(), path) not in public
    ]


async def test_every_route_that_changes_something_asks_for_the_proof(browser: Browser) -> None:
    """
    SE-6: none was forgotten, and none looks at the body first.
    """
    routes = unsafe_routes(browser.api)
    assert len(routes) >= 15
    browser.csrf = ""
    for method, template in [*routes, ("POST", REFRESH)]:
        path = template.replace("{name}", "support").replace("{role}", "user")
        for part in ("user_id", "session_id", "invitation_id", "kid"):
            path = path.replace(f"{{{part}}}", IDENTIFIER)
        answer = await browser.send(method, path)
        if path.startswith("/oauth2/"):
            assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")
            continue
        assert refusal_of(answer) == (403, "CSRF_FAILED"), template
    assert (await browser.send("GET", ME)).status_code == 200


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_what_a_plain_form_can_send_is_not_read(browser: Browser, media_type: str) -> None:
    """
    SE-6: JSON that calls itself something else is refused before anything looks at it.
    """
    answer = await browser.send(
        "PATCH", ME, content=b'{"display_name": "Mallory"}', headers={"content-type": media_type}
    )
    assert answer.status_code == 415
    assert data_of(await browser.send("GET", ME))["display_name"] is None


async def test_a_method_in_a_header_is_no_method(browser: Browser) -> None:
    """
    HD-3: a GET stays one, whatever it claims.
    """
    for name in ("x-http-method-override", "x-method-override", "x-http-method"):
        answer = await browser.send("GET", ME, headers={name: "DELETE"})
        assert answer.status_code == 200


@pytest.mark.parametrize("origin", [each for each in FOREIGN if each])
async def test_no_foreign_page_signs_a_user_in(api: Api, origin: str) -> None:
    """
    Login CSRF: no user is put into an account of another's choice.
    """
    await api.verified_user()
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    answer = await api.post(SIGN_IN, body, headers={"origin": origin})
    assert refusal_of(answer) == (403, "CSRF_FAILED")
    assert answer.headers.get("set-cookie") is None
    crossed = {"origin": PUBLIC_URL, "sec-fetch-site": "cross-site"}
    assert (await api.post(SIGN_IN, body, headers=crossed)).status_code == 403


async def test_a_named_origin_is_one_of_our_own(start: Start) -> None:
    """
    HD-2: with credentials, exactly these and no other; the browser may call them cross-site.
    """
    app = "https://app.example.org"
    api = await start(cors_origins=(app,))
    await api.verified_user()
    browser = Browser(api, origin=app)
    site = {"sec-fetch-site": "same-site"}
    body: dict[str, Any] = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    assert (await browser.send("POST", SIGN_IN, json=body, headers=site)).status_code == 201
    answer = await browser.send("PATCH", ME, json={"display_name": "Ada"}, headers=site)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == app
    assert answer.headers["access-control-allow-credentials"] == "true"
    for other in ("https://app.example.org.evil.example", "http://app.example.org"):
        refusal = await rename(browser, origin=other)
        assert refusal_of(refusal) == (403, "CSRF_FAILED")
        assert "access-control-allow-origin" not in refusal.headers


@databases
async def test_a_page_outlasts_a_change_of_the_secret_key(start: Start) -> None:
    """
    TK-4: with the token from before, while SECRET_KEY_PREVIOUS is set; with that of a refresh, ever
    after. Without either it has to sign in again, and no more than that.
    """
    old, new = "v7Yq2m9Zt4Lw8Rk1Xs6Bn3Hf5Jd0GpCa", "kX2mQ8vB4nL7pR1tY5wZ9cF3hJ6sD0gA"
    api = await start(secret_key=old)
    await api.verified_user()
    page, idle = Browser(api), Browser(api)
    for each in (page, idle):
        await each.sign_in()
    page.api = await start(secret_key=new, secret_key_previous=old)
    assert (await rename(page)).status_code == 200
    assert (await page.send("POST", REFRESH)).status_code == 200
    page.api = idle.api = await start(secret_key=new)
    assert (await rename(page)).status_code == 200
    assert (await page.send("POST", REFRESH)).status_code == 200
    assert refusal_of(await idle.send("POST", REFRESH)) == (403, "CSRF_FAILED")
    await idle.sign_in()
