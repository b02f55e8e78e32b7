"""
One's own profile and sessions: seeing them, changing them, ending them.
"""

import asyncio
from typing import Any

import pytest

from domain.identifiers import SessionId
from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    Api,
    Tokens,
    data_of,
    details_of,
    reason_of,
    refusal_of,
    without_request_id,
)
from tests.http.conftest import Start, every_store

ME = "/api/v1/users/me"
SESSIONS = "/api/v1/users/me/sessions"
NOT_ONES = (
    "0",
    "me",
    "current",
    "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a",  # one that never was
    "019AA5C2-7F3E-7C41-9B0A-2F6D1E8C4B5A",
    "019aa5c27f3e7c419b0a2f6d1e8c4b5a",
    "{019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a}",
    "00000000-0000-0000-0000-000000000000",
    "%F0%9F%A6%89",
    "1%20or%201=1",
)


async def _five_sessions(api: Api) -> list[Tokens]:
    await api.verified_user()
    return [await api.sign_in(headers={"user-agent": f"device {n}"}) for n in range(5)]


@every_store
async def test_sessions_are_listed_newest_first_page_by_page(api: Api) -> None:
    """
    SE-4: and without any token material.
    """
    tokens = await _five_sessions(api)
    expected = [each.session_id for each in reversed(tokens)]
    whole = await api.get(SESSIONS, access=tokens[0].access)
    assert [each["id"] for each in whole.json()["data"]] == expected
    assert [each["current"] for each in whole.json()["data"]] == [False] * 4 + [True]
    assert "dwr_" not in whole.text
    assert "eyJ" not in whole.text

    seen: list[str] = []
    cursor: str | None = None
    for size in (2, 2, 1):
        params: dict[str, Any] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = await api.get(SESSIONS, access=tokens[0].access, params=params)
        assert page.json()["meta"]["limit"] == 2
        assert len(page.json()["data"]) == size
        seen += [each["id"] for each in page.json()["data"]]
        cursor = page.json()["meta"]["next_cursor"]
    assert seen == expected
    assert cursor is None


@every_store
async def test_a_page_stays_where_it_was(api: Api) -> None:
    """
    AZ-6: neither a new session nor the end of a listed one moves the next page.
    """
    tokens = await _five_sessions(api)
    page = await api.get(SESSIONS, access=tokens[0].access, params={"limit": 2})
    cursor = page.json()["meta"]["next_cursor"]
    await api.sign_in()
    await api.delete(f"{SESSIONS}/{tokens[3].session_id}", access=tokens[0].access)
    params = {"limit": 2, "cursor": cursor}
    following = await api.get(SESSIONS, access=tokens[0].access, params=params)
    ids = [each["id"] for each in following.json()["data"]]
    assert ids == [tokens[2].session_id, tokens[1].session_id]


async def test_a_cursor_that_is_not_ours_is_refused(api: Api) -> None:
    """
    AZ-6, AT-5: tampered, another caller's, or another kind of token: one answer.
    """
    tokens = await _five_sessions(api)
    page = await api.get(SESSIONS, access=tokens[0].access, params={"limit": 1})
    cursor = page.json()["meta"]["next_cursor"]
    eve = await api.signed_in_user("eve@example.com")
    swapped = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    forged = [cursor[:-2], cursor + "A", cursor + "=", swapped, cursor.swapcase(), "%", "AAAA"]
    for value in (*forged, tokens[1].session_id, tokens[0].refresh, tokens[0].access, "🦉"):
        params = {"cursor": value}
        refused = await api.get(SESSIONS, access=tokens[0].access, params=params)
        assert refusal_of(refused) == (400, "INVALID_CURSOR"), value
    endless = await api.get(SESSIONS, access=tokens[0].access, params={"cursor": "A" * 1025})
    assert refusal_of(endless) == (422, "VALIDATION_ERROR")
    foreign = await api.get(SESSIONS, access=eve.access, params={"cursor": cursor})
    assert refusal_of(foreign) == (400, "INVALID_CURSOR")


async def test_the_limit_of_a_page_is_a_number_from_1_to_200(api: Api) -> None:
    tokens = await api.signed_in_user()
    for value in ("0", "-1", "201", "1.5", "abc", "", "1e2", "9" * 40):
        refused = await api.get(SESSIONS, access=tokens.access, params={"limit": value})
        assert refusal_of(refused) == (422, "VALIDATION_ERROR"), value
        assert {field for field, _ in details_of(refused)} == {"limit"}
    for size in (1, 200):
        answer = await api.get(SESSIONS, access=tokens.access, params={"limit": size})
        assert answer.json()["meta"]["limit"] == size


