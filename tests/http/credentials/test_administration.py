"""
What an administrator may do about a user's password: lift a lock, start a reset.
"""

from tests.http.client import (
    WRONG_PASSWORD,
    data_of,
    refusal_of,
)
from tests.http.conftest import Start

USERS = "/api/v1/users"


async def test_support_unlocks_and_starts_a_reset_and_sees_no_secret(start: Start) -> None:
    """
    AZ-4, RL-2.
    """
    api = await start(sign_in_attempts=2)
    admin = await api.administrator()
    await api.verified_user()
    path = f"{USERS}/{(await api.sign_in()).user_id}"
    for _ in range(2):
        await api.try_sign_in(password=WRONG_PASSWORD)
    assert refusal_of(await api.try_sign_in()) == (429, "TOO_MANY_REQUESTS")
    assert data_of(await api.post(f"{path}/unlock", access=admin.access))["status"] == "active"
    await api.sign_in()
    started = await api.post(f"{path}/password-reset", access=admin.access)
    assert data_of(started, 202) is None
    token = await api.mailed_token("ada@example.com", "/reset-password")
    assert token not in started.text
    assert (await api.reset(token)).status_code == 204
