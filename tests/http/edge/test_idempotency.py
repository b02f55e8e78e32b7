"""
The same request with the same key is done once, and answered alike for a day (DB-2).
"""

import asyncio
import hashlib
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from starlette.requests import Request

from adapters.memory.clock import ManualClock
from adapters.memory.idempotency import MemoryIdempotencyStore
from application.sessions.authentication import Caller
from domain.errors import ServiceUnavailable
from entrypoints.http.edge import idempotency
from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    WRONG_PASSWORD,
    Api,
    Tokens,
    code_of,
    data_of,
    refusal_of,
)
from tests.http.conftest import Start, every_store, memory_only
from tests.http.edge.browser import Browser

USERS = "/api/v1/users"
INVITATIONS = "/api/v1/invitations"
ME = "/api/v1/users/me"
SIGN_UP = {"email": "ada@example.com", "password": PASSWORD}


def under(key: str, **more: str) -> dict[str, str]:
    return {"idempotency-key": key, **more}


def same(first: httpx.Response, second: httpx.Response) -> bool:
    """
    Tell whether both say the same, each under its own request id; the second one says so.
    """
    bodies = [answer.json() if answer.content else {} for answer in (first, second)]
    for body in bodies:
        for part in ("meta", "error"):
            body.get(part, {}).pop("request_id", None)
    return (
        first.status_code == second.status_code
        and bodies[0] == bodies[1]
        and "idempotency-replayed" not in first.headers
        and second.headers["idempotency-replayed"] == "true"
        and first.headers["x-request-id"] != second.headers["x-request-id"]
    )


@every_store
async def test_a_sign_up_that_comes_twice_is_one(api: Api) -> None:
    """
    Without a signed-in caller the key stands alone.
    """
    first = await api.post(USERS, SIGN_UP, headers=under("k1"))
    second = await api.post(USERS, SIGN_UP, headers=under("k1"))
    assert same(first, second)
    assert len(await api.mails("ada@example.com")) == 1
    other = await api.post(USERS, {**SIGN_UP, "email": "eve@example.com"}, headers=under("k1"))
    assert refusal_of(other) == (422, "IDEMPOTENCY_KEY_REUSED")
    elsewhere = await api.post(
        "/api/v1/password-resets", {"email": "ada@example.com"}, headers=under("k1")
    )
    assert refusal_of(elsewhere) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert await api.user("eve@example.com") is None


async def test_a_key_is_its_callers_own(api: Api) -> None:
    """
    AZ-2: and stays it over a refresh, which gives the caller another token.
    """
    admin, other = await api.administrator(), await api.administrator("second@example.com")
    body = {"email": "bob@example.com"}
    first = await api.post(INVITATIONS, body, access=admin.access, headers=under("k"))
    admin = await api.refresh(admin)
    assert same(first, await api.post(INVITATIONS, body, access=admin.access, headers=under("k")))
    foreign = await api.post(INVITATIONS, body, access=other.access, headers=under("k"))
    assert data_of(foreign, 201)["id"] != data_of(first, 201)["id"]


@every_store
async def test_of_twenty_at_once_one_is_done(api: Api) -> None:
    """
    The others are told to come back, or get its answer.
    """
    admin = await api.administrator()
    body = {"name": "support", "permissions": []}
    answers = await asyncio.gather(
        *(
            api.post("/api/v1/roles", body, access=admin.access, headers=under("r"))
            for _ in range(20)
        )
    )
    done = [a for a in answers if a.status_code == 201 and "idempotency-replayed" not in a.headers]
    assert len(done) == 1
    for answer in answers:
        if answer.status_code != 201:
            assert refusal_of(answer) == (409, "REQUEST_IN_PROGRESS")
            assert answer.json()["error"]["retryable"] is True
    last = await api.post("/api/v1/roles", body, access=admin.access, headers=under("r"))
    assert same(done[0], last)


