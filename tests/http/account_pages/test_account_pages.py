"""
The account's pages, without a script: what they let happen, and what they never do.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from uuid import UUID

import httpx
import pyotp
import pytest

from adapters.memory.clock import ManualClock
from domain.factors.device import DeviceId
from domain.factors.factor import FactorId
from entrypoints.http.account_pages.places import Goal, Place, Said, expected_by
from entrypoints.http.account_pages.routes import FORM_PATHS
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.edge.cookies import CHALLENGE_COOKIE, DEVICE_COOKIE
from tests.http.account_pages.window import ORIGIN, Form, Page, Window
from tests.http.client import PASSWORD, PUBLIC_URL, WRONG_PASSWORD, Api, code_of, data_of
from tests.http.conftest import Start
from tests.http.factors.test_first_factor_of_a_guarded_role import newest_code
from tests.support.soft_passkey import SoftPasskey

EMAIL = "ada@example.com"
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HOSTILE = "\"><script>alert(1)</script><a href='https://evil.example'>"
ACCESS, REFRESH = "__Host-doorward-access", "__Host-doorward-refresh"


async def signed_in(api: Api) -> Window:
    """
    Return the window of a user who has just signed in.
    """
    await api.verified_user()
    window = Window(api)
    page = await enter(window)
    assert page.address == "/account/security"
    return window


async def enter(window: Window, password: str = PASSWORD, email: str = EMAIL) -> Page:
    page = await window.open("sign-in")
    return await window.press(page.form("sign-in"), email=email, password=password)


async def with_app(api: Api) -> tuple[Window, pyotp.TOTP, list[str]]:
    """
    Return a window of a user with an authenticator app, the app, and the recovery codes.
    """
    window = await signed_in(api)
    page = await window.open("authenticator-app")
    app = pyotp.TOTP(secret_on(page))
    page = await window.press(
        page.form("authenticator-app"), code=code_of(app, steps=-1), name="My phone"
    )
    assert page.title == ENGLISH.codes.title
    return window, app, codes_on(page)


def secret_on(page: Page) -> str:
    (secret,) = re.findall(r"<code>([A-Z2-7 ]+)</code>", page.html)
    return str(secret).replace(" ", "")


def codes_on(page: Page) -> list[str]:
    return re.findall(r"<li><code>([0-9a-z]{5}-[0-9a-z]{5})</code></li>", page.html)


def check_page(answer: httpx.Response) -> None:
    """
    Hold an answer against what every page promises.
    """
    headers, html = answer.headers, answer.text
    has_script = "<script" in html
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"] == CSP + ("; script-src 'self'" * has_script)
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    tags = set(re.findall(r"<([a-z0-9]+)", html))
    assert not tags & {"style", "iframe", "object", "embed", "base", "img"}
    assert not re.search(r"<[^>]*\s(style|on\w+|srcdoc)\s*=", html)
    assert not re.search(r'<[^>]*\s(href|src|action|formaction)="[^"]*(//|:)', html)
    for script in re.findall(r"<script[^>]*>[^<]*</script>", html):
        assert re.fullmatch(
            r'<script type="module" src="\.\./assets/passkey-[0-9a-f]{16}\.js"></script>', script
        )


@pytest.fixture(autouse=True)
def every_page_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    HD-1, LG-1: whatever a window shows has the headers, no script but ours, nothing of others.
    """
    made = Page.__init__

    def checked(self: Page, answer: httpx.Response) -> None:
        check_page(answer)
        made(self, answer)

    monkeypatch.setattr(Page, "__init__", checked)


# --- signing in and out ---------------------------------------------------------------------------


async def test_a_user_signs_in_looks_and_signs_out(api: Api) -> None:
    """
    SE-6: in cookies that no script sees; after the sign-out the session is over.
    """
    window = await signed_in(api)
    page = await window.open("security")
    assert page.says(EMAIL)
    assert page.says(ENGLISH.security.none)
    kept = dict(window.cookies)
    assert kept.keys() == {ACCESS, REFRESH}
    page = await window.press(page.form("sign-out"))
    assert (page.title, page.says(ENGLISH.said[Said.SIGNED_OUT])) == ("Sign in", True)
    assert window.cookies == {}
    window.cookies = kept
    assert (await window.open("security")).title == "Sign in"


