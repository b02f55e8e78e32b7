"""
What an administrator may do, a caller without the permission may not, on any route.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx

from tests.http.client import (
    PASSWORD,
    Api,
    Tokens,
    refusal_of,
)
from tests.http.conftest import Start

USERS = "/api/v1/users"
AUDIT = "/api/v1/audit-events"
KEYS = "/api/v1/signing-keys"
ROTATE = "/api/v1/signing-keys/rotate"
CHECK = "/api/v1/authorization/check"


async def every_guarded_call(
    api: Api, caller: Tokens, other: Tokens
) -> tuple[Sequence[httpx.Response], int]:
    """
    Make each call that takes a permission, and return the answers, and how many there are.
    """
    calls: list[tuple[str, str, Any]] = []
    for user_id in (other.user_id, caller.session_id, "no-id"):
        path = f"{USERS}/{user_id}"
        calls += [
            ("GET", path, None), ("PATCH", path, {"display_name": "x"}), ("DELETE", path, None),
            ("POST", f"{path}/unlock", None), ("POST", f"{path}/password-reset", None),
            ("GET", f"{path}/sessions", None), ("DELETE", f"{path}/sessions", None),
            ("DELETE", f"{path}/sessions/{other.session_id}", None),
            ("GET", f"{path}/effective-permissions", None),
        ]  # fmt: skip
    calls += [
        ("GET", USERS, None), ("GET", AUDIT, None), ("GET", KEYS, None),
        ("POST", ROTATE, None), ("POST", f"{KEYS}/x/revoke", None),
        ("POST", CHECK, {"subject_id": other.user_id, "permission": "users:read"}),
    ]  # fmt: skip

    async def ask(method: str, path: str, body: Any) -> httpx.Response:
        return await api.send(method, path, json=body, access=caller.access)

    return await asyncio.gather(*(ask(*call) for call in calls)), len(calls)


async def test_without_a_permission_nothing_is_seen_or_done(api: Api) -> None:
    """
    AZ-1, AZ-2: real identifiers and made-up ones are refused alike.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    answers, calls = await every_guarded_call(api, user, admin)
    assert {refusal_of(answer) for answer in answers} == {(403, "PERMISSION_DENIED")}
    assert len(await api.audit(user.user_id, "authorization.denied")) == calls
    await api.sign_in(password=PASSWORD)


async def test_a_dormant_administrator_is_told_on_each_of_them_which_level_would_do(
    start: Start,
) -> None:
    """
    MF-2, LG-3: nothing is seen or done below that level, and the trail says so.
    """
    api = await start(administrator_acr="aal2")
    admin, user = await api.administrator(), await api.signed_in_user()
    answers, calls = await every_guarded_call(api, admin, user)
    assert {refusal_of(answer) for answer in answers} == {(401, "STEP_UP_REQUIRED")}
    for answer in answers:
        assert answer.json()["error"]["step_up"] == {"acr": "aal2", "max_age": None}
        assert answer.headers["www-authenticate"] == (
            'Bearer error="insufficient_user_authentication", acr_values="aal2"'
        )
    denied = await api.audit(admin.user_id, "authorization.denied")
    assert len(denied) == calls
    assert {(row.outcome, row.reason) for row in denied} == {("failure", "STEP_UP_REQUIRED")}
    assert "users:delete" in {row.data["missing"] for row in denied}
    await api.sign_in(password=PASSWORD)
