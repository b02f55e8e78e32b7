"""
Cookie mode: the tokens travel where no script can see them (SE-6).
"""

from typing import Any

import pytest

from entrypoints.http.edge.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    Api,
    data_of,
    reason_of,
    refusal_of,
)
from tests.http.conftest import Start
from tests.http.edge.browser import ME, REFRESH, SIGN_IN, Browser


async def test_both_tokens_come_in_cookies_that_no_script_sees(api: Api) -> None:
    """
    SE-6, HD-1: __Host-, Secure, HttpOnly, SameSite=Strict, Path=/, no Domain; none in the body.
    """
    await api.verified_user()
    browser = Browser(api)
    answer = await browser.send(
        "POST", SIGN_IN,
        json={"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"},
    )  # fmt: skip
    body = data_of(answer, 201)
    assert body.keys() == {
        "token_type", "expires_in", "refresh_expires_in", "refresh_outcome", "session", "user",
        "csrf_token",
    }  # fmt: skip
    lines = answer.headers.get_list("set-cookie")
    assert sorted(line.partition("=")[0] for line in lines) == [ACCESS_COOKIE, REFRESH_COOKIE]
    for line in lines:
        assert line.partition("=")[0].startswith("__Host-")
        attributes = {part.strip() for part in line.split(";")[1:]}
        age = body["expires_in" if ACCESS_COOKIE in line else "refresh_expires_in"]
        assert attributes == {
            "Path=/", "HttpOnly", "Secure", "SameSite=Strict", f"Max-Age={age}",
        }  # fmt: skip
        assert len(line) < 4096
    for token in browser.cookies.values():
        assert token not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"].endswith(body["session"]["id"])


async def test_the_cookie_is_as_good_as_the_header(browser: Browser) -> None:
    """
    Reading needs nothing more; changing needs the page's proof.
    """
    me = data_of(await browser.send("GET", ME))
    assert me["email"] == "ada@example.com"
    renamed = await browser.send("PATCH", ME, json={"display_name": "Ada"})
    assert data_of(renamed)["display_name"] == "Ada"
    (session,) = data_of(await browser.send("GET", f"{ME}/sessions"))
    assert session["current"] is True


async def test_a_refresh_needs_no_body_and_its_retry_gets_the_same_answer(
    browser: Browser,
) -> None:
    """
    RF-1, RF-3: as without cookies, and the token for the page is good for all its tabs.
    """
    before = dict(browser.cookies)
    first_csrf = browser.csrf
    rotated = data_of(await browser.send("POST", REFRESH))
    assert rotated["refresh_outcome"] == "rotated"
    after = dict(browser.cookies)
    assert after[REFRESH_COOKIE] != before[REFRESH_COOKIE]
    browser.cookies = dict(before)
    replayed = data_of(await browser.send("POST", REFRESH))
    assert replayed["refresh_outcome"] == "replayed"
    assert browser.cookies[REFRESH_COOKIE] == after[REFRESH_COOKIE]
    browser.csrf = first_csrf
    assert (await browser.send("PATCH", ME, json={"display_name": "Tab"})).status_code == 200


async def test_signing_out_ends_the_session_and_takes_the_cookies_back(
    browser: Browser,
) -> None:
    """
    SE-1: also from a copy of the cookies.
    """
    stolen = dict(browser.cookies)
    assert (await browser.send("DELETE", "/api/v1/sessions/current")).status_code == 204
    assert browser.cookies == {}
    browser.cookies = stolen
    answer = await browser.send("GET", ME)
    assert reason_of(answer) == "SIGNED_OUT"
    assert browser.cookies == {}, "what is of no use any more is taken back"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", f"{ME}/sessions?include_current=true", None),
        ("DELETE", f"{ME}/sessions/{{session}}", None),
        ("DELETE", ME, {"password": PASSWORD}),
    ],
)
async def test_whatever_ends_the_own_session_takes_the_cookies_back(
    browser: Browser, method: str, path: str, body: Any
) -> None:
    (session,) = data_of(await browser.send("GET", f"{ME}/sessions"))
    answer = await browser.send(method, path.format(session=session["id"]), json=body)
    assert answer.status_code == 204
    assert browser.cookies == {}


