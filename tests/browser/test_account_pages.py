"""
An account is made secure on its own pages, as a user with a browser does it.
"""

import re

import pyotp
import pytest
from playwright.async_api import Locator, Page, expect

from domain.mail.code import code_of as code_in_mail
from tests.browser.conftest import PASSWORD, Served, Visitor
from tests.browser.test_passkeys import authenticator
from tests.http.client import code_of

WIDTHS = {"phone": 390, "desktop": 1280}


async def proven(served: Served) -> str:
    """
    Return the address of a new account that is proven.
    """
    email = await served.sign_up()
    token = (await served.link(email, "/verify-email")).partition("token=")[2]
    await served.call("/email-verifications/confirm", {"token": token}, 200)
    return email


async def sign_in(page: Page, email: str) -> None:
    """
    Fill in address and password with nothing but the keyboard.
    """
    await page.goto(f"{page.url.partition('/account')[0]}/account/sign-in")
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("E-mail address")).to_be_focused()
    await page.keyboard.type(email)
    await page.keyboard.press("Tab")
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")


async def heading(page: Page, text: str) -> None:
    await expect(page.get_by_role("heading", level=1)).to_have_text(text)


async def tab_to(page: Page, wanted: Locator) -> None:
    """
    Go on with the Tab key until this has the focus.
    """
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("the keyboard does not reach it")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
async def test_an_authenticator_app_is_added_and_used_with_the_keyboard_alone(
    served: Served, visit: Visitor, width: int, scripts: bool
) -> None:
    """
    MF-1, MF-2: set up, codes kept, signed out, in with a code, stepped up, in with a recovery code.
    """
    email = await proven(served)
    viewport = {"width": width, "height": 844}
    page = (await visit(viewport=viewport, java_script_enabled=scripts)).page
    await page.goto(f"{served.url}/account")
    await heading(page, "Sign in")
    await sign_in(page, email)
    await heading(page, "Security of your account")
    await tab_to(page, page.get_by_role("link", name="Set up an authenticator app"))
    await page.keyboard.press("Enter")

    await heading(page, "Set up an authenticator app")
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    app = pyotp.TOTP((await page.locator(".secret").inner_text()).replace(" ", ""))
    code = page.get_by_label("Code", exact=True)
    await expect(code).to_have_attribute("autocomplete", "one-time-code")
    await tab_to(page, page.get_by_role("textbox", name="Code"))
    await page.keyboard.type("000000")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Error: Set up an authenticator app · Doorward")
    await expect(page.get_by_role("alert")).to_contain_text("not the code")
    await expect(code).to_have_accessible_description(re.compile("not the code"))
    await tab_to(page, page.get_by_role("textbox", name="Code"))
    await page.keyboard.type(code_of(app, steps=-1))
    await page.keyboard.press("Tab")
    await page.keyboard.type("My phone")
    await page.keyboard.press("Enter")
    await heading(page, "Your recovery codes")
    codes = await page.get_by_role("list", name="Recovery codes").get_by_role("listitem").all()
    assert len(codes) == 10
    kept = await codes[0].inner_text()
    await tab_to(page, page.get_by_role("link", name="I have kept them"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("My phone", exact=True)).to_be_visible()
    await tab_to(page, page.get_by_role("button", name="Sign out"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text("You are signed out.")

    await sign_in(page, email)
    await heading(page, "Show a second factor")
    await tab_to(page, page.get_by_role("textbox", name="Code"))
    await page.keyboard.type(code_of(app))
    await page.keyboard.press("Enter")
    await heading(page, "Security of your account")
    await tab_to(page, page.get_by_role("button", name="Sign out"))
    await page.keyboard.press("Enter")
    await heading(page, "Sign in")

    await sign_in(page, email)
    await heading(page, "Show a second factor")
    await tab_to(page, page.locator("summary"))
    await page.keyboard.press("Enter")
    await tab_to(page, page.get_by_role("textbox", name="Recovery code"))
    await page.keyboard.type(kept)
    await page.keyboard.press("Enter")
    await heading(page, "Security of your account")
    await expect(page.get_by_text("9 of them left")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
async def test_a_mailed_code_and_a_mailed_link_sign_in_with_the_keyboard_alone(
    served: Served, visit: Visitor, width: int, scripts: bool
) -> None:
    """
    AT-4: the code where it was asked for; the link in another window of the same browser.
    """
    email = await proven(served)
    viewport = {"width": width, "height": 844}
    visited = await visit(viewport=viewport, java_script_enabled=scripts)
    page = visited.page
    await page.goto(f"{served.url}/account")
    await ask_by_mail(page, email)
    await page.keyboard.type("0000 0000")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Error: Look into your mailbox · Doorward")
    code = page.get_by_role("textbox", name="Code")
    await expect(code).to_have_attribute("autocomplete", "one-time-code")
    await expect(code).to_have_accessible_description(re.compile("not right"))
    link = await served.link(email, "/sign-in?")
    await tab_to(page, code)
    await page.keyboard.type(code_in_mail(link.partition("token=")[2]))
    await page.keyboard.press("Enter")
    await heading(page, "Security of your account")
    await tab_to(page, page.get_by_role("button", name="Sign out"))
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("status")).to_have_text("You are signed out.")
    await ask_by_mail(page, email)
    other = await visited.context.new_page()
    await other.goto(await served.link(email, "/sign-in?"))
    await tab_to(other, other.get_by_role("button", name="Sign in"))
    await other.keyboard.press("Enter")
    await heading(other, "Security of your account")


async def ask_by_mail(page: Page, email: str) -> None:
    """
    Go from the page to sign in to where the code is typed, with nothing but the keyboard.
    """
    await heading(page, "Sign in")
    await tab_to(page, page.get_by_role("link", name="Have a code mailed to me"))
    await page.keyboard.press("Enter")
    await heading(page, "Sign in by mail")
    await tab_to(page, page.get_by_label("E-mail address"))
    await page.keyboard.type(email)
    await page.keyboard.press("Enter")
    await heading(page, "Look into your mailbox")
    await tab_to(page, page.get_by_role("textbox", name="Code"))


async def test_one_trusted_device_is_forgotten_with_the_keyboard(
    served: Served, visit: Visitor
) -> None:
    """
    MF-2: the button says to a screen reader which device it is for.
    """
    email = await proven(served)
    page = (await visit(user_agent="My old laptop")).page
    await page.goto(f"{served.url}/account")
    await sign_in(page, email)
    await page.get_by_role("link", name="Set up an authenticator app").click()
    app = pyotp.TOTP((await page.locator(".secret").inner_text()).replace(" ", ""))
    await page.get_by_role("textbox", name="Code").fill(code_of(app, steps=-1))
    await page.get_by_role("button", name="Add the app").click()
    await page.get_by_role("link", name="I have kept them").click()
    await page.get_by_role("button", name="Sign out").click()
    await sign_in(page, email)
    await page.get_by_role("textbox", name="Code").fill(code_of(app))
    await page.get_by_label("Do not ask").first.check()
    await page.get_by_role("button", name="Go on").click()
    await tab_to(page, page.get_by_role("button", name="Forget: My old laptop"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_have_text(
        "That device is asked for a second factor again."
    )
    await expect(page.get_by_role("button", name="Forget: My old laptop")).to_have_count(0)


async def test_a_passkey_is_made_and_used_by_our_script(named: Served, visit: Visitor) -> None:
    """
    MF-3: under a policy that lets no other script run; to step up, beside a password, and alone.
    """
    email = await proven(named)
    visited = await visit(trusted=False)  # what was seen is looked at below
    page = visited.page
    async with authenticator(visited.context, page) as finger:
        await page.goto(f"{named.url}/account/sign-in?then=passkey")
        await page.get_by_label("E-mail address").fill(email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await heading(page, "Add a passkey")
        await page.get_by_label("Name").fill("This browser")
        await page.get_by_role("button", name="Make a passkey").click()
        await heading(page, "Your recovery codes")

        # The session has shown a password only, and the account has more by now.
        await page.goto(f"{named.url}/account/passkey")
        await heading(page, "Is it still you?")
        await page.get_by_role("button", name="Use a passkey").click()
        await heading(page, "Add a passkey")
        await page.get_by_role("button", name="Make a passkey").click()
        await expect(page.get_by_role("alert")).to_have_text(
            re.compile("This device has a passkey for your account already")
        )
        await page.get_by_role("link", name="Cancel").click()
        await expect(page.get_by_text("This browser", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        # The sign-in page offers it beside the address, and the finger is there.
        await expect(page.get_by_text("This browser", exact=True)).to_be_visible()

        await finger(False)
        await page.get_by_role("button", name="Sign out").click()
        await heading(page, "Sign in")
        await page.get_by_label("E-mail address").fill(email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await heading(page, "Show a second factor")
        await finger(True)
        await page.get_by_role("button", name="Use a passkey").click()
        await heading(page, "Security of your account")
    assert not [each for each in visited.requested if not each.startswith(f"{named.url}/")]
    assert visited.complaints == []
