"""
The audit trail, as an administrator and the user concerned read it.
"""

from tests.http.client import (
    WRONG_PASSWORD,
    Api,
    data_of,
    refusal_of,
)
from tests.http.conftest import every_store

AUDIT = "/api/v1/audit-events"
ME = "/api/v1/users/me"


async def test_the_trail_is_read_and_every_denial_is_in_it(api: Api) -> None:
    """
    LG-3: one row for each refusal for want of a permission, with its request id.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    headers = {"x-request-id": "denied-1"}
    denied = await api.get(AUDIT, access=user.access, headers=headers)
    assert refusal_of(denied) == (403, "PERMISSION_DENIED")
    query = {"actor": user.user_id, "type": "authorization.denied"}
    [row] = data_of(await api.get(AUDIT, params=query, access=admin.access))
    assert (row["outcome"], row["reason"], row["request_id"]) == (
        "failure", "PERMISSION_DENIED", "denied-1",
    )  # fmt: skip
    assert row["actor"] == {"kind": "user", "id": user.user_id}
    assert row["data"]["missing"] == "audit:read"
    about = data_of(await api.get(AUDIT, params={"target": user.user_id}, access=admin.access))
    assert {"user.registered", "user.email_verified", "session.started"} <= {
        each["type"] for each in about
    }
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = await api.send(method, AUDIT, access=admin.access)
        assert refusal_of(answer) == (405, "METHOD_NOT_ALLOWED")


@every_store
async def test_own_events_come_in_pages(api: Api) -> None:
    """
    AZ-6: and the cursor of another caller is refused.
    """
    tokens = await api.signed_in_user()
    eve = await api.signed_in_user("eve@example.com")
    await api.try_sign_in(password=WRONG_PASSWORD)
    types, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = await api.get(f"{ME}/security-events", params=query, access=tokens.access)
        types += [event["type"] for event in data_of(answer)]
        meta = answer.json()["meta"]
        if (following := meta["next_cursor"]) is None:
            break
        cursor = following
    assert types == [
        "session.refused", "session.started", "user.email_verified", "user.registered",
    ]  # fmt: skip
    stolen = await api.get(f"{ME}/security-events", params={"cursor": cursor}, access=eve.access)
    assert refusal_of(stolen) == (400, "INVALID_CURSOR")