async def test_a_new_password_is_answered_in_cookies_too(browser: Browser) -> None:
    """
    SE-2: under a new session, with a new token for the page; the old one is of no use.
    """
    old_csrf, old_access = browser.csrf, browser.cookies[ACCESS_COOKIE]
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    answer = await browser.send("POST", f"{ME}/password", json=body)
    assert "access_token" not in data_of(answer)
    assert browser.cookies[ACCESS_COOKIE] != old_access
    assert (await browser.send("PATCH", ME, json={"display_name": "New"})).status_code == 200
    browser.csrf = old_csrf
    refused = await browser.send("PATCH", ME, json={"display_name": "Old"})
    assert refusal_of(refused) == (403, "CSRF_FAILED")


async def test_two_kinds_of_credentials_are_one_too_many(api: Api, browser: Browser) -> None:
    """
    TK-6: whichever of them is right.
    """
    tokens = await api.sign_in()
    for access in (tokens.access, "nonsense"):
        answer = await browser.send("GET", ME, headers={"authorization": f"Bearer {access}"})
        assert refusal_of(answer) == (400, "MULTIPLE_CREDENTIALS")
    doubled = f"{ACCESS_COOKIE}={browser.cookies[ACCESS_COOKIE]}; {ACCESS_COOKIE}=other"
    answer = await browser.send("GET", ME, headers={"cookie": doubled})
    assert refusal_of(answer) == (400, "MULTIPLE_CREDENTIALS")
    both = await browser.send("POST", REFRESH, json={"refresh_token": tokens.refresh})
    assert refusal_of(both) == (400, "MULTIPLE_CREDENTIALS")


@pytest.mark.parametrize(
    "cookies",
    [
        f"{ACCESS_COOKIE}=stale",
        f"{ACCESS_COOKIE}=a; {ACCESS_COOKIE}=b; {REFRESH_COOKIE}=c",
        ";;;=;=x;\t;__Host-=",
        f"{ACCESS_COOKIE}=\u00e9\u00ff",
        "x" * 8000,
    ],
)
async def test_a_stale_cookie_never_stands_in_the_way_of_a_sign_in(api: Api, cookies: str) -> None:
    """
    Nor of any other public route; and garbage is never a 5xx (IN-1).
    """
    await api.verified_user()
    headers = {"cookie": cookies.encode("latin-1").decode("latin-1")}
    sent = {"headers": {k: v.encode("latin-1") for k, v in headers.items()}}
    for transport in ("bearer", "cookie"):
        body = {"email": "ada@example.com", "password": PASSWORD, "transport": transport}
        assert (await api.post(SIGN_IN, body, **sent)).status_code == 201
    reset = await api.post("/api/v1/password-resets", {"email": "ada@example.com"}, **sent)
    assert reset.status_code == 202
    assert (await api.get(ME, **sent)).status_code in {400, 401}


async def test_a_token_in_the_wrong_cookie_is_worth_nothing(browser: Browser) -> None:
    """
    AT-5: an access token refreshes nothing, a refresh token opens nothing.
    """
    good = dict(browser.cookies)
    browser.cookies = {ACCESS_COOKIE: good[REFRESH_COOKIE], REFRESH_COOKIE: good[ACCESS_COOKIE]}
    assert refusal_of(await browser.send("GET", ME)) == (401, "ACCESS_TOKEN_INVALID")
    assert refusal_of(await browser.send("POST", REFRESH)) == (401, "REFRESH_TOKEN_INVALID")
    for name in (ACCESS_COOKIE, REFRESH_COOKIE):
        bare = {name.removeprefix("__Host-"): good[name]}
        browser.cookies = bare
        assert refusal_of(await browser.send("GET", ME)) == (401, "NOT_AUTHENTICATED")


async def test_a_refresh_with_neither_body_nor_cookie_says_what_is_missing(api: Api) -> None:
    answer = await api.post(REFRESH)
    assert refusal_of(answer) == (422, "VALIDATION_ERROR")


async def test_a_client_that_is_no_browser_may_use_cookies_too(api: Api) -> None:
    """
    Without an origin there is no page that could have tricked the user into it.
    """
    await api.verified_user()
    body = {"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"}
    assert (await api.post(SIGN_IN, body)).status_code == 201


async def test_no_log_line_holds_a_cookie(start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    """
    LG-1.
    """
    api = await start(log_level="debug")
    await api.verified_user()
    browser = Browser(api)
    await browser.sign_in()
    await browser.send("PATCH", ME, json={"display_name": "Ada"})
    printed = capsys.readouterr()
    for secret in (*browser.cookies.values(), browser.csrf):
        assert secret not in printed.out + printed.err