async def test_the_cookies_are_those_of_cookie_mode(api: Api) -> None:
    """
    SE-6: HttpOnly, Secure, SameSite, for this host, no longer than the tokens are good.
    """
    await api.verified_user()
    window = Window(api)
    page = await window.open("sign-in")
    answer = await window.send(page.form("sign-in"), email=EMAIL, password=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "security")
    for line in answer.headers.get_list("set-cookie"):
        assert line.endswith("; Path=/; HttpOnly; Secure; SameSite=Strict")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("email", "password"), [(EMAIL, WRONG_PASSWORD), ("nobody@example.com", PASSWORD)]
)
async def test_a_wrong_password_and_a_missing_account_look_alike(
    api: Api, email: str, password: str
) -> None:
    """
    EN-1: the same words, beside the field and on top; the address stays, the password does not.
    """
    await api.verified_user()
    window = Window(api)
    page = await enter(window, password, email)
    assert (page.status, page.title) == (422, "Error: Sign in")
    assert page.html.count(ENGLISH.reasons["INVALID_CREDENTIALS"]) == 2
    assert page.form("sign-in").fields["email"] == email
    assert page.form("sign-in").fields["password"] == ""
    assert password not in page.html
    assert 'role="alert"' in page.html
    assert window.cookies == {}


async def test_what_is_left_empty_or_too_long_is_named_beside_its_field(api: Api) -> None:
    window = Window(api)
    form = (await window.open("sign-in")).form("sign-in")
    page = await window.press(form, email="", password="")
    assert (page.status, page.html.count(ENGLISH.reasons["MISSING"])) == (422, 4)
    page = await window.press(form, email="a" * 321, password="b" * 4097)
    assert (page.status, page.says("Use at most 320 characters.")) == (422, True)
    page = await window.press(form, email="no address", password=PASSWORD)
    assert (page.status, page.title) == (422, "Error: Sign in")


async def test_an_unproven_and_a_suspended_account_say_so_after_the_right_password(
    start: Start,
) -> None:
    api = await start()
    await api.sign_up()
    page = await enter(Window(api))
    assert (page.status, page.says(ENGLISH.reasons["EMAIL_NOT_VERIFIED"])) == (403, True)
    assert not (await enter(Window(api), WRONG_PASSWORD)).says(
        ENGLISH.reasons["EMAIL_NOT_VERIFIED"]
    )
    await api.confirm(await api.mailed_token())
    await api.suspend(EMAIL)
    page = await enter(Window(api))
    assert (page.status, page.says(ENGLISH.reasons["USER_SUSPENDED"])) == (403, True)


async def test_guesses_are_counted_as_everywhere(start: Start) -> None:
    """
    RL-1: the page says how long to wait, and then the right password does not help.
    """
    api = await start()
    await api.verified_user()
    window = Window(api)
    page = await enter(window, WRONG_PASSWORD)
    for _ in range(20):
        if page.status == 429:
            break
        page = await enter(window, WRONG_PASSWORD)
    assert page.status == 429
    assert int(page.answer.headers["retry-after"]) >= 1
    assert page.says("Try again in")
    assert (await enter(window)).status == 429


async def test_sign_ins_of_one_source_are_counted(start: Start) -> None:
    """
    RL-4: by each of the forms, with those of the API.
    """
    api = await start(rate_limits=True)
    await api.verified_user()
    left = []
    for place in (Place.SIGN_IN, Place.PASSKEY_SIGN_IN):
        page = await Window(api).open("sign-in")
        fields = {"email": EMAIL, "password": WRONG_PASSWORD} if place is Place.SIGN_IN else {}
        page = await Window(api).press(page.form(place), **fields)
        left.append(int(page.answer.headers["ratelimit-remaining"]))
    answer = await api.try_sign_in(password=WRONG_PASSWORD)
    left.append(int(answer.headers["ratelimit-remaining"]))
    window = Window(api)
    window.cookies[CHALLENGE_COOKIE] = "dwc_x"
    answer = await window.send(page_form(Place.MAILED_SIGN_IN, token="x"))
    left.append(int(answer.headers["ratelimit-remaining"]))
    assert left == [299, 298, 297, 296]


