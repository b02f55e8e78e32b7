"""
Resetting a password, and which passwords are taken.
"""

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from adapters.memory.clock import ManualClock
from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    WRONG_PASSWORD,
    Api,
    details_of,
    reason_of,
    refusal_of,
)
from tests.http.conftest import Start, every_store

CONFIRM = "/api/v1/password-resets/confirm"
LOOKS_LIKE_A_TOKEN = "dwm_Zk3q0qk2nq8kYp1T5oQ7u4m2b1vX9sR6wE0yA3cD5fE"


NO_SECRETS: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"new_password": NEW_PASSWORD}, (422, "VALIDATION_ERROR")),
    ({"token": None, "new_password": NEW_PASSWORD}, (422, "VALIDATION_ERROR")),
    ({"token": True, "new_password": NEW_PASSWORD}, (422, "VALIDATION_ERROR")),
    ({"token": [], "new_password": NEW_PASSWORD}, (422, "VALIDATION_ERROR")),
    ({"token": {"$ne": None}, "new_password": NEW_PASSWORD}, (422, "VALIDATION_ERROR")),
    ({"token": 0, "new_password": NEW_PASSWORD}, (422, "VALIDATION_ERROR")),
    ({"token": "", "new_password": NEW_PASSWORD}, (400, "INVALID_TOKEN")),
    ({"token": "dwm_", "new_password": NEW_PASSWORD}, (400, "INVALID_TOKEN")),
    ({"token": "%", "new_password": NEW_PASSWORD}, (400, "INVALID_TOKEN")),
    ({"token": LOOKS_LIKE_A_TOKEN, "new_password": NEW_PASSWORD}, (400, "INVALID_TOKEN")),
    ({"email": "ada@example.com", "new_password": NEW_PASSWORD}, (422, "VALIDATION_ERROR")),
    (
        {"token": LOOKS_LIKE_A_TOKEN, "email": "ada@example.com", "new_password": NEW_PASSWORD},
        (422, "VALIDATION_ERROR"),
    ),
    ({}, (422, "VALIDATION_ERROR")),
]


async def test_no_reset_without_the_mailed_secret(api: Api) -> None:
    """
    AT-1: with a reset under way, nothing but its secret completes it.
    """
    await api.verified_user()
    await api.reset_token()
    for body, expected in NO_SECRETS:
        assert refusal_of(await api.post(CONFIRM, body)) == expected, body
    await api.sign_in(password=PASSWORD)
    refused = await api.try_sign_in(password=NEW_PASSWORD)
    assert refusal_of(refused) == (401, "INVALID_CREDENTIALS")


async def test_a_secret_resets_its_own_account_only(api: Api) -> None:
    """
    AT-1: the secret of another user works for that user's account alone.
    """
    await api.verified_user("ada@example.com")
    await api.verified_user("eve@example.com", WRONG_PASSWORD)
    assert (await api.reset(await api.reset_token("eve@example.com"))).status_code == 204
    await api.sign_in("ada@example.com", PASSWORD)
    await api.sign_in("eve@example.com", NEW_PASSWORD)


async def test_a_reset_ends_everything_that_the_old_password_allowed(api: Api) -> None:
    """
    AT-6, SE-1: every session and token, in the same commit; the owner is told.
    """
    first = await api.signed_in_user()
    second = await api.sign_in()
    assert (await api.reset(await api.reset_token())).status_code == 204
    for tokens in (first, second):
        answer = await api.get("/api/v1/users/me", access=tokens.access)
        assert reason_of(answer) == "PASSWORD_CHANGED"
        assert reason_of(await api.try_refresh(tokens)) == "PASSWORD_CHANGED"
    assert refusal_of(await api.try_sign_in()) == (401, "INVALID_CREDENTIALS")
    assert (await api.mails("ada@example.com"))[0]["subject"] == "Your password was changed"
    assert len(await api.sessions(await api.sign_in(password=NEW_PASSWORD))) == 1


@every_store
async def test_a_reset_secret_is_spent_once_even_in_parallel(api: Api) -> None:
    """
    AT-4: of ten resets at once one sets the password; the others change nothing.
    """
    await api.verified_user()
    token = await api.reset_token()
    passwords = [f"{number} quiet herons over the marsh" for number in range(10)]
    answers = await asyncio.gather(*(api.reset(token, password) for password in passwords))
    won = [p for p, a in zip(passwords, answers, strict=True) if a.status_code == 204]
    assert len(won) == 1
    assert {refusal_of(a) for a in answers if a.status_code != 204} == {(400, "INVALID_TOKEN")}
    for password in passwords:
        expected = 201 if password in won else 401
        assert (await api.try_sign_in(password=password)).status_code == expected


async def test_a_mailed_secret_dies_in_time(start: Start) -> None:
    """
    AT-4: to the second, by the service's clock.
    """
    clock = ManualClock()
    api = await start(clock=clock, password_reset_ttl=60, email_verification_ttl=60)
    await api.sign_up()
    verification = await api.mailed_token()
    clock.advance(timedelta(seconds=60))
    path = "/api/v1/email-verifications/confirm"
    assert refusal_of(await api.post(path, {"token": verification})) == (400, "INVALID_TOKEN")
    reset = await api.reset_token()
    clock.advance(timedelta(seconds=60))
    assert refusal_of(await api.reset(reset)) == (400, "INVALID_TOKEN")
    reset = await api.reset_token()
    clock.advance(timedelta(seconds=59))
    assert (await api.reset(reset)).status_code == 204


