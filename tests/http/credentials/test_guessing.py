"""
Guessing passwords, and limits by count.
"""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.credentials.hashing import FastPasswordHasher
from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    WRONG_PASSWORD,
    Api,
    data_of,
    refusal_of,
)
from tests.http.conftest import Start, every_store

LOCKED = (429, "TOO_MANY_REQUESTS")
WRONG = (401, "INVALID_CREDENTIALS")


@every_store
async def test_two_hundred_guesses_at_once_are_ten(start: Start) -> None:
    """
    RL-1: no more than the limit is ever evaluated, and then not even the right password.
    """
    hasher = FastPasswordHasher()
    api = await start(hasher=hasher, sign_in_attempts=10)
    await api.verified_user()
    before = hasher.evaluations
    spellings = ("ada@example.com", "ADA@example.com", "ada@EXAMPLE.com", "Ada@Example.Com")
    answers = await asyncio.gather(
        *(api.try_sign_in(spellings[n % 4], f"{WRONG_PASSWORD} {n}") for n in range(200))
    )
    assert hasher.evaluations - before <= 10
    codes = [refusal_of(answer) for answer in answers]
    assert codes.count(WRONG) <= 10
    assert set(codes) == {WRONG, LOCKED}
    right = await api.try_sign_in()
    assert refusal_of(right) == LOCKED
    assert 0 < int(right.headers["retry-after"]) <= 30
    assert right.json()["error"]["retryable"] is True
    assert hasher.evaluations - before <= 10


@every_store
async def test_guesses_are_counted_over_all_instances(start: Start) -> None:
    """
    RL-1: on one store, and over a restart.
    """
    hasher = FastPasswordHasher()
    here = await start(hasher=hasher, sign_in_attempts=6)
    await here.verified_user()
    there = await start(hasher=hasher, beside=here, sign_in_attempts=6)
    for api in (here, there, here, there, here, there):
        assert refusal_of(await api.try_sign_in(password=WRONG_PASSWORD)) == WRONG
    restarted = await start(hasher=hasher, beside=here, sign_in_attempts=6)
    for api in (here, there, restarted):
        assert refusal_of(await api.try_sign_in()) == LOCKED


async def test_the_right_password_gives_all_guesses_back(start: Start) -> None:
    api = await start(sign_in_attempts=3)
    await api.verified_user()
    for _ in range(3):
        for _ in range(2):
            assert refusal_of(await api.try_sign_in(password=WRONG_PASSWORD)) == WRONG
        await api.sign_in()


async def test_a_lock_is_no_weapon_against_the_owner(start: Start) -> None:
    """
    RL-2: it ends by itself, attempts do not prolong it, sessions live on, a reset lifts it.
    """
    clock = ManualClock()
    api = await start(clock=clock, sign_in_attempts=3, sign_in_lock_seconds=30)
    tokens = await api.signed_in_user()
    for _ in range(3):
        assert refusal_of(await api.try_sign_in(password=WRONG_PASSWORD)) == WRONG
    locked = await api.try_sign_in()
    assert refusal_of(locked) == LOCKED
    assert locked.headers["retry-after"] == "30"
    await api.me(tokens)
    tokens = await api.refresh(tokens)

    clock.advance(timedelta(seconds=29))
    for _ in range(20):
        assert refusal_of(await api.try_sign_in()) == LOCKED
    clock.advance(timedelta(seconds=1))
    await api.sign_in()

    for _ in range(3):
        await api.try_sign_in(password=WRONG_PASSWORD)
    assert refusal_of(await api.try_sign_in()) == LOCKED
    assert (await api.reset(await api.reset_token())).status_code == 204
    await api.sign_in(password=NEW_PASSWORD)


async def test_each_lock_is_longer_up_to_an_hour(start: Start) -> None:
    """
    RL-2: 30 s, a minute, two …, an hour.
    """
    clock = ManualClock()
    api = await start(clock=clock, sign_in_attempts=1, sign_in_lock_seconds=30)
    waits = []
    for _ in range(9):
        assert refusal_of(await api.try_sign_in()) == WRONG
        wait = int((await api.try_sign_in()).headers["retry-after"])
        waits.append(wait)
        clock.advance(timedelta(seconds=wait))
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]


async def test_without_a_lock_no_account_is_locked(start: Start) -> None:
    """
    SIGN_IN_ATTEMPTS=0
    """
    api = await start(sign_in_attempts=0)
    await api.verified_user()
    answers = [await api.try_sign_in(password=WRONG_PASSWORD) for _ in range(30)]
    assert {refusal_of(answer) for answer in answers} == {WRONG}
    await api.sign_in()


