"""
Taking all factors of an account away, over HTTP and on every store (MF-2, HD-7).
"""

import asyncio
from typing import Any

import pytest

from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    Api,
    Tokens,
    code_of,
    data_of,
    details_of,
    reason_of,
    refusal_of,
)
from tests.http.conftest import every_store

ME = "/api/v1/users/me"
UNDO = "/api/v1/factor-undos/confirm"
WHY = {"reason": "Lost the phone; called back."}


async def _with_a_factor(api: Api) -> tuple[Tokens, list[str]]:
    """
    Return a session of both factors, and the recovery codes.
    """
    app, enrolled = await api.enrol_totp(await api.signed_in_user())
    challenge = (await api.challenge())["token"]
    tokens = Tokens(data_of(await api.try_complete(challenge, {"totp": code_of(app)}), 201))
    return tokens, enrolled["recovery_codes"]


def _reset_of(user_id: str) -> str:
    return f"/api/v1/users/{user_id}/factors/reset"


async def _press(api: Api, **form: str) -> Any:
    return await api.send("POST", "/undo-factor", data=form)


@every_store
async def test_an_administrator_lets_in_who_has_lost_everything(api: Api) -> None:
    """
    MF-2, HD-7: sessions, devices, challenges and codes end with the factors; the owner is told.
    """
    tokens, codes = await _with_a_factor(api)
    challenge = (await api.challenge())["token"]
    admin = await api.administrator()
    answer = await api.post(_reset_of(tokens.user_id), WHY, access=admin.access)
    assert (answer.status_code, answer.content) == (204, b"")
    assert reason_of(await api.get(ME, access=tokens.access)) == "FACTORS_RESET"
    assert reason_of(await api.try_refresh(tokens)) == "FACTORS_RESET"
    refused = await api.try_complete(challenge, {"recovery_code": codes[0]})
    assert refusal_of(refused) == (400, "INVALID_CHALLENGE")
    signed_in = await api.sign_in()
    assert signed_in.body["session"]["acr"] == "aal1"
    assert data_of(await api.get(f"{ME}/factors", access=signed_in.access)) == []
    (row,) = await api.audit(tokens.user_id, "factor.reset")
    assert (row.reason, row.actor.id) == (WHY["reason"], admin.user_id)
    assert "Your second factors were taken away" in {
        mail["subject"] for mail in await api.mails("ada@example.com")
    }
    again = await api.post(_reset_of(tokens.user_id), WHY, access=admin.access)
    assert again.status_code == 204
    assert len(await api.audit(tokens.user_id, "factor.reset")) == 1


async def test_who_may_not_reset_changes_nothing(api: Api) -> None:
    """
    AZ-1, AZ-3, HD-6
    """
    tokens, _ = await _with_a_factor(api)
    admin = await api.administrator()
    path, own = _reset_of(tokens.user_id), _reset_of(admin.user_id)
    assert (await api.post(path, WHY)).status_code == 401
    bob = await api.signed_in_user("bob@example.com")
    assert refusal_of(await api.post(path, WHY, access=bob.access)) == (403, "PERMISSION_DENIED")
    assert refusal_of(await api.post(own, WHY, access=admin.access)) == (403, "PERMISSION_DENIED")
    role = {"name": "support", "permissions": ["factors:reset"]}
    data_of(await api.post("/api/v1/roles", role, access=admin.access), 201)
    held = f"/api/v1/users/{bob.user_id}/roles/support"
    assert (await api.send("PUT", held, access=admin.access)).status_code == 204
    assert refusal_of(await api.post(own, WHY, access=bob.access)) == (403, "PERMISSION_DENIED")
    nobody = _reset_of("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a")
    assert refusal_of(await api.post(nobody, WHY, access=bob.access)) == (404, "USER_NOT_FOUND")
    assert await api.audit(tokens.user_id, "factor.reset") == []
    assert (await api.post(path, WHY, access=bob.access)).status_code == 204


