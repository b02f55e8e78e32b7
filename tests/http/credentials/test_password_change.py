"""
Changing one's own password, and what the password is asked for again.
"""

import asyncio

from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    WRONG_PASSWORD,
    Api,
    Tokens,
    data_of,
    details_of,
    reason_of,
    refusal_of,
)
from tests.http.conftest import Start, every_store

ME = "/api/v1/users/me"


async def test_a_new_password_gives_a_new_session_and_ends_all_others(api: Api) -> None:
    """
    AT-6, SE-2, PW-6: on the very next request.
    """
    first, second = await api.signed_in_user(), await api.sign_in()
    fresh = Tokens(data_of(await api.change_password(first)))
    assert fresh.body["refresh_outcome"] == "issued"
    assert fresh.session_id not in {first.session_id, second.session_id}
    assert (await api.me(fresh))["id"] == first.user_id
    for old in (first, second):
        assert reason_of(await api.get(ME, access=old.access)) == "PASSWORD_CHANGED"
        assert reason_of(await api.try_refresh(old)) == "PASSWORD_CHANGED"
    assert refusal_of(await api.try_sign_in()) == (401, "INVALID_CREDENTIALS")
    await api.sign_in(password=NEW_PASSWORD)
    assert (await api.mails("ada@example.com"))[0]["subject"] == "Your password was changed"


async def test_a_refused_new_password_says_every_reason_and_changes_nothing(api: Api) -> None:
    """
    PW-3, PW-4, PW-6.
    """
    tokens = await api.signed_in_user()
    answer = await api.change_password(tokens, new="doorward")
    assert refusal_of(answer) == (422, "PASSWORD_REJECTED")
    found = {("new_password", "TOO_SHORT"), ("new_password", "CONTAINS_CONTEXT")}
    assert details_of(answer) >= found
    same = await api.change_password(tokens, new=PASSWORD)
    assert details_of(same) == {("new_password", "SAME_AS_BEFORE")}
    assert (await api.me(tokens))["id"] == tokens.user_id


async def test_the_password_is_asked_for_and_counted_at_every_door(start: Start) -> None:
    """
    RL-1, HD-6: change, move and end share one count with the sign-in, per account.
    """
    api = await start(sign_in_attempts=4)
    tokens = await api.signed_in_user()
    doors = (
        api.change_password(tokens, WRONG_PASSWORD),
        api.ask_to_move(tokens, "new@example.com", WRONG_PASSWORD),
        api.erase(tokens, WRONG_PASSWORD),
    )
    for door in doors:
        assert refusal_of(await door) == (403, "WRONG_PASSWORD")
    assert refusal_of(await api.try_sign_in(password=WRONG_PASSWORD))[0] == 401
    refused = await api.change_password(tokens)
    assert refusal_of(refused) == (429, "TOO_MANY_REQUESTS")
    assert int(refused.headers["retry-after"]) >= 1
    assert (await api.me(tokens))["email"] == "ada@example.com"
    refusals = await api.audit(tokens.user_id, "session.refused")
    assert [row.reason for row in refusals] == [
        *["WRONG_PASSWORD"] * 3, "INVALID_CREDENTIALS", "TOO_MANY_REQUESTS",
    ]  # fmt: skip


@every_store
async def test_of_parallel_guesses_no_more_than_the_limit_are_evaluated(start: Start) -> None:
    """
    RL-1: also through the doors of a signed-in caller.
    """
    api = await start(sign_in_attempts=3)
    tokens = await api.signed_in_user()
    answers = await asyncio.gather(
        *(api.change_password(tokens, f"guess number {n} is wrong") for n in range(12))
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [403] * 3 + [429] * 9
