"""
Signing in by mail, over HTTP and on every store (AT-4, EN-1).
"""

import re
from typing import Any

import httpx
import pytest

from tests.http.account_pages.window import ORIGIN
from tests.http.client import PUBLIC_URL, Api, Tokens, data_of
from tests.http.conftest import Start, every_store

CODES = "/api/v1/sign-in-codes"
ADA = "ada@example.com"


async def mailed(api: Api) -> tuple[str, str]:
    """
    Return the code and the token of the newest mail to sign in with.
    """
    mail = next(each for each in await api.mails(ADA) if "sign in" in each["subject"])
    (code,) = re.findall(r"^[0-9]{8}$", mail["text"], re.MULTILINE)
    assert mail["link"].endswith(f"/sign-in?token={mail['token']}")
    return code, mail["token"]


async def ask(api: Api, email: str = ADA) -> str:
    """
    Ask for a code; return the challenge.
    """
    asked = data_of(await api.post(CODES, {"email": email}), 202)
    assert set(asked) == {"challenge", "expires_at"}
    return str(asked["challenge"])


@every_store
async def test_a_sign_in_by_code_and_one_by_link(start: Start) -> None:
    api = await start(sign_in_methods="password,email")
    await api.verified_user()
    challenge = await ask(api)
    code, _ = await mailed(api)
    tokens = Tokens(data_of(await api.try_complete(challenge, {"email_code": code}), 201))
    assert (await api.me(tokens))["email"] == ADA
    again = await api.try_complete(challenge, {"email_code": code})
    assert (again.status_code, again.json()["error"]["code"]) == (401, "INVALID_PROOF")
    challenge = await ask(api)
    _, token = await mailed(api)
    other = await ask(api, "bob@example.com")
    stolen = await api.try_complete(other, {"email_token": token})
    assert stolen.json()["error"]["code"] == "INVALID_PROOF"
    session = data_of(await api.try_complete(challenge, {"email_token": token}), 201)["session"]
    assert (session["acr"], session["amr"]) == ("aal1", ["email"])


async def test_an_account_without_a_password(start: Start) -> None:
    api = await start(sign_in_methods="password,email")
    data_of(await api.post("/api/v1/users", {"email": ADA}), 201)
    challenge = await ask(api)
    code, _ = await mailed(api)
    tokens = Tokens(data_of(await api.try_complete(challenge, {"email_code": code}), 201))
    assert (await api.me(tokens))["status"] == "active"
    assert (await api.try_sign_in()).json()["error"]["code"] == "INVALID_CREDENTIALS"


@pytest.mark.parametrize(
    ("methods", "path", "body"),
    [
        ("password", CODES, {"email": ADA}),
        ("password", "/api/v1/passkeys/challenges", None),
        ("passkey", "/api/v1/sessions", {"email": ADA, "password": "not that it mattered"}),
    ],
)
async def test_what_is_switched_off_says_so(
    start: Start, methods: str, path: str, body: dict[str, Any] | None
) -> None:
    api = await start(sign_in_methods=methods)
    answer = await api.post(path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "SIGN_IN_METHOD_OFF")


async def test_without_mail_a_sign_up_takes_a_password_as_ever(api: Api) -> None:
    answer = await api.post("/api/v1/users", {"email": ADA})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"] == [
        {"field": "password", "code": "MISSING", "message": "This field is required."}
    ]


@every_store
async def test_the_link_signs_in_only_the_browser_that_asked(start: Start) -> None:
    """
    A scanner that follows the link and presses the button sees the code, and holds nothing.
    """
    api = await start(sign_in_methods="password,email")
    await api.verified_user()
    asked = await api.post(CODES, {"email": ADA})
    (given,) = asked.headers.get_list("set-cookie")
    assert given.startswith("__Host-doorward-challenge=dwc_")
    assert "SameSite=Lax" in given
    assert "HttpOnly" in given
    code, token = await mailed(api)
    page = "/account/mailed-sign-in"
    transport = httpx.ASGITransport(api.app)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as browser:
        led = await browser.get(f"/sign-in?token={token}")
        assert (led.status_code, led.headers["location"]) == (
            303,
            f"account/mailed-sign-in?token={token}",
        )
        seen = await browser.get(f"{page}?token={token}")
        assert code in seen.text
        assert seen.headers["cache-control"] == "no-store"
        pressed = await browser.post(page, data={"token": token}, headers=ORIGIN)
        assert (pressed.status_code, pressed.headers["location"]) == (
            303,
            f"mailed-sign-in?token={token}",
        )
        assert "set-cookie" not in pressed.headers
        mine = {"cookie": given.split(";")[0], **ORIGIN}
        offered = await browser.get(f"{page}?token={token}", headers=mine)
        assert code not in offered.text
        done = await browser.post(page, data={"token": token}, headers=mine)
        assert (done.status_code, done.headers["location"]) == (303, "security")
        assert len(done.headers.get_list("set-cookie")) == 3
        browser.cookies.clear()
        again = await browser.post(page, data={"token": token}, headers=mine)
        assert again.status_code == 400


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=a&token=b", "?token=%0d%0aa", "?token=%E2"]
)
async def test_a_link_that_is_none_of_ours_leads_nowhere(api: Api, query: str) -> None:
    for path in ("/sign-in", "/account/mailed-sign-in"):
        answer = await api.get(path + query)
        assert answer.status_code == 400
        assert "location" not in answer.headers
