"""
No answer tells which addresses have an account (EN-1), not even by the limits (EN-2).
"""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from adapters.memory.credentials.hashing import FastPasswordHasher
from tests.http.client import (
    PASSWORD,
    WRONG_PASSWORD,
    Api,
    refusal_of,
    without_request_id,
)
from tests.http.conftest import Start, every_store

# All of one length, so that not even Content-Length could differ.
VERIFIED, UNVERIFIED, CONTESTED, SUSPENDED, LOCKED, MISSING = KINDS = [
    f"user{number}@example.com" for number in range(1, 7)
]

type Ask = Callable[[Api, str], Awaitable[httpx.Response]]


async def _sign_in(api: Api, email: str) -> httpx.Response:
    return await api.try_sign_in(email, WRONG_PASSWORD)


async def _sign_up(api: Api, email: str) -> httpx.Response:
    return await api.post("/api/v1/users", {"email": email, "password": PASSWORD})


async def _sign_up_weakly(api: Api, email: str) -> httpx.Response:
    return await api.post("/api/v1/users", {"email": email, "password": "passwordpassword"})


async def _resend(api: Api, email: str) -> httpx.Response:
    return await api.post("/api/v1/email-verifications", {"email": email})


async def _ask_for_reset(api: Api, email: str) -> httpx.Response:
    return await api.post("/api/v1/password-resets", {"email": email})


async def _populate(api: Api) -> None:
    for email in (VERIFIED, SUSPENDED, LOCKED):
        await api.verified_user(email)
    await api.sign_up(UNVERIFIED)
    await api.sign_up(CONTESTED)
    await api.sign_up(CONTESTED, WRONG_PASSWORD)
    await api.suspend(SUSPENDED)


# Signing up comes last: it makes an account of the missing address.
ASKED: list[tuple[Ask, int]] = [
    (_sign_in, 1),
    (_sign_up_weakly, 0),
    (_resend, 0),
    (_ask_for_reset, 0),
    (_sign_up, 1),
]


@every_store
@pytest.mark.parametrize("rate_limits", [False, True])
async def test_every_address_gets_the_same_answer(start: Start, rate_limits: bool) -> None:
    """
    EN-1: status, body and headers, and the number of hashes that the answer costs.
    """
    hasher = FastPasswordHasher()
    api = await start(hasher=hasher, rate_limits=rate_limits)
    await _populate(api)
    for _ in range(10):
        await api.try_sign_in(LOCKED, WRONG_PASSWORD)
    for ask, hashes in ASKED:
        facts = []
        for email in KINDS:
            if ask is _sign_in and email == LOCKED:
                continue  # a lock answers for itself, below
            before = hasher.evaluations + hasher.hashes
            answer = await ask(api, email)
            assert hasher.evaluations + hasher.hashes - before == hashes, (ask, email)
            status, body, headers = without_request_id(answer)
            if isinstance(body.get("data"), dict):
                assert body["data"].pop("email") == email
            counted = {"ratelimit-remaining", "ratelimit-reset"}
            facts.append((status, body, [pair for pair in headers if pair[0] not in counted]))
        assert all(fact == facts[0] for fact in facts), facts


async def test_the_right_password_alone_is_told_why(start: Start) -> None:
    """
    EN-1: EMAIL_NOT_VERIFIED and USER_SUSPENDED only to someone who knows the password.
    """
    api = await start()
    await _populate(api)
    assert refusal_of(await api.try_sign_in(UNVERIFIED)) == (403, "EMAIL_NOT_VERIFIED")
    assert refusal_of(await api.try_sign_in(SUSPENDED)) == (403, "USER_SUSPENDED")
    for email in KINDS:
        refused = await api.try_sign_in(email, WRONG_PASSWORD)
        assert refusal_of(refused) == (401, "INVALID_CREDENTIALS"), email


async def test_a_lock_looks_the_same_with_and_without_an_account(start: Start) -> None:
    """
    EN-2: after the same number of guesses, with the same answer, account or not.
    """
    hasher = FastPasswordHasher()
    api = await start(hasher=hasher, sign_in_attempts=3)
    await _populate(api)
    seen = []
    for email in KINDS:
        before = hasher.evaluations
        answers = [await api.try_sign_in(email, WRONG_PASSWORD) for _ in range(5)]
        assert hasher.evaluations - before == 3, email
        codes = [refusal_of(answer) for answer in answers]
        assert codes == [(401, "INVALID_CREDENTIALS")] * 3 + [(429, "TOO_MANY_REQUESTS")] * 2
        facts = [without_request_id(answer) for answer in answers]
        for _, body, _ in facts:
            body["error"].pop("retry_after")  # counts down in real time
        seen.append([(status, body) for status, body, _ in facts])
    assert all(each == seen[0] for each in seen)


async def test_the_mail_differs_where_the_answer_may_not(api: Api) -> None:
    """
    EN-1: only the reader of the mailbox learns more.
    """
    await _populate(api)
    before = len(await api.mails())
    for email in (MISSING, SUSPENDED):
        await _ask_for_reset(api, email)
        await _resend(api, email)
    assert len(await api.mails()) == before
    await _ask_for_reset(api, VERIFIED)
    await _resend(api, UNVERIFIED)
    subjects = [mail["subject"] for mail in (await api.mails())[:2]]
    assert sorted(subjects) == ["Confirm your e-mail address", "Set a new password"]
