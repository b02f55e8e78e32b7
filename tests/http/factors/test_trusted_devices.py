"""
Devices on which the password alone suffices, over HTTP and on every store (MF-2).
"""

import asyncio
from typing import Any

import pytest

from tests.http.client import PASSWORD, Api, Tokens, code_of, data_of, details_of, refusal_of
from tests.http.conftest import Start, every_store

SESSIONS = "/api/v1/sessions"
DEVICES = "/api/v1/users/me/devices"
ADA = {"email": "ada@example.com", "password": PASSWORD}
COOKIE = "__Host-doorward-device"


async def _remembered(api: Api, **more: Any) -> tuple[dict[str, Any], list[str]]:
    """
    Return the answer to a sign-in that trusts the device, and recovery codes.
    """
    app, enrolled = await api.enrol_totp(await api.signed_in_user())
    body = {**ADA, "proof": {"totp": code_of(app)}, "remember_device": True, **more}
    answer: dict[str, Any] = data_of(await api.post(SESSIONS, body), 201)
    return answer, enrolled["recovery_codes"]


async def _knows(api: Api, token: str) -> bool:
    answer = await api.post(SESSIONS, {**ADA, "device_token": token})
    if answer.status_code == 201:
        session = answer.json()["data"]["session"]
        assert (session["acr"], session["amr"]) == ("aal1", ["pwd", "device"])
        return True
    assert refusal_of(answer) == (401, "SECOND_FACTOR_REQUIRED")
    return False


@every_store
async def test_a_device_is_remembered_listed_and_forgotten(api: Api) -> None:
    answer, _ = await _remembered(api)
    device, tokens = answer["device"], Tokens(answer)
    assert set(device) == {"token", "expires_at"}
    assert device["expires_at"] > answer["session"]["created_at"]
    assert await _knows(api, device["token"])
    (listed,) = data_of(await api.get(DEVICES, access=tokens.access))
    assert listed["expires_at"] == device["expires_at"]
    assert set(listed) == {"id", "created_at", "expires_at", "ip_address", "user_agent"}
    other = await api.signed_in_user("bob@example.com")
    gone = await api.delete(f"{DEVICES}/{listed['id']}", access=other.access)
    assert refusal_of(gone) == (404, "DEVICE_NOT_FOUND")
    assert (await api.delete(DEVICES, access=other.access)).status_code == 204
    assert await _knows(api, device["token"])
    deleted = await api.delete(f"{DEVICES}/{listed['id']}", access=tokens.access)
    assert deleted.status_code == 204
    again = await api.delete(f"{DEVICES}/{listed['id']}", access=tokens.access)
    assert refusal_of(again) == (404, "DEVICE_NOT_FOUND")
    assert not await _knows(api, device["token"])
    kinds = [event.type for event in await api.audit(tokens.user_id)]
    assert (kinds.count("device.trusted"), kinds.count("device.forgotten")) == (1, 1)


@every_store
async def test_no_device_is_left_over_from_a_change_at_the_same_time(api: Api) -> None:
    """
    RF-4, AT-6: whichever comes first, a device that is trusted afterwards was trusted after it.
    """
    answer, codes = await _remembered(api)
    access = Tokens(answer).access
    body = {**ADA, "remember_device": True}
    answers = await asyncio.gather(
        api.post("/api/v1/users/me/recovery-codes", access=access),
        *(api.post(SESSIONS, {**body, "proof": {"recovery_code": code}}) for code in codes[:4]),
    )
    assert answers[0].status_code in {201, 409}
    assert {each.status_code for each in answers[1:]} <= {201, 401, 409}
    living = data_of(await api.get(DEVICES, access=access))
    tokens = [each.json()["data"]["device"] for each in answers[1:] if each.status_code == 201]
    known = [await _knows(api, token["token"]) for token in tokens]
    assert known.count(True) <= len(living)


async def test_a_changed_password_forgets_devices(api: Api) -> None:
    """
    AT-6
    """
    answer, _ = await _remembered(api)
    new = "seven quiet herons over the marsh"
    changed = await api.change_password(Tokens(answer), PASSWORD, new)
    data_of(changed)
    body = {"email": "ada@example.com", "password": new}
    refused = await api.post(SESSIONS, {**body, "device_token": answer["device"]["token"]})
    assert refusal_of(refused) == (401, "SECOND_FACTOR_REQUIRED")


async def test_in_cookie_mode_the_token_is_in_a_cookie_and_not_in_the_body(api: Api) -> None:
    """
    SE-6: no script ever sees it, and no other site can send it.
    """
    app, _ = await api.enrol_totp(await api.signed_in_user())
    body = {**ADA, "transport": "cookie"}
    shown = {**body, "proof": {"totp": code_of(app)}, "remember_device": True}
    origin = {"origin": api.settings.public_url}
    answer = await api.post(SESSIONS, shown, headers=origin)
    device = data_of(answer, 201)["device"]
    assert set(device) == {"expires_at"}
    (set_cookie,) = [
        line for line in answer.headers.get_list("set-cookie") if line.startswith(COOKIE)
    ]
    cookie, _, attributes = set_cookie.partition("; ")
    assert attributes == "Max-Age=2592000; Path=/; HttpOnly; Secure; SameSite=Strict"
    token = cookie.partition("=")[2]
    assert token.startswith("dwd_")
    assert token not in answer.text
    known = await api.post(SESSIONS, body, headers={**origin, "cookie": cookie})
    assert data_of(known, 201)["session"]["amr"] == ["pwd", "device"]
    assert COOKIE not in str(known.headers.get_list("set-cookie"))
    by_bearer = await api.post(SESSIONS, ADA, headers={"cookie": cookie})
    assert refusal_of(by_bearer) == (401, "SECOND_FACTOR_REQUIRED")
    twice = {**origin, "cookie": f"{cookie}; {cookie}"}
    assert (await api.post(SESSIONS, body, headers=twice)).status_code == 400


async def test_what_is_switched_off_is_inert(start: Start) -> None:
    """
    TRUSTED_DEVICE_TTL=0, the default: what a client sends about devices is taken, and nothing
    comes of it.
    """
    api = await start(trusted_device_ttl=0)
    answer, _ = await _remembered(api, device_token="dwd_" + "A" * 43)
    assert "device" not in answer
    assert data_of(await api.get(DEVICES, access=Tokens(answer).access)) == []
    assert not await _knows(api, "dwd_" + "A" * 43)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"remember_device": None}, "remember_device"),
        ({"remember_device": "true"}, "remember_device"),
        ({"remember_device": 1}, "remember_device"),
        ({"device_token": None}, "device_token"),
        ({"device_token": 1}, "device_token"),
    ],
    ids=str,
)
async def test_fields_are_of_their_types(api: Api, more: dict[str, Any], field: str) -> None:
    """
    IN-5
    """
    answer = await api.post(SESSIONS, {**ADA, **more})
    assert (answer.status_code, details_of(answer)) == (422, {(field, "WRONG_TYPE")})


async def test_a_challenge_brings_no_device_token(api: Api) -> None:
    """
    IN-5: it stands for the password that was shown, and for nothing beside it.
    """
    body = {"challenge": "dwc_x", "proof": {"totp": "1"}, "device_token": "dwd_x"}
    answer = await api.post(SESSIONS, body)
    assert (answer.status_code, details_of(answer)) == (422, {("device_token", "UNKNOWN_FIELD")})
