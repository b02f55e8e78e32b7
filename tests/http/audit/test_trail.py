"""
The audit trail: one row for each thing that happened, in the commit of the thing itself.
"""

import asyncio

from domain.audit.event import AuditEvent, Party
from tests.http.client import WRONG_PASSWORD, Api, refusal_of
from tests.http.conftest import Start, every_store


def _facts(row: AuditEvent) -> tuple[str, str, str | None]:
    return row.type, str(row.outcome), row.reason


@every_store
async def test_each_step_of_the_story_leaves_one_row(start: Start) -> None:
    """
    LG-3: who, what, when, from where, with which result and under which request.
    """
    api = await start(audit_refreshes=True)
    await api.verified_user()
    user = await api.user("ada@example.com")
    assert user is not None
    user_id = str(user.id)
    steps: list[tuple[str, str, str | None]] = [
        ("user.registered", "success", None),
        ("user.email_verified", "success", None),
    ]
    assert [_facts(row) for row in await api.audit(user_id)] == steps

    await api.try_sign_in(password=WRONG_PASSWORD)
    steps.append(("session.refused", "failure", "INVALID_CREDENTIALS"))
    tokens = await api.sign_in()
    steps.append(("session.started", "success", None))
    refreshed = await api.refresh(tokens)
    steps.append(("session.refreshed", "success", None))
    await api.refresh(tokens)
    steps.append(("session.replayed", "success", None))
    await api.me(refreshed)
    await api.sessions(refreshed)
    await api.patch("/api/v1/users/me", {"display_name": "Ada"}, access=refreshed.access)
    steps.append(("user.profile_changed", "success", None))
    await api.patch("/api/v1/users/me", {"display_name": "Ada"}, access=refreshed.access)
    await api.sign_out(refreshed)
    steps.append(("session.ended", "success", "SIGNED_OUT"))
    await api.try_refresh(refreshed)
    steps.append(("session.refused", "failure", "SIGNED_OUT"))
    token = await api.reset_token()
    steps.append(("password.reset_requested", "success", None))
    await api.reset(token)
    steps.append(("password.reset", "success", None))
    rows = await api.audit(user_id)
    assert [_facts(row) for row in rows] == steps
    assert len({row.id for row in rows}) == len(rows)
    answers = {answer.headers["x-request-id"] for answer in api.answers}
    for row in rows:
        assert row.origin.request_id in answers or row.type == "password.reset_requested"
        assert row.occurred_at.utcoffset() is not None
        assert "@" not in str(row.data)


@every_store
async def test_a_refusal_is_recorded_although_nothing_else_is(start: Start) -> None:
    """
    LG-3, F2: a wrong password, a lock and a suspended user: one row per refusal.
    """
    api = await start(sign_in_attempts=2)
    tokens = await api.signed_in_user()
    for expected in ((401, "INVALID_CREDENTIALS"),) * 2 + ((429, "TOO_MANY_REQUESTS"),) * 2:
        assert refusal_of(await api.try_sign_in(password=WRONG_PASSWORD)) == expected
    rows = await api.audit(tokens.user_id, "session.refused")
    assert [row.reason for row in rows] == ["INVALID_CREDENTIALS"] * 2 + ["TOO_MANY_REQUESTS"] * 2
    [lock] = await api.audit(tokens.user_id, "user.locked")
    assert (lock.target, lock.outcome) == (Party("user", tokens.user_id), "failure")


async def test_what_is_refused_to_a_suspended_user_is_recorded(api: Api) -> None:
    tokens = await api.signed_in_user()
    await api.suspend("ada@example.com")
    await api.try_sign_in()
    await api.try_refresh(tokens)
    rows = await api.audit(tokens.user_id, "session.refused")
    assert [row.reason for row in rows] == ["USER_SUSPENDED"] * 2


@every_store
async def test_reuse_is_one_row_however_often_it_is_tried(api: Api) -> None:
    """
    LG-3: the reuse once; what comes after it is refused for the same reason.
    """
    first = await api.signed_in_user()
    await api.refresh(await api.refresh(first))
    await asyncio.gather(*(api.try_refresh(first) for _ in range(5)))
    assert len(await api.audit(first.user_id, "session.reused")) == 1
    refused = await api.audit(first.user_id, "session.refused")
    assert [row.reason for row in refused] == ["REFRESH_TOKEN_REUSED"] * 4


@every_store
async def test_parallel_changes_are_as_many_rows(api: Api) -> None:
    """
    LG-3: none is lost and none is written twice, however the requests interleave.
    """
    tokens = await api.signed_in_user()
    others = [await api.sign_in() for _ in range(6)]
    answers = await asyncio.gather(
        *(
            api.delete(f"/api/v1/users/me/sessions/{each.session_id}", access=tokens.access)
            for each in [*others, *others]
        )
    )
    assert sorted(answer.status_code for answer in answers) == [204] * 6 + [404] * 6
    ended = await api.audit(tokens.user_id, "session.ended")
    assert {row.target.id for row in ended if row.target} == {each.session_id for each in others}
    assert len(ended) == 6
