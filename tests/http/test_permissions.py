"""
What an administrator may do, a caller without the permission may not, on any route.
"""

import asyncio
from typing import Any

import httpx

from tests.http.client import (
    PASSWORD,
    Api,
    refusal_of,
)

USERS = "/api/v1/users"
AUDIT = "/api/v1/audit-events"
KEYS = "/api/v1/signing-keys"
ROTATE = "/api/v1/signing-keys/rotate"
CHECK = "/api/v1/authorization/check"


async def test_without_a_permission_nothing_is_seen_or_done(api: Api) -> None:
    """
    AZ-1, AZ-2: real identifiers and made-up ones are refused alike.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    calls: list[tuple[str, str, Any]] = []
    for user_id in (admin.user_id, user.session_id, "no-id"):
        path = f"{USERS}/{user_id}"
        calls += [
            ("GET", path, None), ("PATCH", path, {"display_name": "x"}), ("DELETE", path, None),
            ("POST", f"{path}/unlock", None), ("POST", f"{path}/password-reset", None),
            ("GET", f"{path}/sessions", None), ("DELETE", f"{path}/sessions", None),
            ("DELETE", f"{path}/sessions/{admin.session_id}", None),
            ("GET", f"{path}/effective-permissions", None),
        ]  # fmt: skip
    calls += [
        ("GET", USERS, None), ("GET", AUDIT, None), ("GET", KEYS, None),
        ("POST", ROTATE, None), ("POST", f"{KEYS}/x/revoke", None),
        ("POST", CHECK, {"subject_id": admin.user_id, "permission": "users:read"}),
    ]  # fmt: skip

    async def ask(method: str, path: str, body: Any) -> httpx.Response:
        return await api.send(method, path, json=body, access=user.access)

    answers = await asyncio.gather(*(ask(*call) for call in calls))
    assert {refusal_of(answer) for answer in answers} == {(403, "PERMISSION_DENIED")}
    assert len(await api.audit(user.user_id, "authorization.denied")) == len(calls)
    await api.sign_in(password=PASSWORD)
