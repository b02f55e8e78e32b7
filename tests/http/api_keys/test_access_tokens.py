"""
An access token for an API key: what it says, and what it is worth.
"""

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from domain.identifiers import UserId
from domain.keys.signing_key import SigningAlgorithm
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from tests.http.api_keys.holders import ACCESS_TOKENS, ME, give_role, key_of_user, program, revoke
from tests.http.client import PUBLIC_URL, Api, data_of, refusal_of
from tests.http.conftest import Start, every_store

pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


async def got_with(api: Api, key: str) -> str:
    token: str = data_of(await api.post(ACCESS_TOKENS, access=key))["access_token"]
    return token


@pytest.mark.parametrize("algorithm", list(SigningAlgorithm))
async def test_a_stock_library_verifies_it(start: Start, algorithm: SigningAlgorithm) -> None:
    """
    RFC 9068: the claims of a session's token, about the key.
    """
    api = await start(signing_algorithm=algorithm)
    account, key = await program(api, "orders:read")
    answer = await api.post(ACCESS_TOKENS, access=key)
    body = data_of(answer)
    assert set(body) == {"access_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 600)
    assert answer.headers["cache-control"] == "no-store"
    keys = KeySet.import_key_set((await api.get("/.well-known/jwks.json")).json())
    claims = jwt.decode(body["access_token"], keys, algorithms=[algorithm.value]).claims
    assert set(claims) == {
        "iss", "sub", "aud", "exp", "iat", "jti", "client_id", "sid", "roles", "permissions",
        "acr", "amr", "auth_time",
    }  # fmt: skip
    assert claims["iss"] == claims["aud"] == PUBLIC_URL
    found = (await api.container.service().api_keys.authenticate(key)).key
    assert (claims["sub"], claims["sid"]) == (str(account), str(found.id))
    assert (claims["amr"], claims["acr"]) == (["key"], "aal1")
    assert (claims["roles"], claims["permissions"]) == ([], ["orders:read"])
    assert claims["exp"] - claims["iat"] == 600
    assert claims["auth_time"] == int(found.created_at.timestamp())


async def test_it_ends_with_the_key(api: Api) -> None:
    _, key = await program(api, expires_in=60)
    assert 0 < data_of(await api.post(ACCESS_TOKENS, access=key))["expires_in"] <= 60


async def test_only_a_key_itself_gets_one(api: Api) -> None:
    """
    Neither a session nor a token begets one; nor does nobody.
    """
    _, key = await program(api)
    session = (await api.signed_in_user()).access
    for caller in (await got_with(api, key), session):
        assert refusal_of(await api.post(ACCESS_TOKENS, access=caller)) == (
            403,
            "PERMISSION_DENIED",
        )
    assert refusal_of(await api.post(ACCESS_TOKENS)) == (401, "NOT_AUTHENTICATED")
    wrong = await api.post(ACCESS_TOKENS, access=key[:-1] + "!")
    assert refusal_of(wrong) == (401, "API_KEY_INVALID")
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]


@every_store
async def test_our_own_routes_take_it_for_the_key(start: Start) -> None:
    """
    SE-1, AZ-1: so what happens to key and owner counts at the next request, on each instance.
    """
    api = await start()
    there = await start(beside=api)
    tokens = await api.signed_in_user()
    await give_role(api, tokens.user_id, "users:read")
    key = await key_of_user(api, tokens.user_id, "users:read")
    token = await got_with(api, key)

    async def users() -> int:
        return (await there.get("/api/v1/users", access=token)).status_code

    async def have_role(held: bool) -> None:
        await api.container.service().access.set_role(
            principal=OPERATOR,
            user_id=UserId.parse(tokens.user_id),
            role="support",
            held=held,
            origin=NOWHERE,
        )

    assert data_of(await there.get(ME, access=token))["id"] == tokens.user_id
    assert await users() == 200
    assert refusal_of(await there.get(f"{ME}/sessions", access=token)) == (403, "PERSON_REQUIRED")
    await have_role(False)
    assert await users() == 403
    await have_role(True)
    await api.suspend("ada@example.com")
    assert refusal_of(await there.get(ME, access=token)) == (401, "API_KEY_INVALID")
    await api.container.service().accounts.reinstate_user(
        principal=OPERATOR, user_id=UserId.parse(tokens.user_id), origin=NOWHERE
    )
    assert await users() == 200
    await revoke(api, key)
    assert refusal_of(await there.get(ME, access=token)) == (401, "API_KEY_INVALID")


async def test_a_key_that_gives_more_than_a_token_can_list_gets_none(api: Api) -> None:
    """
    TK-7: a list that is left out is asked for by `sub`, and the owner may more than the key does.
    """
    names = [f"{'n' * 28}{n:03}:{'a' * 31}" for n in range(100)]
    _, key = await program(api, *names)
    refused = await api.post(ACCESS_TOKENS, access=key)
    assert refusal_of(refused) == (422, "VALIDATION_ERROR")
    (detail,) = refused.json()["error"]["details"]
    assert (detail["field"], detail["code"]) == ("permissions", "TOO_LONG")