async def test_a_suspended_user_cannot_spend_a_mailed_secret(api: Api) -> None:
    """
    AT-4: a secret dies with the account's suspension, and no new one is mailed.
    """
    await api.verified_user()
    token = await api.reset_token()
    await api.suspend("ada@example.com")
    assert refusal_of(await api.reset(token)) == (400, "INVALID_TOKEN")
    before = len(await api.mails())
    await api.post("/api/v1/password-resets", {"email": "ada@example.com"})
    assert len(await api.mails()) == before


BAD_PASSWORDS: list[tuple[str, set[str]]] = [
    ("short but odd", {"TOO_SHORT"}),
    ("", {"TOO_SHORT"}),
    ("aaaaaaaaaaaaaaaa", {"TOO_COMMON"}),
    ("passwordpassword", {"TOO_COMMON"}),
    ("password12345678", {"TOO_COMMON"}),
    ("my doorward login phrase", {"CONTAINS_CONTEXT"}),
    ("the lovelace engine runs", {"CONTAINS_CONTEXT"}),
    ("q" * 7 + "\u0007" + "zebra crossing", {"CONTROL_CHARACTER"}),
    ("é" * 257, {"TOO_LONG"}),
]


async def test_a_bad_password_is_refused_with_every_reason(api: Api) -> None:
    """
    PW-3, PW-4: on sign-up and on reset; a refused one spends no mailed secret.
    """
    email = "lovelace@example.com"
    for password, reasons in BAD_PASSWORDS:
        refused = await api.post("/api/v1/users", {"email": email, "password": password})
        _was_rejected(refused, password, "password", reasons)
    assert await api.user(email) is None

    await api.verified_user(email)
    token = await api.reset_token(email)
    for password, reasons in BAD_PASSWORDS:
        _was_rejected(await api.reset(token, password), password, "new_password", reasons)
    assert (await api.reset(token)).status_code == 204


def _was_rejected(answer: httpx.Response, password: str, field: str, reasons: set[str]) -> None:
    assert refusal_of(answer) == (422, "PASSWORD_REJECTED"), password
    assert {name for name, _ in details_of(answer)} == {field}
    assert {code for _, code in details_of(answer)} >= reasons, password
    assert not password or password not in answer.text


GOOD_PASSWORDS = [
    "  leading and trailing  ",
    "Ωmega κόσμος 世界 🦉🦉",
    ("three wild geese over the lake " * 9)[:200] + "!" + "\N{OWL}" * 55,
    "no composition rules at all",
]


async def test_any_other_password_is_taken_as_it_is(api: Api) -> None:
    """
    PW-3: any Unicode, spaces included, up to 256 code points.
    """
    for number, password in enumerate(GOOD_PASSWORDS):
        email = f"user{number}@example.com"
        await api.verified_user(email, password)
        await api.sign_in(email, password)
        for other in (password.strip() + "!", password[:-1], password.swapcase()):
            refused = await api.try_sign_in(email, other)
            assert refusal_of(refused) == (401, "INVALID_CREDENTIALS"), other


async def test_passwords_that_differ_after_byte_72_differ(api: Api) -> None:
    """
    PW-3: nothing is cut off.
    """
    stem = "wild geese fly south over the silver lake " * 2
    await api.verified_user(password=stem + "a")
    refused = await api.try_sign_in(password=stem + "b")
    assert refusal_of(refused) == (401, "INVALID_CREDENTIALS")
    await api.sign_in(password=stem + "a")


async def test_one_password_typed_on_two_keyboards_is_one(api: Api) -> None:
    """
    PW-5: composed or decomposed, and with any kind of space.
    """
    await api.verified_user(password="Caf\u00e9 cr\u00e8me au lait")
    await api.sign_in(password="Cafe\u0301\u00a0cre\u0300me\u3000au lait")


async def test_the_hash_follows_the_settings(start: Start) -> None:
    """
    PW-1: argon2id in PHC form, and made anew on sign-in when the cost has risen.
    """
    first = await start()
    await first.verified_user()
    assert "$argon2id$v=19$m=8,t=1,p=1$" in await _stored_hash(first)
    second = await start(beside=first, argon2_memory_kib=16, argon2_time_cost=2)
    await second.sign_in()
    assert "$argon2id$v=19$m=16,t=2,p=1$" in await _stored_hash(second)
    await first.sign_in()


async def test_too_many_hashes_at_once_are_told_to_come_back(start: Start) -> None:
    """
    PW-2: a flood gets BUSY at once, the reads go on, and afterwards everything works.
    """
    api = await start(hashing_concurrency=1, hashing_queue=1, argon2_memory_kib=32768)
    await api.verified_user()
    answers = await asyncio.gather(
        *(api.try_sign_in(f"user{n}@example.com") for n in range(12)),
        api.get("/.well-known/jwks.json"),
        api.get("/health/live"),
    )
    assert [answer.status_code for answer in answers[-2:]] == [200, 200]
    statuses = {refusal_of(answer) for answer in answers[:12]}
    assert statuses == {(401, "INVALID_CREDENTIALS"), (503, "BUSY")}
    await api.sign_in()


async def _stored_hash(api: Api) -> str:
    user = await api.user("ada@example.com")
    assert user is not None
    async with api.units.read_only() as unit:
        credential = await unit.credentials.get(user.id)
    assert credential is not None
    return credential.hash