@every_store
async def test_an_answer_with_tokens_is_repeated_and_lies_nowhere_in_the_clear(
    api: Api, tmp_path: Path
) -> None:
    """
    RF-5: the retry of a password change gets the very tokens that were lost on the way.
    """
    tokens = await api.signed_in_user()
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    first = await api.post(f"{ME}/password", body, access=tokens.access, headers=under("p"))
    fresh = Tokens(data_of(first))
    # The old token is of no use any more, so the retry comes with the new one or not at all.
    late = await api.post(f"{ME}/password", body, access=tokens.access, headers=under("p"))
    assert refusal_of(late) == (401, "SESSION_ENDED")
    again = await api.post(f"{ME}/password", body, access=fresh.access, headers=under("p"))
    assert same(first, again)
    assert data_of(again)["refresh_token"] == fresh.refresh
    for kept in _bytes_of_the_store(api):
        assert fresh.refresh.encode() not in kept
        assert fresh.access.encode() not in kept


def _bytes_of_the_store(api: Api) -> list[bytes]:
    """
    Return what a thief would find: the file of SQLite, or what memory has kept.
    """
    file = api.settings.sqlite_file
    if file is not None:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return [file.read_bytes()]
    if api.settings.in_memory:
        store = api.container.idempotency_store()
        assert isinstance(store, MemoryIdempotencyStore)
        entries = store._entries.values()
        return [entry.answer for entry in entries if entry.answer is not None]
    return []


async def test_cookies_are_repeated_too(api: Api) -> None:
    """
    SE-6.
    """
    await api.verified_user()
    browser = Browser(api)
    await browser.sign_in()
    body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    first = await browser.send("POST", f"{ME}/password", json=body, headers=under("c"))
    given = dict(browser.cookies)
    again = await browser.send("POST", f"{ME}/password", json=body, headers=under("c"))
    assert same(first, again)
    assert browser.cookies == given


async def test_signing_in_ignores_the_key(api: Api) -> None:
    """
    Each sign-in is its own; a refresh has its own way of being repeated.
    """
    await api.verified_user()
    body = {"email": "ada@example.com", "password": PASSWORD}
    ids = set()
    for _ in range(2):
        answer = await api.post("/api/v1/sessions", body, headers=under("s"))
        ids.add(data_of(answer, 201)["session"]["id"])
    assert len(ids) == 2


async def test_a_refusal_for_good_is_repeated_and_one_for_now_is_not(start: Start) -> None:
    api = await start(sign_in_attempts=2)
    tokens = await api.signed_in_user()
    wrong = {"current_password": WRONG_PASSWORD, "new_password": NEW_PASSWORD}
    answers = [
        await api.post(f"{ME}/password", wrong, access=tokens.access, headers=under("w"))
        for _ in range(4)
    ]
    assert [refusal_of(answer) for answer in answers] == [(403, "WRONG_PASSWORD")] * 4
    assert len(await api.audit(tokens.user_id, "session.refused")) == 1
    await api.post(f"{ME}/password", wrong, access=tokens.access)
    right = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
    locked = await api.post(f"{ME}/password", right, access=tokens.access, headers=under("l"))
    assert refusal_of(locked) == (429, "TOO_MANY_REQUESTS")
    again = await api.post(f"{ME}/password", right, access=tokens.access, headers=under("l"))
    assert "idempotency-replayed" not in again.headers


async def test_without_a_caller_nothing_is_kept(api: Api) -> None:
    admin = await api.administrator()
    body = {"email": "bob@example.com"}
    for _ in range(2):
        refused = await api.post(INVITATIONS, body, headers=under("n"))
        assert refusal_of(refused) == (401, "NOT_AUTHENTICATED")
    made = await api.post(INVITATIONS, body, access=admin.access, headers=under("n"))
    assert made.status_code == 201


async def test_after_a_day_the_key_is_free(start: Start) -> None:
    clock = ManualClock()
    api = await start(clock=clock)
    await api.post(USERS, SIGN_UP, headers=under("d"))
    other = {**SIGN_UP, "email": "eve@example.com"}
    clock.advance(timedelta(hours=24))
    refused = await api.post(USERS, other, headers=under("d"))
    assert refusal_of(refused) == (422, "IDEMPOTENCY_KEY_REUSED")
    clock.advance(timedelta(seconds=1))
    assert (await api.post(USERS, other, headers=under("d"))).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "two words", "\u00e9", "tab\there"])
