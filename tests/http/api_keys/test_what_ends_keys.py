"""
What takes API keys away, and what leaves them, over HTTP and on every store (AT-7, HD-7, MF-2).
"""

from typing import Any

from tests.http.client import NEW_PASSWORD, Api, Tokens, data_of, refusal_of
from tests.http.conftest import Start, every_store

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


@every_store
async def test_the_first_proof_of_the_address_takes_a_planted_key(start: Start) -> None:
    """
    AT-7: who signed up with the address of another keeps nothing that opens the account.
    """
    api = await start(require_verified_email=False)
    await api.sign_up()
    key = await _a_key(api, await api.sign_in())
    assert (await api.get(ME, access=key)).status_code == 200
    assert (await api.reset(await api.reset_token())).status_code == 204
    assert refusal_of(await api.get(ME, access=key)) == GONE
    owner = await api.sign_in(password=NEW_PASSWORD)
    assert data_of(await api.get(KEYS, access=owner.access)) == []
    (revoked,) = await api.audit(owner.user_id, "api_key.revoked")
    assert revoked.data["api_key_id"]
    told = [mail["text"] for mail in await api.mails("ada@example.com")]
    assert any("Every API key was removed" in text for text in told)


@every_store
async def test_the_mail_about_a_new_password_counts_the_keys_that_are_left(api: Api) -> None:
    """
    HD-7: the password is new, and what it did not change is said.
    """
    tokens = await api.signed_in_user()
    await _a_key(api, tokens)
    await _a_key(api, tokens)
    assert (await api.change_password(tokens)).status_code in {200, 204}
    (mail,) = [
        each
        for each in await api.mails("ada@example.com")
        if each["subject"] == "Your password was changed"
    ]
    assert "2 API keys" in mail["text"]


@every_store
async def test_keys_go_with_the_account_and_what_was_done_with_them_stays(api: Api) -> None:
    """
    HD-13, LG-3: also on a store that is asked by foreign keys.
    """
    tokens, admin = await api.signed_in_user(), await api.administrator()
    await api.administrator("other@example.com")  # the last one could not go
    key = await _a_key(api, tokens)
    check = {"subject_id": tokens.user_id, "permission": "users:read"}
    await api.post("/api/v1/authorization/check", check, access=key)
    of_service = await _key_of_a_program(api, admin)
    assert (await api.erase(tokens)).status_code == 204
    assert refusal_of(await api.get(ME, access=key)) == GONE
    created, *_ = await api.audit(tokens.user_id, "api_key.created")
    assert created.actor.id == tokens.user_id
    assert (await api.erase(admin)).status_code == 204
    # A program outlives who made its key, and says no longer who that was.
    found = await api.container.service().api_keys.authenticate(of_service)
    assert found.key.created_by is None


async def _key_of_a_program(api: Api, admin: Tokens) -> str:
    account = data_of(
        await api.post("/api/v1/service-accounts", {"name": "Shop"}, access=admin.access), 201
    )
    path = f"/api/v1/service-accounts/{account['id']}/api-keys"
    made = await api.post(path, {"name": "CI", "permissions": []}, access=admin.access)
    return str(data_of(made, 201)["key"])
