"""
Every state of every page as people see it: labels, contrast, small windows, dark mode.

``DOORWARD_SHOTS=folder`` keeps a picture of each, to be looked at.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route
from starlette.responses import Response

from application.credentials.mails import RESET_PASSWORD
from application.mail.layout import mail_page
from application.mail.texts import filled_in
from application.mail_texts import ENGLISH
from tests.browser.conftest import Served, Visitor
from tests.support.account_page_states import account_page_states
from tests.support.page_states import SECRET, page_states

STATES = page_states()
ACCOUNT = account_page_states()
SHOTS = os.environ.get("DOORWARD_SHOTS")

# What WCAG 2.2 asks for, as far as it can be computed: every finding is a sentence.
AUDIT = """
() => {
  const found = [];
  const luminance = ([r, g, b]) => {
    const part = (value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = numbers(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  for (const each of document.querySelectorAll("details")) each.open = true;
  for (const element of document.querySelectorAll("body *")) {
    if (!element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const says = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (says) {
      const ratio = contrast(numbers(style.color), behind(element));
      if (ratio < 4.5) found.push(`${element.tagName} has a contrast of ${ratio.toFixed(2)}`);
    }
    if (element.matches("svg.sign")) {
      const ratio = contrast(numbers(style.stroke), behind(element));
      if (ratio < 3) found.push(`a sign has a contrast of ${ratio.toFixed(2)}`);
    }
    if (element.matches("input:not([type=hidden])")) {
      const ratio = contrast(numbers(style.borderTopColor), behind(element.parentElement));
      if (ratio < 3) found.push(`an edge has a contrast of ${ratio.toFixed(2)}`);
      if (element.labels.length !== 1) found.push(`${element.name} has no label`);
    }
    if (element.matches("button, input:not([type=hidden])")) {
      const pressed = element.type === "checkbox" ? element.labels[0] : element;
      const high = pressed ? pressed.offsetHeight : 0;
      if (high < 44) found.push(`${element.tagName} is ${high} pixels high`);
    }
    for (const name of (element.getAttribute("aria-describedby") || "").split(" ")) {
      if (name && !document.getElementById(name)) found.push(`${name} describes nothing`);
    }
    if (element.id && document.querySelectorAll(`#${element.id}`).length > 1) {
      found.push(`${element.id} is there twice`);
    }
  }
  if (!document.documentElement.lang) found.push("no language");
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) found.push("not one main");
  if (!document.styleSheets.length) found.push("no style sheet");
  const broad = document.documentElement.scrollWidth;
  if (broad > innerWidth) found.push(`${broad} pixels broad`);
  return found;
}
"""


async def _show(page: Page, served: Served, answer: Response) -> None:
    async def fulfilled(route: Route) -> None:
        await route.fulfill(
            status=answer.status_code, body=bytes(answer.body), headers=dict(answer.headers)
        )

    await page.route("**/state", fulfilled)
    await page.goto(f"{served.url}/state")
    await page.unroute("**/state")


async def _keep(page: Page, name: str) -> None:
    if SHOTS:
        file = Path(SHOTS) / f"{name.replace(': ', '-').replace(' ', '-')}.png"
        await page.screenshot(path=file, full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_every_page_can_be_read_by_every_user(
    served: Served, visit: Visitor, width: int, scheme: str
) -> None:
    """
    WCAG 2.2 AA: contrast, labels, names, one heading, large targets, and no sideways scrolling.
    """
    size = {"width": width, "height": 844}
    page = (await visit(viewport=size, color_scheme=scheme)).page
    found: dict[str, Any] = {}
    for name, answer in {**STATES, **ACCOUNT}.items():
        await _show(page, served, answer)
        await _keep(page, f"{name} {scheme} {width}")
        if findings := await page.evaluate(AUDIT):
            found[name] = findings
    await served.sign_up()
    await page.goto(f"{served.url}/dev/mailbox")
    if findings := await page.evaluate(AUDIT):
        found["mailbox"] = findings
    await _keep(page, f"mailbox {scheme} {width}")
    assert found == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_a_mail_can_be_read_by_every_user(visit: Visitor, width: int, scheme: str) -> None:
    """
    OP-2: as its pages can; a mail program frames it with landmarks of its own.
    """
    visited = await visit(viewport={"width": width, "height": 844}, color_scheme=scheme)
    text = ENGLISH[RESET_PASSWORD]
    link = f"https://id.example.com{text.path}?token={SECRET}"
    await visited.page.set_content(
        mail_page(
            text.subject,
            before=list(filled_in(text.before, {"lifetime": "1 hour"})),
            link=link,
            action=text.action,
            after=list(filled_in(text.after, {"lifetime": "1 hour"})),
        )
    )
    assert await visited.page.evaluate(AUDIT) == ["not one main"]
    assert visited.requested == []
    await _keep(visited.page, f"mail {scheme} {width}")


async def test_the_audit_sees_what_is_wrong(visit: Visitor) -> None:
    """
    Else the test above would say nothing.
    """
    page = (await visit()).page
    await page.set_content(
        "<h1>A</h1><h1 style='color:#999'>B</h1><input name=x aria-describedby=nothing>"
        "<i id=twice></i><i id=twice></i><p style='width:3000px'>C</p>"
    )
    found = " ".join(await page.evaluate(AUDIT))
    for words in (
        "H1 has a contrast of 2.85",
        "x has no label",
        "INPUT is",
        "nothing describes nothing",
        "twice is there twice",
        "no language",
        "not one h1",
        "pixels broad",
    ):
        assert words in found


async def test_the_pages_follow_what_the_system_asks_for(served: Served, visit: Visitor) -> None:
    """
    Dark is dark, and nothing moves for those who do not want it.
    """
    seen = {}
    for scheme, motion in (("light", "no-preference"), ("dark", "reduce")):
        page = (await visit(color_scheme=scheme, reduced_motion=motion)).page
        await _show(page, served, STATES["reset-password: open"])
        seen[scheme] = await page.evaluate(
            """() => [getComputedStyle(document.body).backgroundColor,
                      getComputedStyle(document.querySelector("button")).transitionDuration]"""
        )
    assert seen["light"] == ["rgb(244, 243, 239)", "0.12s, 0.12s"]
    assert seen["dark"] == ["rgb(20, 23, 22)", "0s"]


async def test_passwords_can_come_from_a_manager(served: Served, visit: Visitor) -> None:
    """
    Fields say what they are for.
    """
    page = (await visit()).page
    await _show(page, served, STATES["accept-invitation: open"])
    assert await page.locator("input:not([type=hidden])").evaluate_all(
        "fields => fields.map((each) => [each.name, each.type, each.autocomplete])"
    ) == [
        ["display_name", "text", "name"],
        ["password", "password", "new-password"],
        ["repeated_password", "password", "new-password"],
    ]


async def test_recovery_codes_are_printed_black_on_white(served: Served, visit: Visitor) -> None:
    """
    MF-1: in dark mode as well, and without what is there to be pressed.
    """
    page = (await visit(color_scheme="dark")).page
    await _show(page, served, ACCOUNT["recovery-codes: shown"])
    await page.emulate_media(media="print", color_scheme="dark")
    assert await page.evaluate(
        """() => [getComputedStyle(document.body).color,
                  getComputedStyle(document.querySelector("main")).backgroundColor]"""
    ) == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert await page.locator(".codes li").count() == 10
    assert not await page.get_by_text("I have kept them").is_visible()