async def test_what_was_wanted_comes_after_signing_in(api: Api) -> None:
    """
    Also with a second factor; and nothing but a page of ours can be wanted.
    """
    window, app, _ = await with_app(api)
    window.cookies = {}
    page = await window.open("recovery-codes")
    assert page.address == "/account/sign-in"
    page = await window.press(page.form("sign-in"), email=EMAIL, password=PASSWORD)
    page = await window.press(page.form("second-factor", "code"), code=code_of(app))
    assert page.address == "/account/recovery-codes"
    for then in ("https://evil.example", "//evil.example", "sign-out", "step-up", "", HOSTILE):
        window.cookies = {}
        page = Page(await api.get("/account/sign-in", params={"then": then, "factor": HOSTILE}))
        assert set(page.form("sign-in").fields) == {"email", "password"}
        assert "evil" not in page.html


# --- a second factor ------------------------------------------------------------------------------


async def test_an_app_is_set_up_and_asked_for(api: Api) -> None:
    """
    MF-1, MF-2: QR code and key, ten recovery codes once; then the password alone opens nothing.
    """
    _, app, codes = await with_app(api)
    assert len(set(codes)) == 10
    window = Window(api)
    page = await enter(window)
    assert (page.status, page.title) == (200, ENGLISH.pages[Place.SECOND_FACTOR].title)
    assert window.cookies == {}
    page = await window.press(page.form("second-factor", "code"), code=code_of(app))
    assert page.address == "/account/security"
    assert page.says("My phone")
    assert page.says("10 of them left")
    mine = data_of(await api.get("/api/v1/users/me/sessions", access=window.cookies[ACCESS]))
    assert next(each for each in mine if each["current"])["acr"] == "aal2"


async def test_a_code_may_be_typed_as_apps_show_it(api: Api) -> None:
    _, app, _ = await with_app(api)
    window = Window(api)
    page = await enter(window)
    code = code_of(app)
    page = await window.press(page.form("second-factor", "code"), code=f" {code[:3]} {code[3:]} ")
    assert page.address == "/account/security"


async def test_a_wrong_code_costs_a_guess_and_not_the_sign_in(api: Api) -> None:
    """
    MF-1: the same page again, with the reason beside the field; then the right one is good.
    """
    _, _, codes = await with_app(api)
    window = Window(api)
    page = await enter(window)
    for field, wrong in (("code", "000000"), ("recovery_code", "00000-00000"), ("code", "")):
        page = await window.press(page.form("second-factor", field), **{field: wrong})
        assert page.status == 422
        assert page.title == f"Error: {ENGLISH.pages[Place.SECOND_FACTOR].title}"
        assert not wrong or wrong not in re.sub(r'name="state" value="[^"]+"', "", page.html)
    page = await window.press(
        page.form("second-factor", "recovery_code"), recovery_code=codes[0].upper()
    )
    assert page.address == "/account/security"
    assert page.says("9 of them left")
    again = await enter(Window(api))
    page = await window.press(again.form("second-factor", "recovery_code"), recovery_code=codes[0])
    assert page.status == 422


async def test_a_page_of_a_second_factor_is_good_once(api: Api) -> None:
    """
    MF-1: its challenge is spent with the session; the browser's way back leads to the beginning.
    """
    _, _, codes = await with_app(api)
    window = Window(api)
    form = (await enter(window)).form("second-factor", "recovery_code")
    assert (await window.press(form, recovery_code=codes[0])).address == "/account/security"
    page = await window.press(form, recovery_code=codes[1])
    assert (page.status, page.title) == (400, "Error: Sign in")
    assert page.says(ENGLISH.reasons["INVALID_CHALLENGE"])
    for made_up in (
        "",
        "x",
        f" {form.fields['state']}",
        form.fields["state"][:-8] + "AAAAAAA=",
        "ä",
    ):
        page = await window.press(form, state=made_up, recovery_code=codes[1])
        assert (page.status, page.says(ENGLISH.unreadable.title)) == (400, True)
    assert (await window.open("second-factor")).address == "/account/sign-in"


async def test_a_wrong_code_at_setting_up_keeps_the_secret(api: Api) -> None:
    """
    The app that was scanned already goes on working; the name stays, the code goes.
    """
    window = await signed_in(api)
    page = await window.open("authenticator-app")
    secret = secret_on(page)
    assert 'role="img"' in page.html
    page = await window.press(page.form("authenticator-app"), code="000000", name="Phöne <1>")
    assert (page.status, page.says(ENGLISH.reasons["WRONG_CODE"])) == (422, True)
    assert secret_on(page) == secret
    assert page.form("authenticator-app").fields["name"] == "Phöne <1>"
    assert page.form("authenticator-app").fields["code"] == ""
    form = page.form("authenticator-app")
    page = await window.press(form, code=code_of(pyotp.TOTP(secret)), name="n" * 401)
    assert (page.status, page.says("Use at most 400 characters.")) == (422, True)
    page = await window.press(form, code=code_of(pyotp.TOTP(secret)))
    assert page.title == ENGLISH.codes.title
    assert page.says(EMAIL)


