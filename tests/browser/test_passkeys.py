"""
Passkeys with a real browser's own code on the other side: what it reads, and what it writes.

Chromium has an authenticator of software for this (CDP, WebAuthn); the page does what a page of a
product does, with nothing but the browser's functions.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Page

from tests.browser.conftest import PASSWORD, Served, Visitor
from tests.browser.test_cookie_mode import open_page

CALL = """
const call = async (path, body, access) => {
    const headers = { "content-type": "application/json" };
    if (access) headers.authorization = `Bearer ${access}`;
    const answer = await fetch(`/api/v1${path}`, {
        method: "POST", headers, body: JSON.stringify(body),
    });
    const text = await answer.text();
    return [answer.status, text ? JSON.parse(text) : null];
};
const show = async (options) => {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    return (await navigator.credentials.get({ publicKey })).toJSON();
};
"""
ADD = (
    "async (access) => {"
    + CALL
    + """
    const [, { data: begun }] = await call("/users/me/factors/passkeys", undefined, access);
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(begun.options);
    const credential = (await navigator.credentials.create({ publicKey })).toJSON();
    const body = { enrolment: begun.enrolment, credential, name: "This browser" };
    return call("/users/me/factors/passkeys/confirm", body, access);
}"""
)
SIGN_IN = (
    "async () => {"
    + CALL
    + """
    const [, { data: begun }] = await call("/passkeys/challenges");
    const passkey = await show(begun.options);
    return call("/sessions", { challenge: begun.challenge, proof: { passkey } });
}"""
)
SIGN_IN_WITH_PASSWORD = (
    "async ([email, password]) => {"
    + CALL
    + """
    const [, { error }] = await call("/sessions", { email, password });
    const passkey = await show(error.challenge.passkey_options);
    return call("/sessions", { challenge: error.challenge.token, proof: { passkey } });
}"""
)
ADD_AGAIN = (
    "async (access) => { try { await (" + ADD + ")(access); } catch (e) { return e.name; } }"
)


type Finger = Callable[[bool], Awaitable[None]]


@asynccontextmanager
async def authenticator(context: BrowserContext, page: Page) -> AsyncIterator[Finger]:
    """
    Give the browser a device with a sensor for fingerprints, and its user's finger; return what
    lifts it and lays it on again.
    """
    session = await context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    options: Any = {
        "protocol": "ctap2",
        "ctap2Version": "ctap2_1",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    async def lay(on: bool) -> None:
        here = {"authenticatorId": made["authenticatorId"], "enabled": on}
        await session.send("WebAuthn.setAutomaticPresenceSimulation", here)

    yield lay
    await session.send("WebAuthn.disable")


async def test_a_passkey_is_made_shown_alone_and_shown_beside_a_password(
    served: Served, visit: Visitor
) -> None:
    """
    MF-3: the options go in as they are, and what `toJSON()` returns comes back as it is.
    """
    email = await served.sign_up()
    token = (await served.link(email, "/verify-email")).partition("token=")[2]
    await served.call("/email-verifications/confirm", {"token": token}, 200)
    access = await served.sign_in(email, PASSWORD)
    visited = await visit(trusted=False)  # its page is of this test and not of the service
    page = visited.page
    await open_page(page, f"http://localhost:{urlsplit(served.url).port}/app")
    async with authenticator(visited.context, page):
        status, added = await page.evaluate(ADD, access)
        assert status == 201, added
        assert added["data"]["factor"]["name"] == "This browser"
        assert len(added["data"]["recovery_codes"]) == 10
        status, alone = await page.evaluate(SIGN_IN)
        assert status == 201, alone
        session = alone["data"]["session"]
        assert (session["acr"], alone["data"]["user"]["email"]) == ("phr", email)
        status, both = await page.evaluate(SIGN_IN_WITH_PASSWORD, [email, PASSWORD])
        assert status == 201, both
        assert both["data"]["session"]["acr"] == "phr"
        assert both["data"]["session"]["amr"][0] == "pwd"
        # The device was told that it has one already, and makes no other.
        again = await page.evaluate(ADD_AGAIN, alone["data"]["access_token"])
        assert again == "InvalidStateError"