LIMITED = {
    "/api/v1/users": ({"email": "x", "password": PASSWORD}, 120),
    "/api/v1/email-verifications": ({"email": "x"}, 120),
    "/api/v1/password-resets": ({"email": "x"}, 120),
    "/api/v1/sessions": ({"email": "x", "password": PASSWORD}, 300),
}


async def test_limited_routes_say_how_much_is_left(start: Start) -> None:
    """
    RL-4: RateLimit-* on every answer, refusals included, and on no other route.
    """
    api = await start(rate_limits=True, clock=ManualClock())
    for path, (body, limit) in LIMITED.items():
        answer = await api.post(path, body)
        assert answer.status_code in {400, 401, 422}, path
        assert answer.headers["ratelimit-limit"] == str(limit), path
        assert int(answer.headers["ratelimit-remaining"]) < limit
        assert answer.headers["ratelimit-reset"].isdigit()
    for path in ("/health/live", "/api/v1/errors", "/api/v1/users/me"):
        assert "ratelimit-limit" not in (await api.get(path)).headers
    # A secret of 256 bits needs no limit on guesses.
    refresh = await api.try_refresh("dwr_" + "A" * 91)
    assert "ratelimit-limit" not in refresh.headers


async def test_with_limits_off_nothing_is_counted(api: Api) -> None:
    for path, (body, _) in LIMITED.items():
        assert "ratelimit-limit" not in (await api.post(path, body)).headers


async def test_a_source_above_the_limit_has_to_wait(start: Start) -> None:
    """
    RL-4: 429 with Retry-After; another source goes on; time brings it back.
    """
    clock = ManualClock()
    api = await start(rate_limits=True, clock=clock)
    body = {"email": "no address"}
    answers = [await api.post("/api/v1/password-resets", body) for _ in range(121)]
    remaining = [int(answer.headers["ratelimit-remaining"]) for answer in answers]
    assert remaining == [*range(119, -1, -1), 0]
    assert {answer.status_code for answer in answers[:120]} == {422}
    refused = answers[120]
    assert refusal_of(refused) == LOCKED
    assert refused.headers["retry-after"] == "5"
    assert refused.headers["ratelimit-limit"] == "120"
    async with api.client("198.51.100.4") as other:
        assert (await other.post("/api/v1/password-resets", json=body)).status_code == 422
    clock.advance(timedelta(seconds=5))
    assert (await api.post("/api/v1/password-resets", body)).status_code == 422


async def test_a_whole_ipv6_network_is_one_source(start: Start) -> None:
    """
    RL-3: by its /64, and an IPv4 address inside IPv6 as itself.
    """
    api = await start(rate_limits=True, clock=ManualClock())
    body = {"email": "no address"}
    left = []
    for address in ("2001:db8::1", "2001:db8::ffff:1", "2001:db8:0:1::1", "::ffff:203.0.113.7"):
        async with api.client(address) as client:
            answer = await client.post("/api/v1/password-resets", json=body)
        left.append(answer.headers["ratelimit-remaining"])
    assert left == ["119", "118", "119", "119"]
    plain = await api.post("/api/v1/password-resets", body)
    assert plain.headers["ratelimit-remaining"] == "118"


@pytest.mark.parametrize("path", ["/api/v1/password-resets", "/api/v1/email-verifications"])
async def test_a_mailbox_gets_ten_mails_and_the_answer_does_not_tell(
    start: Start, path: str
) -> None:
    """
    RL-4: the eleventh request is answered like the first, and no mail goes out.
    """
    api = await start(rate_limits=True, clock=ManualClock())
    subject = "Set a new password" if path.endswith("resets") else "Confirm your e-mail address"
    if path.endswith("resets"):
        await api.verified_user()
    else:
        await api.sign_up()
    bodies = []
    for _ in range(15):
        answer = await api.post(path, {"email": "ADA@example.com"})
        bodies.append(data_of(answer, 202))
        await api.mails()
    assert bodies == [None] * 15
    assert [mail["subject"] for mail in await api.mails()].count(subject) == 10


async def test_sign_ups_cannot_flood_a_mailbox_either(start: Start) -> None:
    """
    RL-4
    """
    api = await start(rate_limits=True, clock=ManualClock())
    for _ in range(15):
        await api.sign_up()
    assert len(await api.mails()) == 10
