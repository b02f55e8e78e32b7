"""
Refresh tokens: one live one per session, whatever is repeated, raced, stolen or taken away.
"""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.clock import ManualClock
from application.keys.ports import LEEWAY
from tests.http.client import Api, Shift, Tokens, data_of, reason_of, refusal_of
from tests.http.conftest import Start, every_store


@every_store
async def test_fifty_refreshes_at_once_are_one(start: Start) -> None:
    """
    RF-1: the family advances by one generation and every request gets the same successor.
    """
    api = await start(audit_refreshes=True)
    tokens = await api.signed_in_user()
    many = [api.try_refresh(tokens) for _ in range(50)]
    bodies = [data_of(answer) for answer in await asyncio.gather(*many)]
    assert len({body["refresh_token"] for body in bodies}) == 1
    assert sorted(body["refresh_outcome"] for body in bodies) == ["replayed"] * 49 + ["rotated"]
    assert len(await api.audit(tokens.user_id, "session.refreshed")) == 1
    assert len(await api.audit(tokens.user_id, "session.replayed")) == 49
    following = await api.refresh(bodies[0]["refresh_token"])
    assert following.body["refresh_outcome"] == "rotated"


@every_store
async def test_without_grace_one_of_many_succeeds_and_the_session_ends(start: Start) -> None:
    """
    RF-1, RF-2: with REFRESH_GRACE=0 every second use is reuse, parallel or not.
    """
    api = await start(refresh_grace=0)
    tokens = await api.signed_in_user()
    answers = await asyncio.gather(*(api.try_refresh(tokens) for _ in range(10)))
    won = [answer for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {reason_of(a) for a in answers if a not in won} == {"REFRESH_TOKEN_REUSED"}
    newest = Tokens(won[0].json()["data"])
    assert reason_of(await api.try_refresh(newest)) == "REFRESH_TOKEN_REUSED"
    gone = await api.get("/api/v1/users/me", access=newest.access)
    assert reason_of(gone) == "REFRESH_TOKEN_REUSED"
    assert len(await api.audit(tokens.user_id, "session.reused")) == 1


async def test_a_lost_answer_is_repeated_inside_the_window(start: Start) -> None:
    """
    RF-3: the same successor, any number of times, to the end of the grace and not beyond it.
    """
    clock = ManualClock()
    api = await start(clock=clock, refresh_grace=30)
    first = await api.signed_in_user()
    second = await api.refresh(first)
    for seconds in (1, 29):
        clock.advance(timedelta(seconds=seconds))
        again = await api.refresh(first)
        assert again.refresh == second.refresh
        assert again.body["refresh_outcome"] == "replayed"
        assert (await api.me(again))["email"] == "ada@example.com"
    clock.advance(timedelta(microseconds=1))
    assert reason_of(await api.try_refresh(first)) == "REFRESH_TOKEN_REUSED"
    assert reason_of(await api.try_refresh(second)) == "REFRESH_TOKEN_REUSED"


async def test_a_grandparent_is_reuse_even_inside_the_window(api: Api) -> None:
    """
    RF-3: once the successor was used, its parent's parent ends the session; the owner is told.
    """
    first = await api.signed_in_user()
    third = await api.refresh(await api.refresh(first))
    assert reason_of(await api.try_refresh(first)) == "REFRESH_TOKEN_REUSED"
    assert reason_of(await api.try_refresh(third)) == "REFRESH_TOKEN_REUSED"
    answer = await api.get("/api/v1/users/me", access=third.access)
    assert reason_of(answer) == "REFRESH_TOKEN_REUSED"
    assert (await api.mails("ada@example.com"))[0]["subject"] == "We ended one of your sessions"
    # And once only, however often the thief tries.
    count = len(await api.mails())
    await api.try_refresh(first)
    assert len(await api.mails()) == count


@every_store
async def test_reuse_is_final_for_every_instance(start: Start) -> None:
    """
    RF-2: what one instance found out, another that starts later on the same store knows.
    """
    first_api = await start(refresh_grace=0)
    first = await first_api.signed_in_user()
    second = await first_api.refresh(first)
    assert reason_of(await first_api.try_refresh(first)) == "REFRESH_TOKEN_REUSED"
    restarted = await start(beside=first_api, refresh_grace=60)
    for tokens in (first, second):
        assert reason_of(await restarted.try_refresh(tokens)) == "REFRESH_TOKEN_REUSED"
        answer = await restarted.get("/api/v1/users/me", access=tokens.access)
        assert reason_of(answer) == "REFRESH_TOKEN_REUSED"


async def test_a_reused_session_takes_no_other_with_it(api: Api) -> None:
    first = await api.signed_in_user()
    other = await api.sign_in()
    await api.refresh(await api.refresh(first))
    assert reason_of(await api.try_refresh(first)) == "REFRESH_TOKEN_REUSED"
    await api.me(other)
    await api.refresh(other)


async def test_a_suspended_user_refreshes_nothing(api: Api) -> None:
    """
    RF-4
    """
    tokens = await api.signed_in_user()
    await api.suspend("ada@example.com")
    assert reason_of(await api.try_refresh(tokens)) == "USER_SUSPENDED"
    assert reason_of(await api.get("/api/v1/users/me", access=tokens.access)) == "USER_SUSPENDED"


@every_store
async def test_a_password_change_wins_against_racing_refreshes(api: Api) -> None:
    """
    RF-4: however refreshes and the reset interleave, no session outlives it.
    """
    tokens = await api.signed_in_user()
    sessions = [tokens, *[await api.sign_in() for _ in range(4)]]
    token = await api.reset_token()
    *answers, reset = await asyncio.gather(
        *(api.try_refresh(each) for each in sessions), api.reset(token)
    )
    assert reset.status_code == 204
    for answer in answers:
        if answer.status_code == 200:
            sessions.append(Tokens(answer.json()["data"]))
        else:
            assert reason_of(answer) == "PASSWORD_CHANGED"
    for each in sessions:
        assert reason_of(await api.try_refresh(each)) == "PASSWORD_CHANGED"
        gone = await api.get("/api/v1/users/me", access=each.access)
        assert reason_of(gone) == "PASSWORD_CHANGED"


@every_store
async def test_a_sign_in_that_is_overtaken_by_a_reset_gives_no_session(api: Api) -> None:
    """
    RF-4, AT-6: a sign-in with the old password that runs through a reset gains nothing.
    """
    await api.verified_user()
    token = await api.reset_token()
    *answers, reset = await asyncio.gather(*(api.try_sign_in() for _ in range(8)), api.reset(token))
    assert reset.status_code == 204
    for answer in answers:
        if answer.status_code == 201:
            early = Tokens(answer.json()["data"])
            assert reason_of(await api.try_refresh(early)) == "PASSWORD_CHANGED"
        else:
            assert refusal_of(answer) == (401, "INVALID_CREDENTIALS")


async def test_idle_and_absolute_lifetimes_hold(start: Start) -> None:
    """
    SE-3: refreshing prolongs the idle time and never the absolute one; a replay neither.
    """
    clock = ManualClock()
    api = await start(
        clock=clock, session_idle_ttl=100, session_absolute_ttl=250, access_token_ttl=600
    )
    tokens = await api.signed_in_user()
    assert tokens.body["refresh_expires_in"] == 100
    assert tokens.body["expires_in"] == 250  # no token outlives its session
    for _ in range(2):
        clock.advance(timedelta(seconds=99))
        tokens = await api.refresh(tokens)
    # 198 seconds in: 52 are left, whatever the idle time says.
    assert (tokens.body["refresh_expires_in"], tokens.body["expires_in"]) == (52, 52)
    clock.advance(timedelta(seconds=52))
    assert reason_of(await api.try_refresh(tokens)) == "EXPIRED"
    assert reason_of(await api.get("/api/v1/users/me", access=tokens.access)) == "EXPIRED"

    idle = await api.sign_in()
    clock.advance(timedelta(seconds=100))
    assert reason_of(await api.try_refresh(idle)) == "IDLE"
    assert reason_of(await api.get("/api/v1/users/me", access=idle.access)) == "IDLE"


async def test_a_replay_prolongs_nothing(start: Start) -> None:
    """
    RF-3, SE-3: neither the session's idle time nor the window itself.
    """
    clock = ManualClock()
    api = await start(clock=clock, session_idle_ttl=100, refresh_grace=60)
    first = await api.signed_in_user()
    second = await api.refresh(first)
    clock.advance(timedelta(seconds=40))
    again = await api.refresh(first)
    assert again.body["session"]["expires_at"] == second.body["session"]["expires_at"]
    assert again.body["refresh_expires_in"] == 60
    clock.advance(timedelta(seconds=21))
    assert reason_of(await api.try_refresh(first)) == "REFRESH_TOKEN_REUSED"


def _flipped(token: str, place: int) -> str:
    other = "A" if token[place] != "A" else "B"
    return token[:place] + other + token[place + 1 :]


async def test_a_refresh_token_is_compared_whole(api: Api) -> None:
    """
    TK-2, RF-4: cut, extended, respelled or guessed ones are refused and end no session.
    """
    tokens = await api.signed_in_user()
    token = tokens.refresh
    variants = [
        token[:-1],
        token + "A",
        token + "=",
        token + "==",
        token + " ",
        " " + token,
        token + "\n",
        token.swapcase(),
        token.upper(),
        token.removeprefix("dwr_"),
        token.replace("dwr_", "dwm_"),
        token[:-1] + chr(ord(token[-1]) + 1),  # the spare bits of the last character
        token.replace("_", "/", 1),
        *(_flipped(token, place) for place in (4, 20, 27, 35, 50, 60, len(token) - 2)),
        "dwr_" + "A" * 91,
        "",
        "null",
        tokens.session_id,
    ]
    for variant in variants:
        refused = await api.try_refresh(variant)
        assert refusal_of(refused) == (401, "REFRESH_TOKEN_INVALID"), variant
        assert refused.headers["www-authenticate"] == 'Bearer realm="doorward"'
    await api.refresh(tokens)


@pytest.mark.parametrize("sign", [-1, 1])
async def test_instances_may_differ_in_time(start: Start, sign: int) -> None:
    """
    CK-1: a token of one instance is good at another whose clock is off by the leeway. On a
    database all take its time, and differ by much less.
    """
    clock = ManualClock()
    here = await start(clock=clock)
    clock.advance(timedelta(hours=1))  # the signing key is older than the difference
    there = await start(beside=here, clock=Shift(clock, sign * LEEWAY))
    tokens = await here.signed_in_user()
    assert (await there.me(tokens))["email"] == "ada@example.com"
    refreshed = await there.refresh(tokens)
    assert (await here.me(refreshed))["email"] == "ada@example.com"
    much = await start(beside=here, clock=Shift(clock, -LEEWAY - timedelta(seconds=1)))
    refused = await much.get("/api/v1/users/me", access=tokens.access)
    assert refusal_of(refused) == (401, "ACCESS_TOKEN_INVALID")


async def test_a_clock_that_is_set_back_revives_nothing(start: Start) -> None:
    """
    CK-1: what ended, was used or was reused stays so.
    """
    clock = ManualClock()
    api = await start(clock=clock, refresh_grace=30)
    await api.verified_user()
    reset = await api.reset_token()
    assert (await api.reset(reset, "seven quiet herons over the marsh")).status_code == 204
    ended = await api.sign_in(password="seven quiet herons over the marsh")
    stolen = await api.sign_in(password="seven quiet herons over the marsh")
    await api.sign_out(ended)
    await api.refresh(await api.refresh(stolen))
    assert reason_of(await api.try_refresh(stolen)) == "REFRESH_TOKEN_REUSED"
    clock.advance(timedelta(seconds=-50))
    assert reason_of(await api.try_refresh(ended)) == "SIGNED_OUT"
    assert reason_of(await api.try_refresh(stolen)) == "REFRESH_TOKEN_REUSED"
    assert refusal_of(await api.reset(reset)) == (400, "INVALID_TOKEN")
