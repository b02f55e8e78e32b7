"""
SIGN_IN_METHODS over HTTP: what is switched off opens nothing, by any door.
"""

from typing import Any

import pytest

from tests.http.client import Api, data_of, refusal_of
from tests.http.conftest import Start, every_store

SESSIONS = "/api/v1/sessions"
CHALLENGES = "/api/v1/passkeys/challenges"
OFF = (403, "SIGN_IN_METHOD_OFF")


async def with_passkey(start: Start) -> tuple[Api, Any]:
    """
    Return a service with all methods, and the passkey of its user.
    """
    api = await start()
    device, _ = await api.enrol_passkey(await api.signed_in_user())
    return api, device


async def passkey_body(api: Api, device: Any) -> dict[str, Any]:
    begun = data_of(await api.post(CHALLENGES))
    return {"challenge": begun["challenge"], "proof": {"passkey": device.get(begun["options"])}}


@every_store
async def test_without_passkey_none_begins_a_sign_in_and_one_completes_it(start: Start) -> None:
    """
    Also with a challenge from before. Beside a password it counts as before (MF-2).
    """
    api, device = await with_passkey(start)
    body = await passkey_body(api, device)
    off = await start(beside=api, sign_in_methods="password")
    assert refusal_of(await off.post(CHALLENGES)) == OFF
    assert refusal_of(await off.post(SESSIONS, body)) == OFF
    # Nothing was used up by being refused.
    data_of(await api.post(SESSIONS, body), 201)
    asked = await off.try_sign_in()
    assert refusal_of(asked) == (401, "SECOND_FACTOR_REQUIRED")
    challenge = asked.json()["error"]["challenge"]
    proof = {"passkey": device.get(challenge["passkey_options"])}
    data_of(await off.post(SESSIONS, {"challenge": challenge["token"], "proof": proof}), 201)


@every_store
async def test_without_password_none_opens_anything(start: Start) -> None:
    """
    Right, wrong or of nobody (EN-1), nor what it was exchanged for before; a passkey does.
    """
    api, device = await with_passkey(start)
    challenge = (await api.try_sign_in()).json()["error"]["challenge"]
    off = await start(beside=api, sign_in_methods="passkey")
    proof = {"passkey": device.get(challenge["passkey_options"])}
    body = {"challenge": challenge["token"], "proof": proof}
    assert refusal_of(await off.post(SESSIONS, body)) == OFF
    answers = [
        await off.try_sign_in(),
        await off.try_sign_in(password="quite another long password"),
        await off.try_sign_in("nobody@example.com"),
    ]
    assert [refusal_of(each) for each in answers] == [OFF] * 3
    data_of(await off.post(SESSIONS, await passkey_body(off, device)), 201)


@pytest.mark.parametrize("chosen", ["password,passkey", " PASSKEY , password,passkey"])
async def test_both_are_on_in_any_order_and_case(start: Start, chosen: str) -> None:
    api = await start(sign_in_methods=chosen)
    data_of(await api.post(CHALLENGES))
    await api.signed_in_user()


async def test_the_page_offers_no_passkey_where_none_begins_a_sign_in(start: Start) -> None:
    api = await start(sign_in_methods="password")
    page = await api.get("/account/sign-in")
    assert page.status_code == 200
    assert 'action="passkey-sign-in"' not in page.text
    usual = await start()
    assert 'action="passkey-sign-in"' in (await usual.get("/account/sign-in")).text
