"""
From the mail to the button and on, as a user with a browser goes it.
"""

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import ADMINISTRATOR, PASSWORD, Served, Visitor

NEW_PASSWORD = "seven quiet herons over the marsh"
CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_an_address_is_proven_by_the_button_and_not_by_opening(
    served: Served, visit: Visitor, scripts: bool
) -> None:
    """
    AT-1: sign up, open the mail's link, press, sign in; the link is good for one press.
    """
    email = await served.sign_up()
    link = await served.link(email, "/verify-email")
    page = (await visit(java_script_enabled=scripts)).page
    for _ in range(3):
        await page.goto(link)
        await expect(page).to_have_title("Confirm your address · Doorward")
    await served.sign_in(email, PASSWORD, 403)
    await page.get_by_role("button", name="Confirm address").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your address is confirmed")
    assert page.url == f"{served.url}/verify-email"  # the secret has left the address bar
    await served.sign_in(email, PASSWORD)
    await page.goto(link)
    await page.get_by_role("button", name="Confirm address").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("This link cannot be used")
    assert link.partition("token=")[2] not in await page.content()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_a_forgotten_password_is_replaced(
    served: Served, visit: Visitor, scripts: bool
) -> None:
    """
    AT-1: two that differ and a rejected one cost nothing; the old password ends with the new one.
    """
    email = await served.sign_up()
    await served.call("/password-resets", {"email": email}, 202)
    page = (await visit(java_script_enabled=scripts)).page
    await page.goto(await served.link(email, "/reset-password"))
    new, again = page.get_by_label("New password"), page.get_by_label("The same password again")

    await new.fill(NEW_PASSWORD)
    await again.fill(PASSWORD)
    await page.get_by_role("button", name="Set password").click()
    await expect(page).to_have_title("Error: Set a new password · Doorward")
    await expect(page.get_by_role("alert")).to_contain_text("The two passwords differ.")
    await expect(again).to_have_accessible_description("The two passwords differ.")

    await new.fill("password")
    await again.fill("password")
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("alert")).to_contain_text("New password: Use at least")
    await expect(new).to_have_attribute("aria-invalid", "true")
    await expect(new).to_have_value("")
    await page.get_by_role("alert").get_by_role("link").first.click()
    await expect(new).to_be_focused()

    await new.fill(NEW_PASSWORD)
    await again.fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your password is set")
    await served.sign_in(email, NEW_PASSWORD)
    await served.sign_in(email, PASSWORD, 401)


async def test_an_account_moves_once_the_new_mailbox_says_so(
    served: Served, visit: Visitor
) -> None:
    """
    AT-8: opening the link moves nothing; the button does, once.
    """
    email, moved = await served.sign_up(), "moved@example.org"
    page = (await visit(java_script_enabled=False)).page
    await page.goto(await served.link(email, "/verify-email"))
    await page.get_by_role("button", name="Confirm address").click()
    access = await served.sign_in(email, PASSWORD)
    await served.call(
        "/users/me/email", {"new_email": moved, "password": PASSWORD}, 202, access=access
    )
    link = await served.link(moved, "/confirm-email-change")
    await page.goto(link)
    await served.sign_in(email, PASSWORD)
    await page.get_by_role("main").get_by_role("button").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your address is changed")
    await served.sign_in(moved, PASSWORD)
    await served.sign_in(email, PASSWORD, 401)


async def test_an_invited_person_makes_an_account(served: Served, visit: Visitor) -> None:
    """
    AT-4, OP-2: with a name of their own, however odd; nothing is made before the button.
    """
    access = await served.sign_in(ADMINISTRATOR, PASSWORD)
    guest = "guest@example.com"
    await served.call("/invitations", {"email": guest, "roles": ["user"]}, 201, access=access)
    page = (await visit(java_script_enabled=False)).page
    await page.goto(await served.link(guest, "/accept-invitation"))
    await page.get_by_label("name", exact=False).first.fill("<b>Guest</b>")
    for field in await page.locator("input[type=password]").all():
        await field.fill(NEW_PASSWORD)
    await served.sign_in(guest, NEW_PASSWORD, 401)
    await page.get_by_role("main").get_by_role("button").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Welcome")
    await served.sign_in(guest, NEW_PASSWORD)


