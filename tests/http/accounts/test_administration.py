"""
What administrators do to other accounts, over HTTP.
"""

import asyncio

from tests.http.client import Api, Tokens, data_of, reason_of, refusal_of
from tests.http.conftest import every_store

USERS = "/api/v1/users"


async def _role(api: Api, method: str, user_id: str, role: str, tokens: Tokens) -> int:
    path = f"{USERS}/{user_id}/roles/{role}"
    return (await api.send(method, path, access=tokens.access)).status_code


async def test_a_suspended_user_is_out_at_once_and_back_once_reinstated(api: Api) -> None:
    """
    SE-1, AT-4: with every mailed secret dead for good.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    reset = await api.reset_token()
    path = f"{USERS}/{user.user_id}"
    answer = await api.post(f"{path}/suspend", {"reason": "spam"}, access=admin.access)
    assert data_of(answer)["status"] == "suspended"
    assert reason_of(await api.get("/api/v1/users/me", access=user.access)) == "USER_SUSPENDED"
    answer = await api.post(f"{path}/reinstate", access=admin.access)
    assert data_of(answer)["status"] == "active"
    assert refusal_of(await api.reset(reset)) == (400, "INVALID_TOKEN")
    await api.sign_in()


async def test_a_role_counts_from_the_next_request(api: Api) -> None:
    """
    TK-7, HD-7: given and taken; and the owner is told.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    for method, status in (("PUT", 200), ("DELETE", 403)):
        assert await _role(api, method, user.user_id, "administrator", admin) == 204
        answer = await api.get("/api/v1/invitations", access=user.access)
        assert answer.status_code == status
        assert (await api.mails("ada@example.com"))[0]["subject"] == "Your roles were changed"


@every_store
async def test_the_last_administrator_stays_also_under_two_requests_at_once(api: Api) -> None:
    """
    AZ-3: one of two may go, in whichever order they ask.
    """
    first, second = await api.administrator(), await api.administrator("second@example.com")
    answers = await asyncio.gather(
        _role(api, "DELETE", second.user_id, "administrator", first),
        _role(api, "DELETE", first.user_id, "administrator", second),
    )
    # The demoted one may also have asked too late, which is as good.
    assert sorted(answers) in ([204, 403], [204, 409])
    left = (
        first if (await api.get("/api/v1/invitations", access=first.access)).is_success else second
    )
    path = f"{USERS}/{left.user_id}"
    for answer in (
        await api.delete(f"{path}/roles/administrator", access=left.access),
        await api.post(f"{path}/suspend", {"reason": "spam"}, access=left.access),
        await api.erase(left),
    ):
        assert refusal_of(answer) == (409, "LAST_ADMINISTRATOR")


async def test_without_the_permission_an_id_tells_nothing(api: Api) -> None:
    """
    AZ-1, AZ-2: a real one, an unknown one and none at all are refused alike.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    for user_id in (admin.user_id, user.session_id, "no-id"):
        path = f"{USERS}/{user_id}"
        for answer in (
            await api.post(f"{path}/suspend", {"reason": "spam"}, access=user.access),
            await api.post(f"{path}/reinstate", access=user.access),
            await api.send("PUT", f"{path}/roles/user", access=user.access),
            await api.delete(f"{path}/roles/user", access=user.access),
        ):
            assert refusal_of(answer) == (403, "PERMISSION_DENIED")


async def test_what_is_not_there_is_not_found(api: Api) -> None:
    """
    An unknown id, no id at all, and an unknown role.
    """
    admin, user = await api.administrator(), await api.signed_in_user()
    for user_id in (user.session_id, "no-id"):
        path = f"{USERS}/{user_id}"
        for answer in (
            await api.post(f"{path}/suspend", {"reason": "spam"}, access=admin.access),
            await api.post(f"{path}/reinstate", access=admin.access),
            await api.send("PUT", f"{path}/roles/user", access=admin.access),
        ):
            assert refusal_of(answer) == (404, "USER_NOT_FOUND")
    answer = await api.send("PUT", f"{USERS}/{user.user_id}/roles/nobody", access=admin.access)
    assert refusal_of(answer) == (404, "ROLE_NOT_FOUND")
    answer = await api.post(f"{USERS}/{user.user_id}/suspend", {"reason": ""}, access=admin.access)
    assert refusal_of(answer) == (422, "VALIDATION_ERROR")