async def test_it_takes_a_recent_proof(api: Api) -> None:
    """
    HD-6, RFC 9470: of an administrator with a factor, that factor.
    """
    tokens, _ = await _with_a_factor(api)
    admin = await api.administrator()
    await api.enrol_totp(admin)
    answer = await api.post(_reset_of(tokens.user_id), WHY, access=admin.access)
    assert refusal_of(answer) == (401, "STEP_UP_REQUIRED")
    assert answer.json()["error"]["step_up"] == {"acr": "aal2", "max_age": 300}
    assert await api.audit(tokens.user_id, "factor.reset") == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MISSING"),
        ({"reason": None}, "WRONG_TYPE"),
        ({"reason": ""}, "INVALID_LENGTH"),
        ({"reason": " \t "}, "INVALID_LENGTH"),
        ({"reason": "x" * 501}, "INVALID_LENGTH"),
        ({"reason": ["x"]}, "WRONG_TYPE"),
    ],
    ids=str,
)
async def test_a_reset_has_a_reason(api: Api, body: dict[str, Any], code: str) -> None:
    tokens, _ = await _with_a_factor(api)
    admin = await api.administrator()
    answer = await api.post(_reset_of(tokens.user_id), body, access=admin.access)
    assert (answer.status_code, details_of(answer)) == (422, {("reason", code)})
    assert (await api.try_sign_in()).status_code == 401


@every_store
async def test_a_reason_of_five_hundred_characters_is_kept_whole(api: Api) -> None:
    tokens, _ = await _with_a_factor(api)
    admin, reason = await api.administrator(), "\u00e4\U0001f511" * 250
    answer = await api.post(_reset_of(tokens.user_id), {"reason": reason}, access=admin.access)
    assert answer.status_code == 204
    (row,) = await api.audit(tokens.user_id, "factor.reset")
    assert (row.data["reason"], len(row.reason or "")) == (reason, 64)


@every_store
async def test_the_owner_undoes_a_first_factor_that_a_thief_has_added(api: Api) -> None:
    """
    MF-2, AT-4: the factor goes, all sessions end, a mail to set a new password follows.
    """
    thief = await api.signed_in_user()
    await api.enrol_totp(thief)
    token = await api.mailed_token(path="/undo-factor")
    answers = await asyncio.gather(*(api.post(UNDO, {"token": token}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [204, 400, 400, 400, 400]
    assert {refusal_of(each) for each in answers if each.is_error} == {(400, "INVALID_TOKEN")}
    assert reason_of(await api.get(ME, access=thief.access)) == "FACTORS_RESET"
    mailed = await api.mailed_token(path="/reset-password")
    assert (await api.reset(mailed)).status_code == 204
    owner = await api.sign_in(password=NEW_PASSWORD)
    assert data_of(await api.get(f"{ME}/factors", access=owner.access)) == []
    assert refusal_of(await api.try_sign_in(password=PASSWORD)) == (401, "INVALID_CREDENTIALS")
    kinds = [event.type for event in await api.audit(thief.user_id)]
    assert (kinds.count("factor.removed"), kinds.count("password.reset_requested")) == (2, 1)


@every_store
async def test_the_page_changes_nothing_until_its_button_is_pressed(api: Api) -> None:
    """
    AT-1: mail scanners open links.
    """
    await api.enrol_totp(await api.signed_in_user())
    token = await api.mailed_token(path="/undo-factor")
    for method in ("GET", "HEAD"):
        opened = await api.send(method, "/undo-factor", params={"token": token})
        assert opened.status_code == 200
    assert (await api.try_sign_in()).status_code == 401
    assert (await _press(api, token="dwm_wrong")).status_code == 400
    assert (await _press(api, token=token, more="1")).status_code == 400
    pressed = await _press(api, token=token)
    assert (pressed.status_code, "Every second factor is removed" in pressed.text) == (200, True)
    assert (await api.try_sign_in()).status_code == 201
    assert (await _press(api, token=token)).status_code == 400


@pytest.mark.parametrize(
    "body", [{}, {"token": None}, {"token": ["x"]}, {"token": "x", "factor": "y"}], ids=str
)
async def test_a_body_that_is_no_token_is_refused(api: Api, body: dict[str, Any]) -> None:
    """
    IN-5
    """
    assert (await api.post(UNDO, body)).status_code == 422


async def test_no_other_secret_undoes_a_factor(api: Api) -> None:
    """
    AT-5
    """
    tokens = await api.signed_in_user()
    await api.enrol_totp(tokens)
    undo, reset = await api.mailed_token(path="/undo-factor"), await api.reset_token()
    for wrong in (reset, tokens.refresh, tokens.access, "", "dwm_", f"{undo}=", undo[:-1]):
        answer = await api.post(UNDO, {"token": wrong})
        assert answer.status_code in {400, 422}
    assert refusal_of(await api.reset(undo)) == (400, "INVALID_TOKEN")
    assert (await api.try_sign_in()).status_code == 401