async def test_the_keyboard_is_enough(served: Served, visit: Visitor) -> None:
    """
    Everything can be reached with Tab, in the order of the page, and is seen to be reached.
    """
    email = await served.sign_up()
    await served.call("/password-resets", {"email": email}, 202)
    page = (await visit()).page
    focused = page.locator(":focus-visible")
    await page.goto(await served.link(email, "/verify-email"))
    await page.keyboard.press("Tab")
    await expect(focused).to_have_text("Confirm address")
    await expect(focused).to_have_css("outline-style", "solid")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your address is confirmed")

    await page.goto(await served.link(email, "/reset-password"))
    await page.keyboard.press("Tab")
    await page.keyboard.type("short")
    await page.keyboard.press("Tab")
    await page.keyboard.type("short")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_role("alert")).to_have_css("outline-style", "solid")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("New password")).to_be_focused()
    await page.keyboard.type(NEW_PASSWORD)
    await page.keyboard.press("Tab")
    await expect(focused).to_have_attribute("name", "repeated_password")
    await expect(focused).to_have_css("outline-style", "solid")
    await page.keyboard.type(NEW_PASSWORD)
    await page.keyboard.press("Tab")
    await expect(focused).to_have_text("Set password")
    await page.keyboard.press("Space")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your password is set")
    await served.sign_in(email, NEW_PASSWORD)


async def test_the_mailbox_leads_to_the_page(served: Served, visit: Visitor) -> None:
    """
    In development no link has to be copied by hand.
    """
    email = await served.sign_up()
    link = await served.link(email, "/verify-email")
    page = (await visit()).page
    await page.goto(f"{served.url}/dev/mailbox")
    mail = page.get_by_role("article").filter(has_text=email)
    await mail.get_by_role("link", name=link).click()
    await page.get_by_role("button", name="Confirm address").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your address is confirmed")


async def test_nothing_of_a_link_is_logged(served: Served, visit: Visitor) -> None:
    """
    LG-1: neither the secret nor a password, whichever way they came.
    """
    email = await served.sign_up()
    await served.call("/password-resets", {"email": email}, 202)
    link = await served.link(email, "/reset-password")
    page = (await visit()).page
    await page.goto(link)
    await page.get_by_label("New password").fill(NEW_PASSWORD)
    await page.get_by_label("The same password again").fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your password is set")
    log = served.log.read_text()
    assert '"/reset-password"' in log
    for secret in (link.partition("token=")[2], NEW_PASSWORD, "token="):
        assert secret not in log


async def test_the_browser_would_stop_what_got_into_a_page(served: Served, visit: Visitor) -> None:
    """
    HD-1: with our header no script runs, nothing is loaded from elsewhere, no form goes there;
    and the watch that every other test here relies on sees it.
    """
    visited = await visit(trusted=False)
    evil = (
        "<title>quiet</title><script>document.title = 'loud'</script>"
        "<img src='https://evil.example/x.png'><style>h1 { color: red }</style>"
        "<form action='https://evil.example/'><button>Go</button></form>"
    )
    headers = {"content-type": "text/html", "content-security-policy": CSP}

    async def planted(route: Route) -> None:
        await route.fulfill(body=evil, headers=headers)

    page = visited.page
    await page.route("**/verify-email*", planted)
    await page.goto(f"{served.url}/verify-email?token=x")
    await expect(page).to_have_title("quiet")
    async with page.expect_console_message(lambda message: "form-action" in message.text):
        # A click would wait for the page that the browser does not go to.
        await page.get_by_role("button", name="Go").dispatch_event("click")
    refused = " ".join(visited.complaints)
    for directive in ("script-src", "img-src", "style-src", "form-action"):
        assert directive in refused
    assert page.url.startswith(served.url)
    await page.goto("data:text/html,<title>elsewhere</title>")
    assert len(visited.elsewhere()) == 1