async def test_an_enrolment_is_good_once_and_for_its_session(api: Api) -> None:
    window, app, _ = await with_app(api)
    page = await window.open("authenticator-app")
    page = await window.press(page.form("step-up", "code"), code=code_of(app))
    assert page.address == "/account/authenticator-app"
    assert (page.status, page.says("There is one authenticator app")) == (409, True)
    await api.verified_user("bob@example.com")
    hers, his = Window(api), Window(api)
    await enter(hers, email="bob@example.com")
    page = await enter(his, email="bob@example.com")
    begun = await his.open("authenticator-app")
    code = code_of(pyotp.TOTP(secret_on(begun)))
    # What is sealed for one page is nothing to another.
    state = begun.form("authenticator-app").fields["state"]
    elsewhere = await his.press(page_form(Place.SECOND_FACTOR, state=state, code=code))
    assert (elsewhere.status, elsewhere.says(ENGLISH.unreadable.title)) == (400, True)
    there = (await hers.open("authenticator-app")).form("authenticator-app")
    page = await hers.press(there, state=begun.form("authenticator-app").fields["state"], code=code)
    assert (page.status, page.says(ENGLISH.refusals["INVALID_CHALLENGE"].title)) == (400, True)


async def test_a_sealed_secret_is_shown_in_its_session_alone_and_for_its_time(
    start: Start,
) -> None:
    """
    AT-5: whoever gets hold of a form as it was sent learns nothing of it from the page.
    """
    clock = ManualClock(datetime.now(UTC))
    api = await start(clock=clock)
    window = await signed_in(api)
    page = await window.open("authenticator-app")
    form, secret = page.form("authenticator-app"), secret_on(page)
    assert secret_on(await window.press(form)) == secret
    await api.verified_user("bob@example.com")
    other = Window(api)
    await enter(other, email="bob@example.com")
    there = (await other.open("authenticator-app")).form("authenticator-app")
    for code in ("", "000000"):
        page = await other.press(there, state=form.fields["state"], code=code)
        assert (page.status, page.says(ENGLISH.refusals["INVALID_CHALLENGE"].title)) == (400, True)
        assert secret not in page.html.replace(" ", "")
    clock.advance(timedelta(minutes=6))
    page = await window.press(form)
    assert (page.status, page.says(ENGLISH.refusals["INVALID_CHALLENGE"].title)) == (400, True)


async def test_recovery_codes_are_renewed_and_shown_once(api: Api) -> None:
    """
    MF-1: ten others; the older ones are void, and no other page shows any.
    """
    window, _, old = await with_app(api)
    window = Window(api)
    page = await enter(window)
    await window.press(page.form("second-factor", "recovery_code"), recovery_code=old[0])
    page = await window.open("recovery-codes")
    assert codes_on(page) == []
    page = await window.press(page.form("recovery-codes"))
    new = codes_on(page)
    assert (len(set(new)), set(new) & set(old)) == (10, set())
    assert codes_on(await window.open("security")) == []
    page = await enter(Window(api))
    assert (
        await window.press(page.form("second-factor", "recovery_code"), recovery_code=old[1])
    ).status == 422
    page = await window.press(page.form("second-factor", "recovery_code"), recovery_code=new[0])
    assert page.address == "/account/security"


async def test_a_device_that_is_trusted_is_not_asked_again(start: Start) -> None:
    """
    MF-2: for the lowest level, where the operator allows it; until it is forgotten.
    """
    api = await start(trusted_device_ttl=3600)
    _, app, _ = await with_app(api)
    window = Window(api)
    page = await enter(window)
    form = page.form("second-factor", "code")
    page = await window.press(form, code="000000", remember_device="yes")
    assert (page.status, DEVICE_COOKIE in window.cookies) == (422, False)
    page = await window.press(form, code=code_of(app), remember_device="yes")
    assert page.says(ENGLISH.security.devices)
    page = await window.press(page.form("sign-out"))
    assert set(window.cookies) == {DEVICE_COOKIE}
    page = await enter(window)
    assert page.address == "/account/security"
    assert (await window.open("recovery-codes")).address == "/account/step-up"
    page = await window.open("security")
    page = await window.press(page.form("forget-devices"))
    assert page.says(ENGLISH.said[Said.FORGOTTEN])
    assert not page.says(ENGLISH.security.devices)
    await window.press(page.form("sign-out"))
    assert (await enter(window)).title == ENGLISH.pages[Place.SECOND_FACTOR].title