async def test_one_session_can_be_ended(api: Api) -> None:
    """
    SE-1, SE-4: at once for its tokens, and for no others.
    """
    mine, other = await api.signed_in_user(), await api.sign_in()
    ended = await api.delete(f"{SESSIONS}/{other.session_id}", access=mine.access)
    assert (ended.status_code, ended.content) == (204, b"")
    assert reason_of(await api.get(ME, access=other.access)) == "REVOKED_BY_USER"
    assert reason_of(await api.try_refresh(other)) == "REVOKED_BY_USER"
    assert [each["id"] for each in await api.sessions(mine)] == [mine.session_id]


async def test_another_users_session_is_as_unknown_as_none(api: Api) -> None:
    """
    AZ-2: one status and one body for what is foreign, ended, never was or is no id at all.
    """
    mine, ended = await api.signed_in_user(), await api.sign_in()
    await api.sign_out(ended)
    eve = await api.signed_in_user("eve@example.com")
    answers = [
        await api.delete(f"{SESSIONS}/{identifier}", access=mine.access)
        for identifier in (eve.session_id, ended.session_id, eve.user_id, *NOT_ONES)
    ]
    assert refusal_of(answers[0]) == (404, "SESSION_NOT_FOUND")
    facts = [without_request_id(answer) for answer in answers]
    assert all(fact == facts[0] for fact in facts)
    assert (await api.me(eve))["email"] == "eve@example.com"
    assert (await api.me(mine))["email"] == "ada@example.com"


@pytest.mark.parametrize("include_current", [False, True])
async def test_all_others_or_really_all_can_be_ended(api: Api, include_current: bool) -> None:
    """
    SE-1, SE-4
    """
    tokens = await _five_sessions(api)
    eve = await api.signed_in_user("eve@example.com")
    params = {"include_current": "true"} if include_current else {}
    mine = tokens[2]
    answer = await api.delete(SESSIONS, access=mine.access, params=params)
    assert (answer.status_code, answer.content) == (204, b"")
    for each in tokens:
        seen = await api.get(ME, access=each.access)
        if each is mine and not include_current:
            assert seen.status_code == 200
        else:
            assert reason_of(seen) == "REVOKED_BY_USER"
    await api.me(eve)
    assert len(await api.audit(mine.user_id, "session.ended")) == 1


async def test_an_access_token_fails_on_the_next_request_after_signing_out(api: Api) -> None:
    """
    SE-1: although its signature is good for another ten minutes.
    """
    tokens = await api.signed_in_user()
    refreshed = await api.refresh(tokens)
    await api.sign_out(refreshed)
    for each in (tokens, refreshed):
        assert reason_of(await api.get(ME, access=each.access)) == "SIGNED_OUT"
        assert reason_of(await api.try_refresh(each)) == "SIGNED_OUT"
        again = await api.delete("/api/v1/sessions/current", access=each.access)
        assert reason_of(again) == "SIGNED_OUT"


async def test_every_sign_in_is_a_new_session(api: Api) -> None:
    """
    SE-2: its id is the server's; what a client proposes is refused or ignored.
    """
    await api.verified_user()
    planted = str(SessionId.parse("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"))
    body = {"email": "ada@example.com", "password": PASSWORD}
    for field in ("session_id", "id", "sid", "refresh_token"):
        refused = await api.post("/api/v1/sessions", {**body, field: planted})
        assert refusal_of(refused) == (422, "VALIDATION_ERROR")
    headers = {"cookie": f"session={planted}; __Host-session={planted}", "x-session-id": planted}
    first = Tokens(data_of(await api.post("/api/v1/sessions", body, headers=headers), 201))
    second = await api.sign_in()
    assert len({planted, first.session_id, second.session_id}) == 3
    assert (await api.reset(await api.reset_token())).status_code == 204
    assert (await api.sign_in(password=NEW_PASSWORD)).session_id not in {
        first.session_id,
        second.session_id,
    }


@every_store
async def test_above_the_cap_the_oldest_session_ends(start: Start) -> None:
    """
    SE-4: SESSIONS_PER_USER, also for sign-ins in parallel.
    """
    api = await start(sessions_per_user=3)
    await api.verified_user()
    tokens = [await api.sign_in() for _ in range(4)]
    assert reason_of(await api.get(ME, access=tokens[0].access)) == "REVOKED_BY_USER"
    listed = [each["id"] for each in await api.sessions(tokens[3])]
    assert listed == [each.session_id for each in reversed(tokens[1:])]
    answers = await asyncio.gather(*(api.try_sign_in() for _ in range(6)))
    newest = max((Tokens(data_of(a, 201)) for a in answers), key=lambda each: each.session_id)
    assert len(await api.sessions(newest)) <= 3
