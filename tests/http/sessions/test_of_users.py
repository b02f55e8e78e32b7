"""
A user's sessions, as an administrator sees and ends them.
"""

from tests.http.client import (
    Api,
    data_of,
    reason_of,
    refusal_of,
)

USERS = "/api/v1/users"


async def test_a_users_sessions_are_seen_and_ended(api: Api) -> None:
    """
    SE-4, SE-1: the reason says by whom.
    """
    admin = await api.administrator()
    first, second = await api.signed_in_user(), await api.sign_in()
    path = f"{USERS}/{first.user_id}/sessions"
    listed = data_of(await api.get(path, access=admin.access))
    assert {each["id"] for each in listed} == {first.session_id, second.session_id}
    assert "token" not in str(listed)
    one = await api.delete(f"{path}/{first.session_id}", access=admin.access)
    assert one.status_code == 204
    assert reason_of(await api.get("/api/v1/users/me", access=first.access)) == "REVOKED_BY_ADMIN"
    foreign = await api.delete(f"{path}/{admin.session_id}", access=admin.access)
    assert refusal_of(foreign) == (404, "SESSION_NOT_FOUND")
    assert (await api.delete(path, access=admin.access)).status_code == 204
    assert reason_of(await api.try_refresh(second)) == "REVOKED_BY_ADMIN"
    assert (await api.me(admin))["email"] == "root@example.com"