async def test_where_no_device_is_trusted_none_is_offered(start: Start) -> None:
    api = await start(trusted_device_ttl=0)
    _, app, _ = await with_app(api)
    window = Window(api)
    form = (await enter(window)).form("second-factor", "code")
    assert "remember_device" not in form.fields
    form.fields["remember_device"] = "yes"
    await window.press(form, code=code_of(app))
    assert set(window.cookies) == {ACCESS, REFRESH}


# --- stepping up ----------------------------------------------------------------------------------


async def test_an_old_session_shows_its_password_again(start: Start) -> None:
    """
    HD-6: asked for when the page is opened, and led on to it; a wrong one changes nothing.
    """
    later = ManualClock(datetime.now(UTC))
    api = await start(clock=later)
    window = await signed_in(api)
    old = window.cookies[REFRESH]
    later.advance(timedelta(seconds=301))
    page = await window.open("authenticator-app")
    assert (page.address, page.title) == (
        "/account/step-up",
        ENGLISH.pages[Place.STEP_UP].title,
    )
    page = await window.press(page.form("step-up"), password=WRONG_PASSWORD)
    assert (page.status, page.says(ENGLISH.reasons["INVALID_PROOF"])) == (422, True)
    assert WRONG_PASSWORD not in page.html
    page = await window.press(page.form("step-up"), password="")
    assert (page.status, page.says(ENGLISH.reasons["MISSING"])) == (422, True)
    page = await window.press(page.form("step-up"), password=PASSWORD)
    assert page.address == "/account/authenticator-app"
    assert window.cookies[REFRESH] != old


async def test_with_a_factor_the_factor_is_shown_again(api: Api) -> None:
    """
    MF-2: a password-only session of an account that has a factor by now; no password is asked for.
    """
    window, _, codes = await with_app(api)
    for link in (await window.open("security")).links:
        # Asked for before the button is shown, and not when it is pressed.
        assert (await window.open(link.removeprefix("/account/"))).address == "/account/step-up"
    page = await window.open("recovery-codes")
    assert {*page.form("step-up", "code").fields} == {"csrf", "then", "challenge", "code"}
    assert not any("password" in form.fields for form in page.forms)
    page = await window.press(page.form("step-up", "code"), code="000000")
    assert (page.status, page.says(ENGLISH.reasons["INVALID_PROOF"])) == (422, True)
    page = await window.press(page.form("step-up", "recovery_code"), recovery_code=f" {codes[3]}")
    assert page.address == "/account/recovery-codes"
    listed = await window.open("security")
    (remove, _) = [link for link in listed.links if "remove" in link]
    assert (await window.open(remove.removeprefix("/account/"))).status == 200


async def test_a_button_that_comes_too_late_asks_and_leads_back(start: Start) -> None:
    """
    HD-6: nothing was done; the page that asked comes again, of the same factor.
    """
    later = ManualClock(datetime.now(UTC))
    api = await start(clock=later)
    window, _, codes = await with_app(api)
    page = await window.open("recovery-codes")
    await window.press(page.form("step-up", "recovery_code"), recovery_code=codes[0])
    (remove, _) = [each for each in (await window.open("security")).links if "remove" in each]
    form = (await window.open(remove.removeprefix("/account/"))).form("remove-factor")
    later.advance(timedelta(seconds=302))
    page = await window.press(form)
    assert page.address == "/account/step-up"
    page = await window.press(page.form("step-up", "recovery_code"), recovery_code=codes[1])
    assert (page.address, page.status) == ("/account/remove-factor", 200)
    page = await window.press(page.form("remove-factor"))
    assert page.says(ENGLISH.said[Said.REMOVED])


