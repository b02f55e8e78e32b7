"""
Signing in by mail on pages, without a script (EN-1, AT-4).
"""

from urllib.parse import urlsplit

import pytest

from entrypoints.http.account_pages.places import Place, Said
from entrypoints.http.account_pages.texts import ENGLISH
from entrypoints.http.edge.cookies import CHALLENGE_COOKIE
from tests.http.account_pages.test_account_pages import check_page, enter, with_app
from tests.http.account_pages.window import ORIGIN, Page, Window
from tests.http.client import Api, code_of
from tests.http.conftest import Start
from tests.http.factors.test_mailed_sign_in import ADA, mailed

BY_MAIL = "password,passkey,email"
ASKING = ENGLISH.pages[Place.EMAIL_SIGN_IN].title
TYPING = ENGLISH.pages[Place.MAILED_CODE].title
SECURITY = ENGLISH.pages[Place.SECURITY].title


@pytest.fixture(autouse=True)
def every_page_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    HD-1, LG-1: as those of the account are.
    """
    made = Page.__init__

    def checked(self: Page, answer: object) -> None:
        check_page(answer)  # type: ignore[arg-type]
        made(self, answer)  # type: ignore[arg-type]

    monkeypatch.setattr(Page, "__init__", checked)


async def ask(window: Window, email: str = ADA, then: str = "") -> Page:
    """
    Go from the page to sign in to the one that takes the code.
    """
    page = await window.open(f"sign-in{then}")
    (link,) = [link for link in page.links if "email-sign-in" in link]
    page = await window.open(link.removeprefix("/account/"))
    assert page.title == ASKING
    return await window.press(page.form("email-sign-in"), email=email)


async def test_a_code_is_asked_for_typed_and_signs_in(start: Start) -> None:
    """
    AT-4: in this window alone, once; a code may be typed with spaces.
    """
    api = await start(sign_in_methods=BY_MAIL)
    await api.verified_user()
    window = Window(api)
    page = await ask(window)
    assert (page.title, page.address) == (TYPING, "/account/mailed-code")
    assert set(window.cookies) == {CHALLENGE_COOKIE}
    code, _ = await mailed(api)
    stranger = await Window(api).press(page.form("mailed-code"), email_code=code)
    assert (stranger.status, stranger.title) == (400, f"Error: {ASKING}")
    page = await window.press(page.form("mailed-code"), email_code=f" {code[:4]} {code[4:]} ")
    assert page.title == SECURITY
    assert page.says(ADA)
    assert CHALLENGE_COOKIE not in window.cookies


async def test_the_link_of_the_mail_signs_the_same_browser_in(start: Start) -> None:
    api = await start(sign_in_methods=BY_MAIL)
    await api.verified_user()
    window = Window(api)
    await ask(window)
    _, token = await mailed(api)
    page = await window.open(f"mailed-sign-in?token={token}")
    page = await window.press(page.form("mailed-sign-in"))
    assert page.title == SECURITY


async def test_what_was_wanted_comes_after_the_mailed_code(start: Start) -> None:
    api = await start(sign_in_methods=BY_MAIL)
    await api.verified_user()
    window = Window(api)
    page = await ask(window, then="?then=passkey")
    code, _ = await mailed(api)
    page = await window.press(page.form("mailed-code"), email_code=code)
    assert page.address == "/account/passkey"


async def test_every_address_is_answered_alike(start: Start) -> None:
    """
    EN-1: one with an account and one without; also to a wrong code.
    """
    api = await start(sign_in_methods=BY_MAIL)
    await api.verified_user()
    seen = []
    for email in (ADA, "nobody@example.com"):
        window = Window(api)
        form = (await window.open("email-sign-in")).form("email-sign-in")
        answer = await window.send(form, email=email)
        page = await window.open("mailed-code")
        wrong = await window.press(page.form("mailed-code"), email_code="00000000")
        names = sorted(name for name in answer.headers if name != "x-request-id")
        location = answer.headers["location"]
        seen.append((answer.status_code, location, names, page.html, wrong.status, wrong.html))
    assert seen[0] == seen[1]
    assert seen[0][4] == 422


async def test_a_wrong_code_can_be_mended_and_costs_a_guess(start: Start) -> None:
    """
    After too many the right one is refused for a while, and the page says for how long.
    """
    api = await start(sign_in_methods=BY_MAIL, sign_in_attempts=3)
    await api.verified_user()
    window = Window(api)
    page = await ask(window)
    form = page.form("mailed-code")
    for _ in range(3):
        page = await window.press(form, email_code="00000000")
        assert (page.status, page.title) == (422, f"Error: {TYPING}")
        assert page.says(ENGLISH.reasons["INVALID_PROOF"])
    code, _ = await mailed(api)
    page = await window.press(form, email_code=code)
    assert page.status == 429
    assert "retry-after" in page.answer.headers


async def test_what_is_left_empty_or_no_address_is_named(start: Start) -> None:
    api = await start(sign_in_methods=BY_MAIL)
    window = Window(api)
    form = (await window.open("email-sign-in")).form("email-sign-in")
    for email in ("", "nobody", "a" * 400 + "@example.com"):
        page = await window.press(form, email=email)
        assert (page.status, page.title) == (422, f"Error: {ASKING}")
    page = await ask(window)
    page = await window.press(page.form("mailed-code"), email_code="")
    assert (page.status, page.title) == (422, f"Error: {TYPING}")
    assert page.says(ENGLISH.reasons["MISSING"])


async def test_a_code_without_its_browser_leads_to_asking(start: Start) -> None:
    """
    A page that was kept open for too long, or opened from a bookmark.
    """
    api = await start(sign_in_methods=BY_MAIL)
    window = Window(api)
    assert (await window.open("mailed-code?then=passkey")).address == "/account/email-sign-in"
    window.cookies[CHALLENGE_COOKIE] = "dwc_none"
    page = await window.open("mailed-code")
    page = await window.press(page.form("mailed-code"), email_code="12345678")
    assert (page.status, page.title) == (400, f"Error: {ASKING}")
    assert page.says(ENGLISH.reasons["INVALID_CHALLENGE"])


async def test_with_a_second_factor_the_code_is_the_first_one(start: Start) -> None:
    """
    MF-2: and the words claim nothing of a password.
    """
    api = await start(sign_in_methods=BY_MAIL)
    _, app, _ = await with_app(api)
    window = Window(api)
    page = await ask(window)
    code, _ = await mailed(api)
    page = await window.press(page.form("mailed-code"), email_code=code)
    assert page.title == ENGLISH.pages[Place.SECOND_FACTOR].title
    assert not page.says("password is right")
    assert CHALLENGE_COOKIE not in window.cookies
    page = await window.press(page.form("second-factor", "code"), code=code_of(app))
    assert page.title == SECURITY


async def test_where_it_is_switched_off_nothing_offers_it(api: Api) -> None:
    window = Window(api)
    page = await window.open("sign-in")
    assert not any("email-sign-in" in link for link in page.links)
    page = await window.open("email-sign-in")
    assert page.status == 403
    assert page.says(ENGLISH.refusals["SIGN_IN_METHOD_OFF"].title)
    answer = await api.send(
        "POST", "/account/email-sign-in", data={"email": ADA, "then": "", "factor": ""},
        headers=ORIGIN,
    )  # fmt: skip
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_where_no_password_signs_in_none_is_asked_for(start: Start) -> None:
    api = await start(sign_in_methods="email")
    page = await Window(api).open("sign-in")
    assert page.forms == []
    assert [urlsplit(link).path for link in page.links] == ["/account/email-sign-in"]


async def test_requests_of_one_source_are_counted(start: Start) -> None:
    """
    RL-1: as those of the API are, and together with them.
    """
    api = await start(sign_in_methods=BY_MAIL, rate_limits=True)
    window = Window(api)
    form = (await window.open("email-sign-in")).form("email-sign-in")
    for _ in range(120):
        answer = await api.post("/api/v1/sign-in-codes", {"email": "x@example.com"})
        assert answer.status_code == 202
    page = await window.press(form, email=ADA)
    assert page.status == 429
    assert page.says("Try again in")


async def test_one_device_of_two_is_forgotten(start: Start) -> None:
    """
    MF-2: that one is asked again, the other is not; nobody forgets another user's.
    """
    api = await start(trusted_device_ttl=3600)
    _, app, codes = await with_app(api)
    first, second = Window(api), Window(api)
    for window, field, proof in (
        (first, "code", code_of(app)),
        (second, "recovery_code", codes[0]),
    ):
        page = await enter(window)
        form = page.form("second-factor", field)
        page = await window.press(form, **{field: proof}, remember_device="yes")
        assert page.title == SECURITY
    page = await second.open("security")
    forms = [form for form in page.forms if form.action == "/account/forget-device"]
    assert [set(form.fields) for form in forms] == [{"csrf", "device"}] * 2
    newest, oldest = forms
    page = await second.press(oldest)
    assert page.says(ENGLISH.said[Said.ONE_FORGOTTEN])
    assert [f.fields["device"] for f in page.forms if "device" in f.fields] == [
        newest.fields["device"]
    ]
    page = await second.press(oldest)
    assert page.says(ENGLISH.refusals["DEVICE_NOT_FOUND"].title)
    for window, title in (
        (first, ENGLISH.pages[Place.SECOND_FACTOR].title),
        (second, SECURITY),
    ):
        page = await window.open("security")
        await window.press(page.form("sign-out"))
        assert (await enter(window)).title == title
    await api.verified_user("eve@example.com")
    page = await enter(eve := Window(api), email="eve@example.com")
    csrf = page.form("sign-out").fields["csrf"]
    page = await eve.press(
        type(newest)(newest.action, {"csrf": csrf, "device": newest.fields["device"]})
    )
    assert page.says(ENGLISH.refusals["DEVICE_NOT_FOUND"].title)
    page = await eve.press(type(newest)(newest.action, {"csrf": csrf, "device": "x"}))
    assert page.status == 400
