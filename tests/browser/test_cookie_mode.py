"""
Cookie mode as a browser really does it: with a page of ours, and with a hostile one (SE-6).
"""

from typing import Any

from playwright.async_api import Page, Route

from tests.browser.conftest import PASSWORD, Served, Visitor

ME = "/api/v1/users/me"
HOSTILE = "http://evil.test/"
EMPTY_PAGE = "<!doctype html><title>A page</title>"
CALL = """
async ([method, url, body, headers]) => {
    const answer = await fetch(url, {
        method, headers, body: body === null ? undefined : JSON.stringify(body),
        credentials: "include",
    });
    const text = await answer.text();
    return [answer.status, text ? JSON.parse(text) : null];
}
"""


async def open_page(page: Page, url: str) -> None:
    """
    Be on a page at this address, which is answered here and not by a real server.
    """

    async def fulfil(route: Route) -> None:
        await route.fulfill(body=EMPTY_PAGE, content_type="text/html")

    await page.route(url, fulfil)
    await page.goto(url)


async def call(
    page: Page, method: str, url: str, body: Any = None, csrf: str | None = None
) -> tuple[int, Any]:
    """
    Call the API with the page's own fetch().
    """
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if csrf is not None:
        headers["X-CSRF-Token"] = csrf
    status, answer = await page.evaluate(CALL, [method, url, body, headers])
    return int(status), answer


async def signed_in(served: Served, page: Page) -> str:
    """
    Sign in with cookies on a page of ours, and return the page's CSRF token.
    """
    email = await served.sign_up()
    link = await served.link(email, "/verify-email")
    token = link.partition("token=")[2]
    await served.call("/email-verifications/confirm", {"token": token}, 200)
    await open_page(page, f"{served.url}/app")
    body = {"email": email, "password": PASSWORD, "transport": "cookie"}
    status, answer = await call(page, "POST", f"{served.url}/api/v1/sessions", body)
    assert status == 201, answer
    return str(answer["data"]["csrf_token"])


async def test_a_page_of_ours_works_with_cookies_that_it_cannot_see(
    served: Served, visit: Visitor
) -> None:
    """
    SE-6: taken by the browser as they are, sent by themselves, invisible to script.
    """
    visited = await visit(trusted=False)
    page = visited.page
    csrf = await signed_in(served, page)
    assert await page.evaluate("document.cookie") == ""
    kept = await visited.context.cookies()
    assert {cookie["name"] for cookie in kept} == {
        "__Host-doorward-access", "__Host-doorward-refresh",
    }  # fmt: skip
    for cookie in kept:
        assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Strict")
    me = f"{served.url}{ME}"
    assert (await call(page, "GET", me))[0] == 200
    status, refusal = await call(page, "PATCH", me, {"display_name": "Ada"})
    assert (status, refusal["error"]["code"]) == (403, "CSRF_FAILED")
    status, answer = await call(page, "PATCH", me, {"display_name": "Ada"}, csrf)
    assert (status, answer["data"]["display_name"]) == (200, "Ada")
    status, answer = await call(page, "POST", f"{served.url}/api/v1/sessions/refresh", csrf=csrf)
    assert (status, answer["data"]["refresh_outcome"]) == (200, "rotated")
    csrf = answer["data"]["csrf_token"]
    status, _ = await call(page, "DELETE", f"{served.url}/api/v1/sessions/current", csrf=csrf)
    assert status == 204
    assert await visited.context.cookies() == []
    assert (await call(page, "GET", me))[0] == 401


async def test_a_hostile_page_in_the_same_browser_changes_nothing(
    served: Served, visit: Visitor
) -> None:
    """
    SE-6, HD-2: neither with fetch() nor with a form, and it reads nothing.
    """
    visited = await visit(trusted=False)
    csrf = await signed_in(served, visited.page)
    me = f"{served.url}{ME}"
    hostile = await visited.context.new_page()
    await open_page(hostile, HOSTILE)
    attempt = """
    async ([url, csrf]) => {
        const tries = [
            ["GET", undefined, {}],
            ["PATCH", '{"display_name": "Mallory"}',
                {"Content-Type": "application/json", "X-CSRF-Token": csrf}],
            ["DELETE", undefined, {}],
        ];
        const seen = [];
        for (const [method, body, headers] of tries) {
            try {
                const answer = await fetch(url, {method, body, headers, credentials: "include"});
                seen.push(await answer.text());
            } catch (error) { seen.push("blocked"); }
        }
        return seen;
    }
    """
    assert await hostile.evaluate(attempt, [me, csrf]) == ["blocked"] * 3
    form = """
    (url) => {
        const form = document.createElement("form");
        form.method = "POST"; form.action = url; form.enctype = "text/plain";
        const field = document.createElement("input");
        field.name = '{"current_password":"x","new_password":"'; field.value = '"}';
        form.append(field); document.body.append(form); form.submit();
    }
    """
    async with hostile.expect_navigation() as navigation:
        await hostile.evaluate(form, f"{me}/password")
    answer = await navigation.value
    assert answer is not None
    assert answer.status in {401, 415}
    status, found = await call(visited.page, "GET", me)
    assert (status, found["data"]["display_name"]) == (200, None)