# --- whose page it is -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FORM_PATHS))
async def test_a_foreign_page_changes_nothing(api: Api, path: str) -> None:
    """
    SE-6: with whatever it sends; and with the token of a page, from another origin.
    """
    window, _, _ = await with_app(api)
    page = await window.open("security")
    csrf = page.form("sign-out").fields["csrf"]
    cookies = "; ".join(f"{name}={value}" for name, value in window.cookies.items())
    before = await window.open("security")
    form = {
        name: {
            "csrf": csrf,
            "factor": before.links[0].partition("factor=")[2],
            "device": str(DeviceId(UUID(int=1))),
        }.get(name, "x")
        for name in expected_by(Place(path.rpartition("/")[2]))
    }
    for headers in (
        {"origin": "https://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "null", "sec-fetch-site": "cross-site"},
        {"origin": PUBLIC_URL, "sec-fetch-site": "same-site"},
    ):
        answer = await api.send("POST", path, data=form, headers={**headers, "cookie": cookies})
        assert answer.status_code == (400 if "state" in form else 403)
        assert "set-cookie" not in answer.headers
        check_page(answer)
    if "csrf" in form:
        for token in ("", "x", csrf[:-2] + "AA"):
            answer = await api.send(
                "POST", path, data={**form, "csrf": token}, headers={**ORIGIN, "cookie": cookies}
            )
            assert answer.status_code == (400 if "state" in form else 403)
    assert (await window.open("security")).links == before.links


@pytest.mark.parametrize("path", sorted(FORM_PATHS))
async def test_what_no_form_of_ours_sends_is_not_read(api: Api, path: str) -> None:
    """
    IN-5: another field, a field twice, a body that is none; and nothing of it comes back.
    """
    window = await signed_in(api)
    cookies = "; ".join(f"{name}={value}" for name, value in window.cookies.items())
    headers = {**ORIGIN, "cookie": cookies, "content-type": "application/x-www-form-urlencoded"}
    csrf = (await window.open("security")).form("sign-out").fields["csrf"]
    for body in (
        f"csrf={csrf}&evil=1",
        f"csrf={csrf}&csrf={csrf}",
        "csrf",
        f"state={'a' * 40_000}",
    ):
        answer = await api.send("POST", path, content=body, headers=headers)
        assert answer.status_code in {400, 403, 422}
        assert "evil" not in answer.text
        check_page(answer)
    answer = await api.send("POST", path, json={"csrf": csrf}, headers={"cookie": cookies})
    assert answer.status_code == 415


async def test_another_session_s_token_is_of_no_use(api: Api) -> None:
    """
    SE-6: not even of the same user.
    """
    window = await signed_in(api)
    other = Window(api)
    csrf = (await enter(other)).form("sign-out").fields["csrf"]
    page = await window.press((await window.open("security")).form("sign-out"), csrf=csrf)
    assert (page.status, page.says(ENGLISH.foreign.paragraphs[1])) == (403, True)
    assert (await window.open("security")).address == "/account/security"


async def test_tokens_that_ran_out_are_renewed_on_the_way(start: Start) -> None:
    """
    SE-6, RF-1: of an open page as well, which keeps its token; what is not known leads to sign-in.
    """
    later = ManualClock(datetime.now(UTC))
    api = await start(clock=later)
    window = await signed_in(api)
    form = (await window.open("security")).form("sign-out")
    later.advance(timedelta(hours=1))
    before = dict(window.cookies)
    assert (await window.open("security")).address == "/account/security"
    assert window.cookies[ACCESS] != before[ACCESS]
    assert window.cookies[REFRESH] != before[REFRESH]
    later.advance(timedelta(hours=1))
    del window.cookies[ACCESS]  # as a browser does when it has run out
    kept = dict(window.cookies)
    assert (await window.press(form, csrf="x")).status == 403
    assert window.cookies == kept
    page = await window.press(form)
    assert page.says(ENGLISH.said[Said.SIGNED_OUT])
    assert window.cookies == {}
    for cookies in ({REFRESH: "x"}, {ACCESS: "x"}, kept, {ACCESS: "x", REFRESH: kept[REFRESH]}):
        window.cookies = dict(cookies)
        assert (await window.open("security")).address == "/account/sign-in"
        assert window.cookies == {}


async def test_a_link_of_another_site_signs_nobody_out(api: Api) -> None:
    """
    SE-6: with what another site begins, the cookies do not come along; they are there all the same.
    """
    places = (place for place in Place if place is not Place.SIGN_IN)
    for path in ("", *(f"/{place}" for place in places)):
        answer = await api.get(f"/account{path}", headers={"sec-fetch-site": "cross-site"})
        assert "set-cookie" not in answer.headers
    for path in FORM_PATHS:
        form = dict.fromkeys(expected_by(Place(path.rpartition("/")[2])), "x")
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        answer = await api.send("POST", path, data=form, headers=foreign)
        assert "set-cookie" not in answer.headers
        assert "set-cookie" not in (await api.send("POST", path, data=form)).headers


async def test_without_a_session_every_page_leads_to_sign_in_and_on(api: Api) -> None:
    """
    AZ-1: none of them shows or does anything.
    """
    window = Window(api)
    factor = f"?factor={FactorId(UUID(int=1))}"
    for path in ("security", "recovery-codes", "authenticator-app", "passkey", "step-up",
                 f"rename-factor{factor}", f"remove-factor{factor}"):  # fmt: skip
        assert (await window.open(path)).address == "/account/sign-in"
    for path in FORM_PATHS:
        place = Place(path.rpartition("/")[2])
        form = page_form(place, **dict.fromkeys(expected_by(place), "x"))
        if "factor" in form.fields:
            form.fields["factor"] = factor[8:]
        answer = await window.send(form)
        switched_off = {403} if place is Place.EMAIL_SIGN_IN else set()
        assert answer.status_code in {303, 400, 422} | switched_off
        assert window.cookies == {}


def test_where_to_go_on_is_one_of_our_pages() -> None:
    factor = str(FactorId(UUID(int=1)))
    assert Goal.read({"then": "passkey", "factor": factor}) == Goal(Place.PASSKEY)
    assert Goal.read({"then": "remove-factor", "factor": factor}).address == (
        f"remove-factor?factor={factor}"
    )
    for given in ({}, {"then": "sign-out"}, {"then": "remove-factor"}, {"then": "//x"}):
        assert Goal.read(given) == Goal()


# --- passkeys -------------------------------------------------------------------------------------


def passkey_form(page: Page) -> tuple[Form, dict[str, Any]]:
    (form,) = [form for form in page.forms if "data-passkey" in form.data]
    return form, json.loads(form.data["data-options"])


async def with_passkey(api: Api) -> tuple[Window, SoftPasskey]:
    window = await signed_in(api)
    passkey = api.device()
    form, options = passkey_form(await window.open("passkey"))
    credential = json.dumps(passkey.create(options))
    page = await window.press(form, credential=credential, name="This laptop")
    assert page.title == ENGLISH.codes.title
    assert len(codes_on(page)) == 10
    return window, passkey


async def test_a_passkey_signs_in_alone_beside_a_password_and_steps_up(api: Api) -> None:
    """
    MF-3: what the script writes into the form is what the API takes.
    """
    window, passkey = await with_passkey(api)
    form, options = passkey_form(await window.open("recovery-codes"))
    page = await window.press(form, credential=json.dumps(passkey.get(options)))
    assert page.address == "/account/recovery-codes"
    alone = Window(api)
    form, options = passkey_form(await alone.open("sign-in"))
    assert options["userVerification"] == "required"
    page = await alone.press(form, credential=json.dumps(passkey.get(options)))
    assert page.says("This laptop")
    assert (await alone.open("recovery-codes")).status == 200
    both = Window(api)
    form, options = passkey_form(await enter(both))
    page = await both.press(form, credential=json.dumps(passkey.get(options)))
    assert page.address == "/account/security"


async def test_a_passkey_that_is_none_changes_nothing(api: Api) -> None:
    """
    IN-4: the page comes again, and says so; nothing comes back.
    """
    window = await signed_in(api)
    form, options = passkey_form(await window.open("passkey"))
    for wrong in ("", "evil", "[]", '{"id": "evil"}', '{"a": 1, "a": 2}'):
        page = await window.press(form, credential=wrong)
        assert (page.status, page.title[:6], "evil" in page.html) == (422, "Error:", False)
        assert passkey_form(page)[1] == options
    assert (await window.open("security")).says(ENGLISH.security.none)
    stranger = Window(api)
    form, options = passkey_form(await stranger.open("sign-in"))
    for wrong in ("", "evil", '{"id": "evil"}'):
        page = await stranger.press(form, credential=wrong)
        assert (page.status, page.title, "evil" in page.html) == (422, "Error: Sign in", False)
    page = await stranger.press(form, challenge="evil", credential="{}")
    assert (page.status, "evil" in page.html) == (400, False)
    assert stranger.cookies == {}


# --- a role that sleeps ---------------------------------------------------------------------------


@pytest.mark.parametrize("place", [Place.AUTHENTICATOR_APP, Place.PASSKEY])
async def test_the_first_factor_of_a_guarded_role_takes_a_mailed_code(
    start: Start, place: Place
) -> None:
    """
    MF-2: mailed by a button and not by opening; a wrong one changes nothing, and counts.
    """
    later = ManualClock(datetime.now(UTC))
    api = await start(administrator_acr="aal2", clock=later)
    await api.administrator()
    stale = Window(api)
    await enter(stale, email="root@example.com")
    later.advance(timedelta(seconds=301))
    assert (await stale.open(place)).address == "/account/step-up"
    window = Window(api)
    await enter(window, email="root@example.com")
    mails = len(await api.mails())
    page = await window.open(place)
    assert page.title == ENGLISH.mail_first.title
    assert len(await api.mails()) == mails
    page = await window.press(page.form(place))
    assert len(await api.mails()) == mails + 1
    filled_in, device = {}, api.device()
    if place is Place.PASSKEY:
        _, options = passkey_form(page)
        filled_in["credential"] = json.dumps(device.create(options))
    else:
        filled_in["code"] = pyotp.TOTP(secret_on(page)).at(later.now())
    for wrong, reason in (("", "MISSING"), ("00000000", "INVALID_PROOF")):
        page = await window.press(page.form(place), email_code=wrong, **filled_in)
        assert (page.status, page.html.count(ENGLISH.reasons[reason])) == (422, 2)
    mailed = await newest_code(api)
    page = await window.press(
        page.form(place), email_code=f"{mailed[:4]} {mailed[4:]}", **filled_in
    )
    assert page.title == ENGLISH.codes.title
    assert len(await api.mails()) == mails + 2  # and the one that undoes it


async def test_without_a_factor_there_is_nothing_to_recover(api: Api) -> None:
    window = await signed_in(api)
    page = await window.open("recovery-codes")
    assert (page.status, page.says(ENGLISH.refusals["FACTOR_NOT_FOUND"].title)) == (404, True)


async def test_a_factor_is_renamed_and_removed(start: Start) -> None:
    """
    MF-2: only by somebody who has shown a factor just now; and with the last one the codes go.
    """
    api = await start()
    _, app, _ = await with_app(api)
    window = Window(api)
    page = await enter(window)
    page = await window.press(page.form("second-factor", "code"), code=code_of(app))
    (rename, _) = [link for link in page.links if "rename" in link]
    page = await window.open(rename.removeprefix("/account/"))
    assert page.form("rename-factor").fields["name"] == "My phone"
    page = await window.press(page.form("rename-factor"), name=HOSTILE)
    assert page.says(ENGLISH.said[Said.RENAMED])
    assert HOSTILE not in page.html
    assert HOSTILE in unescape(page.html)
    page = await window.open(rename.removeprefix("/account/"))
    for wrong in ("n" * 101, "n" * 401):
        refused = await window.press(page.form("rename-factor"), name=wrong)
        assert (refused.status, refused.title[:6]) == (422, "Error:")
    page = await window.open("security")
    (remove, _) = [link for link in page.links if "remove" in link]
    page = await window.open(remove.removeprefix("/account/"))
    form = page.form("remove-factor")
    page = await window.press(form)
    assert page.says(ENGLISH.said[Said.REMOVED])
    assert page.says(ENGLISH.security.none)
    assert (await window.press(form)).status == 404
    assert (await enter(Window(api))).address == "/account/security"


@pytest.mark.parametrize("place", [Place.RENAME_FACTOR, Place.REMOVE_FACTOR])
async def test_a_factor_of_another_user_is_none(api: Api, place: Place) -> None:
    """
    AZ-2: nor is anything that can be no factor.
    """
    await with_app(api)
    await api.verified_user("bob@example.com")
    ada = await api.user(EMAIL)
    assert ada is not None
    tokens = await api.administrator()
    listed = data_of(await api.get(f"/api/v1/users/{ada.id}/factors", access=tokens.access))
    window = Window(api)
    await enter(window, email="bob@example.com")
    for factor in (listed[0]["id"], "x", HOSTILE):
        page = Page(await window.api.get("/account/sign-in"))
        page = await window.open(f"{place}?factor={factor}")
        assert (page.status, "evil" in page.html) == (404, False)
    csrf = (await window.open("security")).form("sign-out").fields["csrf"]
    for factor, status in ((listed[0]["id"], 404), ("x", 400), ("", 400)):
        form = page_form(place, csrf=csrf, factor=factor)
        assert (await window.press(form)).status == status


def page_form(place: Place, **fields: str) -> Form:
    return Form(f"/account/{place}", fields)
