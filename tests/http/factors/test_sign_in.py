"""
Signing in with more than a password, over HTTP and on every store (MF-1, MF-2).
"""

import asyncio
from typing import Any

import pytest

from tests.http.client import PASSWORD, Api, Tokens, code_of, data_of
from tests.http.conftest import every_store

SESSIONS = "/api/v1/sessions"
FACTORS = "/api/v1/users/me/factors"


@every_store
async def test_a_sign_in_with_a_second_factor_in_two_requests_and_in_one(api: Api) -> None:
    app, enrolled = await api.enrol_totp(await api.signed_in_user())
    assert enrolled["factor"]["kind"] == "totp"
    assert enrolled["factor"]["usable"] is True
    assert len(enrolled["recovery_codes"]) == 10
    challenge = await api.challenge()
    assert challenge["methods"] == ["totp", "recovery_code"]
    answer = await api.try_complete(challenge["token"], {"totp": code_of(app)})
    tokens = Tokens(data_of(answer, 201))
    session = data_of(await api.get("/api/v1/users/me/sessions", access=tokens.access))[0]
    assert (session["acr"], session["amr"]) == ("aal2", ["pwd", "otp", "mfa"])
    code = enrolled["recovery_codes"][0]
    body = {"email": "ada@example.com", "password": PASSWORD, "proof": {"recovery_code": code}}
    session = data_of(await api.post(SESSIONS, body), 201)["session"]
    assert (session["acr"], session["amr"]) == ("aal2", ["pwd", "rc", "mfa"])
    again = await api.post(SESSIONS, body)
    assert (again.status_code, again.json()["error"]["code"]) == (401, "INVALID_PROOF")
    kinds = {event.type for event in await api.audit(tokens.user_id)}
    assert {"factor.enrolled", "factor.refused", "recovery_code.used"} <= kinds


@every_store
async def test_of_ten_at_once_with_one_code_one_gets_in(api: Api) -> None:
    """
    MF-1
    """
    app, _ = await api.enrol_totp(await api.signed_in_user())
    challenges = [(await api.challenge())["token"] for _ in range(5)]
    proof = {"totp": code_of(app)}
    answers = await asyncio.gather(
        *(api.try_complete(challenge, proof) for challenge in challenges * 2)
    )
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(201) == 1, statuses
    assert set(statuses) <= {201, 400, 401, 429}


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"email": "ada@example.com"}, "password", "MISSING"),
        ({"password": PASSWORD}, "email", "MISSING"),
        ({"challenge": "dwc_x"}, "proof", "MISSING"),
        ({"challenge": None, "proof": {"totp": "1"}}, "challenge", "WRONG_TYPE"),
        ({"challenge": "dwc_x", "proof": {}}, "proof", "NOT_ALLOWED"),
        ({"challenge": "dwc_x", "proof": None}, "proof", "WRONG_TYPE"),
        ({"challenge": "dwc_x", "proof": {"totp": "1", "password": "2"}}, "proof", "NOT_ALLOWED"),
        ({"challenge": "dwc_x", "proof": {"totp": None}}, "proof.totp", "WRONG_TYPE"),
        ({"challenge": "dwc_x", "proof": {"totp": 123456}}, "proof.totp", "WRONG_TYPE"),
        ({"challenge": "dwc_x", "proof": {"passkey": "x"}}, "proof.passkey", "WRONG_TYPE"),
        ({"challenge": "dwc_x", "proof": {"magic": "x"}}, "proof.magic", "UNKNOWN_FIELD"),
        ({"challenge": "dwc_x", "email": "a@b.c", "proof": {"totp": "1"}}, "email",
         "UNKNOWN_FIELD"),
        ({"email": "ada@example.com", "password": PASSWORD, "proof": {}}, "proof", "NOT_ALLOWED"),
    ],
    ids=str,
)  # fmt: skip
async def test_a_body_of_neither_form_is_refused(
    api: Api, body: dict[str, Any], field: str, code: str
) -> None:
    """
    IN-5: and an old client's mistakes are answered as they ever were.
    """
    answer = await api.post(SESSIONS, body)
    assert answer.status_code == 422
    found = [(each["field"], each["code"]) for each in answer.json()["error"]["details"]]
    assert (field, code) in found


@pytest.mark.parametrize(
    "challenge", ["", "dwc_", "dwc_AAAA", "x" * 4096, "dwc_\u00e9", "dwr_AAAA"]
)
async def test_what_is_no_challenge_is_400(api: Api, challenge: str) -> None:
    """
    AT-5, TK-2
    """
    answer = await api.try_complete(challenge, {"totp": "123456"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_CHALLENGE")


async def test_a_stale_session_is_told_what_to_show(api: Api) -> None:
    """
    HD-6, RFC 9470: and a session without the second factor adds none.
    """
    first, second = await api.signed_in_user(), await api.sign_in()
    await api.enrol_totp(first)
    answer = await api.post(f"{FACTORS}/totp", access=second.access)
    assert answer.status_code == 401
    error = answer.json()["error"]
    assert (error["code"], error["step_up"]) == (
        "STEP_UP_REQUIRED",
        {"acr": "aal2", "max_age": 300},
    )
    assert answer.headers["www-authenticate"] == (
        'Bearer error="insufficient_user_authentication", acr_values="aal2", max_age=300'
    )
    as_problem = await api.post(
        f"{FACTORS}/totp", access=second.access, headers={"accept": "application/problem+json"}
    )
    assert as_problem.json()["step_up"] == {"acr": "aal2", "max_age": 300}


async def test_a_wrong_code_confirms_nothing(api: Api) -> None:
    tokens = await api.signed_in_user()
    begun = data_of(await api.post(f"{FACTORS}/totp", access=tokens.access))
    body = {"enrolment": begun["enrolment"], "code": "000000"}
    path = "/api/v1/users/me/factors/totp/confirm"
    answer = await api.post(path, body, access=tokens.access)
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["code"] == "WRONG_CODE"
    assert data_of(await api.get(FACTORS, access=tokens.access)) == []
    fresh = await api.post("/api/v1/users/me/recovery-codes", access=tokens.access)
    assert (fresh.status_code, fresh.json()["error"]["code"]) == (404, "FACTOR_NOT_FOUND")


async def test_the_qr_code_shows_the_address(api: Api) -> None:
    tokens = await api.signed_in_user()
    answer = await api.post("/api/v1/users/me/factors/totp", access=tokens.access)
    begun = data_of(answer)
    assert begun["uri"] == (
        f"otpauth://totp/Doorward:ada@example.com?secret={begun['secret']}"
        "&issuer=Doorward&algorithm=SHA1&digits=6&period=30"
    )
    assert begun["qr_svg"].startswith("<svg")
    assert "<script" not in begun["qr_svg"]
    assert answer.headers["cache-control"] == "no-store"
