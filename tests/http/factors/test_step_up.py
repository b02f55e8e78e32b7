"""
What is dangerous wants a fresh session, and how one is had: over HTTP, on every store (RFC 9470).
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pyotp
import pytest

from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    WRONG_PASSWORD,
    Api,
    Tokens,
    code_of,
    data_of,
    details_of,
    refusal_of,
)
from tests.http.conftest import every_store
from tests.http.edge.browser import Browser

ME = "/api/v1/users/me"
CHALLENGES = "/api/v1/sessions/current/challenges"
PROOFS = "/api/v1/sessions/current/proofs"
ADA = {"email": "ada@example.com", "password": PASSWORD}

type Deed = Callable[[Api, Tokens, str | None], Awaitable[httpx.Response]]
DEEDS: dict[str, tuple[Deed, int]] = {
    "password": (lambda api, tokens, given: api.change_password(tokens, given), 200),
    "address": (lambda api, tokens, given: api.ask_to_move(tokens, "l@example.com", given), 202),
    "erasure": (lambda api, tokens, given: api.erase(tokens, given), 204),
}
every_deed = pytest.mark.parametrize(("deed", "done"), DEEDS.values(), ids=DEEDS)


async def with_a_factor(api: Api) -> tuple[Tokens, pyotp.TOTP, list[str]]:
    """
    Make Ada with an authenticator app; return a session in which she has just shown it.
    """
    app, enrolled = await api.enrol_totp(await api.signed_in_user())
    body = {**ADA, "proof": {"totp": code_of(app)}}
    tokens = Tokens(data_of(await api.post("/api/v1/sessions", body), 201))
    return tokens, app, enrolled["recovery_codes"]


def wanted(answer: httpx.Response, acr: str, max_age: int = 300) -> None:
    """
    Check that the answer says what to show, in both places.
    """
    assert refusal_of(answer) == (401, "STEP_UP_REQUIRED")
    assert answer.json()["error"]["step_up"] == {"acr": acr, "max_age": max_age}
    assert answer.headers["www-authenticate"] == (
        f'Bearer error="insufficient_user_authentication", acr_values="{acr}", max_age={max_age}'
    )


def claims_of(token: str) -> dict[str, Any]:
    """
    Return what a relying service reads in an access token.
    """
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


# --- what wants it ----------------------------------------------------------------------------


@every_store
@every_deed
async def test_a_fresh_session_makes_the_password_optional(api: Api, deed: Deed, done: int) -> None:
    """
    HD-6: and without either the answer says what to show.
    """
    tokens = await api.signed_in_user()
    await api.grow_old(tokens)
    wanted(await deed(api, tokens, None), "aal1")
    assert refusal_of(await deed(api, tokens, WRONG_PASSWORD)) == (403, "WRONG_PASSWORD")
    tokens = await api.step_up(tokens, {"password": PASSWORD})
    assert (await deed(api, tokens, None)).status_code == done


@every_deed
async def test_with_the_password_it_is_as_it_always_was(api: Api, deed: Deed, done: int) -> None:
    tokens = await api.signed_in_user()
    await api.grow_old(tokens)
    assert (await deed(api, tokens, PASSWORD)).status_code == done


@every_store
@every_deed
async def test_with_a_second_factor_the_password_does_not_suffice(
    api: Api, deed: Deed, done: int
) -> None:
    """
    HD-6, MF-2: and is no guess.
    """
    tokens, _, codes = await with_a_factor(api)
    await api.grow_old(tokens)
    for given in (None, PASSWORD, WRONG_PASSWORD):
        wanted(await deed(api, tokens, given), "aal2")
    tokens = await api.step_up(tokens, {"recovery_code": codes[0]})
    assert refusal_of(await deed(api, tokens, WRONG_PASSWORD)) == (403, "WRONG_PASSWORD")
    assert (await deed(api, tokens, PASSWORD)).status_code == done


async def test_an_erasure_needs_no_body_in_a_fresh_session(api: Api) -> None:
    tokens = await api.signed_in_user()
    await api.grow_old(tokens)
    wanted(await api.delete(ME, access=tokens.access), "aal1")
    tokens = await api.step_up(tokens, {"password": PASSWORD})
    assert (await api.delete(ME, access=tokens.access)).status_code == 204


async def test_what_to_show_is_said_in_a_problem_too(api: Api) -> None:
    """
    RFC 9457: the same members.
    """
    tokens = await api.signed_in_user()
    await api.grow_old(tokens)
    headers = {"accept": "application/problem+json"}
    answer = await api.send("DELETE", ME, access=tokens.access, headers=headers, json={})
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (401, "STEP_UP_REQUIRED")
    assert problem["step_up"] == {"acr": "aal1", "max_age": 300}


@every_store
async def test_a_changed_password_keeps_the_level_of_the_session(api: Api) -> None:
    """
    MF-2: and the time: the password shows no factor.
    """
    tokens, _, _ = await with_a_factor(api)
    changed = Tokens(data_of(await api.change_password(tokens, None)))
    old, new = tokens.body["session"], changed.body["session"]
    assert changed.session_id != tokens.session_id
    for fact in ("acr", "amr", "authenticated_at"):
        assert new[fact] == old[fact]
    assert (await api.ask_to_move(changed, "l@example.com", None)).status_code == 202


async def test_the_operator_says_how_long_a_proof_is_recent(start: Any) -> None:
    """
    REAUTHENTICATION_MAX_AGE.
    """
    api = await start(reauthentication_max_age=1200)
    tokens = await api.signed_in_user()
    await api.grow_old(tokens)
    assert (await api.ask_to_move(tokens, "l@example.com", None)).status_code == 202
    await api.grow_old(tokens)
    wanted(await api.ask_to_move(tokens, "l@example.com", None), "aal1", 1200)


# --- how it is had ----------------------------------------------------------------------------


@every_store
async def test_a_proof_renews_the_session_and_spends_the_refresh_token(api: Api) -> None:
    """
    ASVS 7.2.4: the same session, at the level that was shown, just now.
    """
    before = await api.signed_in_user()
    app, _ = await api.enrol_totp(before)
    begun = data_of(await api.post(CHALLENGES, access=before.access))
    assert begun.keys() == {"challenge", "methods"}
    assert begun["methods"] == ["totp", "recovery_code"]
    await api.grow_old(before)
    earliest = api.container.clock().now()
    stepped = await api.step_up(before, {"totp": code_of(app)}, challenge=begun["challenge"])
    assert stepped.session_id == before.session_id
    assert stepped.body["refresh_outcome"] == "rotated"
    session = stepped.body["session"]
    assert (session["acr"], session["amr"]) == ("aal2", ["pwd", "otp", "mfa"])
    assert datetime.fromisoformat(session["authenticated_at"]) >= earliest
    claims = claims_of(stepped.access)
    assert (claims["acr"], claims["amr"]) == ("aal2", ["pwd", "otp", "mfa"])
    assert claims["auth_time"] >= int(earliest.timestamp())
    copied = await api.try_refresh(before)
    assert refusal_of(copied) == (401, "REFRESH_TOKEN_INVALID")
    again = await api.try_step_up(stepped, {"totp": code_of(app)}, challenge=begun["challenge"])
    assert refusal_of(again)[0] in {400, 401}
    (event,) = [
        each for each in await api.audit(before.user_id) if each.type == "session.stepped_up"
    ]
    assert event.data["acr"] == "aal2"


@every_store
async def test_a_passkey_steps_up_with_the_challenge_that_it_signed(api: Api) -> None:
    """
    MF-3: once; and one that was signed for another session or for a sign-in counts nothing.
    """
    tokens = await api.signed_in_user()
    device, _ = await api.enrol_passkey(tokens)
    other = await api.sign_in_with(device)
    begun = data_of(await api.post(CHALLENGES, access=tokens.access))
    assert begun.keys() == {"challenge", "methods", "passkey_options"}
    assert begun["methods"] == ["passkey", "recovery_code"]
    shown = {"passkey": device.get(begun["passkey_options"])}
    assert refusal_of(await api.try_step_up(tokens, shown)) == (401, "INVALID_PROOF")
    elsewhere = await api.try_step_up(other, shown, challenge=begun["challenge"])
    assert refusal_of(elsewhere) == (400, "INVALID_CHALLENGE")
    alien = data_of(await api.post("/api/v1/passkeys/challenges"))
    alien_proof = {"passkey": device.get(alien["options"])}
    for challenge, refusal in (
        (alien["challenge"], (400, "INVALID_CHALLENGE")),
        (begun["challenge"], (401, "INVALID_PROOF")),
    ):
        answer = await api.try_step_up(tokens, alien_proof, challenge=challenge)
        assert refusal_of(answer) == refusal
    stepped = await api.step_up(tokens, shown, challenge=begun["challenge"])
    assert stepped.body["session"]["acr"] == "phr"
    again = await api.try_step_up(stepped, shown, challenge=begun["challenge"])
    assert refusal_of(again) == (400, "INVALID_CHALLENGE")
    assert (await api.erase(stepped, None)).status_code == 204


@every_store
async def test_proofs_and_refreshes_at_once_leave_one_session_and_one_successor(api: Api) -> None:
    """
    MF-1, RF-2: a code counts once, and nothing that was shown is lost.
    """
    tokens, _, codes = await with_a_factor(api)
    await api.grow_old(tokens)
    first, second = {"recovery_code": codes[0]}, {"recovery_code": codes[1]}
    answers = await asyncio.gather(
        *(api.try_step_up(tokens, proof) for proof in (first, second, first)),
        *(api.try_refresh(tokens) for _ in range(2)),
    )
    proofs = [answer for answer in answers[:3] if answer.status_code == 200]
    assert len(proofs) == 2, [answer.text for answer in answers]
    successors = {
        answer.json()["data"]["refresh_token"] for answer in answers if answer.status_code == 200
    }
    assert len(successors) == 1
    assert refusal_of(await api.try_refresh(tokens)) == (401, "REFRESH_TOKEN_INVALID")
    last = data_of(await api.try_refresh(successors.pop()))
    assert last["session"]["amr"] == ["pwd", "otp", "rc", "mfa"]
    known_since = datetime.fromisoformat(last["session"]["authenticated_at"])
    assert datetime.now(UTC) - known_since < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"proof": {"totp": "000000"}}, (401, "INVALID_PROOF")),
        ({"proof": {"password": PASSWORD}}, (401, "INVALID_PROOF")),
        ({"proof": {"email_code": "12345678"}}, (401, "INVALID_PROOF")),
        ({"proof": {"passkey": {"id": "x"}}}, (401, "INVALID_PROOF")),
        ({"proof": {"totp": "000000"}, "challenge": "dwc_x"}, (400, "INVALID_CHALLENGE")),
        ({"proof": {}}, (422, "VALIDATION_ERROR")),
        ({"proof": {"totp": "1", "password": "x"}}, (422, "VALIDATION_ERROR")),
        ({}, (422, "VALIDATION_ERROR")),
        ({"proof": {"totp": "000000"}, "refresh_token": "dwr_x"}, (401, "REFRESH_TOKEN_INVALID")),
        ({"proof": {"totp": "000000"}, "refresh_token": None}, (422, "VALIDATION_ERROR")),
        ({"proof": {"totp": "000000"}, "acr": "phr"}, (422, "VALIDATION_ERROR")),
    ],
    ids=str,
)
async def test_what_does_not_count_changes_nothing(
    api: Api, body: dict[str, Any], refusal: tuple[int, str]
) -> None:
    tokens, _, codes = await with_a_factor(api)
    sent = {"refresh_token": tokens.refresh, **body}
    assert refusal_of(await api.post(PROOFS, sent, access=tokens.access)) == refusal
    stepped = await api.step_up(tokens, {"recovery_code": codes[0]})
    assert stepped.body["refresh_outcome"] == "rotated"


async def test_both_routes_are_for_callers_who_are_signed_in(api: Api) -> None:
    tokens = await api.signed_in_user()
    assert refusal_of(await api.post(CHALLENGES)) == (401, "NOT_AUTHENTICATED")
    body = {"refresh_token": tokens.refresh, "proof": {"password": PASSWORD}}
    assert refusal_of(await api.post(PROOFS, body)) == (401, "NOT_AUTHENTICATED")
    answer = await api.post(PROOFS, {"proof": {"password": PASSWORD}}, access=tokens.access)
    assert details_of(answer) == {("refresh_token", "MISSING")}


# --- with cookies -----------------------------------------------------------------------------


async def test_in_cookie_mode_the_refresh_token_is_the_cookie(api: Api) -> None:
    """
    SE-6: with proof of where from; and the new tokens come in cookies.
    """
    await api.verified_user()
    browser = Browser(api)
    signed_in = await browser.sign_in()
    browser.csrf = signed_in["csrf_token"]
    before = dict(browser.cookies)
    body = {"proof": {"password": PASSWORD}}
    forged = await browser.send("POST", PROOFS, json=body, headers={"x-csrf-token": "x"})
    assert refusal_of(forged) == (403, "CSRF_FAILED")
    both = {"refresh_token": before["__Host-doorward-refresh"], **body}
    refused = await browser.send("POST", PROOFS, json=both)
    assert refusal_of(refused) == (400, "MULTIPLE_CREDENTIALS")
    assert browser.cookies == before
    begun = data_of(await browser.send("POST", CHALLENGES))
    assert begun["methods"] == ["password"]
    body["challenge"] = begun["challenge"]
    stepped = data_of(await browser.send("POST", PROOFS, json=body))
    assert stepped.keys() & {"access_token", "refresh_token"} == set()
    assert stepped["session"]["id"] == signed_in["session"]["id"]
    assert all(browser.cookies[name] != before[name] for name in before)
    browser.csrf = stepped["csrf_token"]
    changed = await browser.send("POST", f"{ME}/password", json={"new_password": NEW_PASSWORD})
    assert changed.status_code == 200