async def test_what_is_no_key_is_refused(api: Api, key: str) -> None:
    headers: Any = {"idempotency-key": key.encode("latin-1")}
    refused = await api.post(USERS, SIGN_UP, headers=headers)
    assert refusal_of(refused) == (422, "VALIDATION_ERROR")
    assert await api.user("ada@example.com") is None


@memory_only
async def test_what_is_kept_of_a_request_does_not_help_to_guess_its_password(api: Api) -> None:
    """
    RF-5, I8: no digest that can be made without our key.
    """
    await api.post(USERS, SIGN_UP, headers=under("k1"))
    store = api.container.idempotency_store()
    assert isinstance(store, MemoryIdempotencyStore)
    [entry] = store._entries.values()
    [sent] = [a.request for a in api.answers if a.request.method == "POST"]
    whole = b"POST\n/api/v1/users\n\n" + sent.content
    assert entry.fingerprint != hashlib.sha256(whole).digest()
    tag = api.container.authenticator().tag(whole, purpose="idempotent request v1")
    assert entry.fingerprint == tag


@memory_only
async def test_nothing_is_done_under_a_key_while_its_caller_is_not_known(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    DB-2: done without it, a retry would do it again.
    """
    admin = await api.administrator()

    async def away(_: Request) -> Caller:
        raise ServiceUnavailable

    body = {"email": "bob@example.com"}
    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "caller_of", away)
        refused = await api.post(INVITATIONS, body, access=admin.access, headers=under("k"))
    assert refusal_of(refused) == (503, "SERVICE_UNAVAILABLE")
    assert data_of(await api.get(INVITATIONS, access=admin.access)) == []


@memory_only
async def test_what_was_done_is_answered_although_the_answer_cannot_be_kept(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    I9: and so is what was refused.
    """

    async def away(*_: object, **__: object) -> None:
        raise ServiceUnavailable

    monkeypatch.setattr(MemoryIdempotencyStore, "complete", away)
    monkeypatch.setattr(MemoryIdempotencyStore, "release", away)
    data_of(await api.post(USERS, SIGN_UP, headers=under("k")), 201)
    api.container.memory_store().answers = False
    other = {**SIGN_UP, "email": "bob@example.com"}
    refused = await api.post(USERS, other, headers=under("l"))
    api.container.memory_store().answers = True
    assert refusal_of(refused) == (503, "SERVICE_UNAVAILABLE")


async def test_recovery_codes_are_repeated_to_the_session_that_made_them_alone(api: Api) -> None:
    """
    MF-2: another session of the user, which has shown less, would learn them from a guessed key.
    """
    old = await api.signed_in_user()
    app, _ = await api.enrol_totp(old)
    body = {"email": "ada@example.com", "password": PASSWORD, "proof": {"totp": code_of(app)}}
    owner = Tokens(data_of(await api.post("/api/v1/sessions", body), 201))
    path = f"{ME}/recovery-codes"
    made = await api.post(path, access=owner.access, headers=under("1"))
    again = await api.post(path, access=owner.access, headers=under("1"))
    assert made.status_code == 201
    assert same(made, again)
    refused = await api.post(path, access=old.access, headers=under("1"))
    assert refusal_of(refused) == (401, "STEP_UP_REQUIRED")


async def test_the_secret_of_an_app_is_repeated_to_the_session_that_asked_alone(api: Api) -> None:
    """
    MF-2: it is the second factor from then on, and another session has not shown it.
    """
    owner, other = await api.signed_in_user(), await api.sign_in()
    path = f"{ME}/factors/totp"
    made = await api.post(path, access=owner.access, headers=under("1"))
    assert same(made, await api.post(path, access=owner.access, headers=under("1")))
    app = pyotp.parse_uri(data_of(made)["uri"])
    assert isinstance(app, pyotp.TOTP)
    body = {"enrolment": data_of(made)["enrolment"], "code": code_of(app)}
    data_of(await api.post(f"{path}/confirm", body, access=owner.access), 201)
    refused = await api.post(path, access=other.access, headers=under("1"))
    assert refusal_of(refused) == (401, "STEP_UP_REQUIRED")
