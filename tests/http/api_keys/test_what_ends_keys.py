"""
What takes API keys away, and what leaves them, over HTTP and on every store (AT-7, HD-7, MF-2).
"""

from typing import Any

from tests.http.client import NEW_PASSWORD, Api, Tokens, data_of, refusal_of
from tests.http.conftest import every_store

ME = "/api/v1/users/me"
KEYS = f"{ME}/api-keys"
GONE = (401, "API_KEY_INVALID")


async def _a_key(api: Api, tokens: Tokens) -> str:
    body = {"name": "CI", "permissions": []}
    made: dict[str, Any] = data_of(await api.post(KEYS, body, access=tokens.access), 201)
    return str(made["key"])


@every_store
async def test_a_reset_of_factors_takes_keys_and_a_new_password_leaves_them(api: Api) -> None:
    """
    MF-2, HD-7
    """
    tokens = await api.signed_in_user()
    key = await _a_key(api, tokens)
    assert (await api.get(ME, access=key)).status_code == 200
    assert (await api.reset(await api.reset_token())).status_code == 204
    assert (await api.get(ME, access=key)).status_code == 200
    admin = await api.administrator()
    answer = await api.post(
        f"/api/v1/users/{tokens.user_id}/factors/reset", {"reason": "Lost."}, access=admin.access
    )
    assert answer.status_code == 204
    assert refusal_of(await api.get(ME, access=key)) == GONE
    signed_in = await api.sign_in(password=NEW_PASSWORD)
    assert data_of(await api.get(KEYS, access=signed_in.access)) == []
    kinds = [event.type for event in await api.audit(tokens.user_id)]
    assert (kinds.count("api_key.created"), kinds.count("api_key.revoked")) == (1, 1)


@every_store
async def test_the_link_that_undoes_a_first_factor_takes_keys(api: Api) -> None:
    """
    MF-2
    """
    thief = await api.signed_in_user()
    key = await _a_key(api, thief)
    await api.enrol_totp(thief)
    token = await api.mailed_token(path="/undo-factor")
    undone = await api.post("/api/v1/factor-undos/confirm", {"token": token})
    assert undone.status_code in {200, 204}
    assert refusal_of(await api.get(ME, access=key)) == GONE
