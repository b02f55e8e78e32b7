"""
What a product is told about a token (RFC 7662), and how it may ask.
"""

import asyncio
from typing import Any

import httpx
import pytest

from domain.identifiers import UserId
from domain.origin import NOWHERE
from domain.principal import OPERATOR
from tests.http.api_keys.holders import (
    ACCESS_TOKENS,
    INTROSPECT,
    give_role,
    key_of_user,
    program,
    revoke,
)
from tests.http.client import PUBLIC_URL, Api, data_of
from tests.http.conftest import Start, every_store
from tests.support.round_trips import asked

OF_KEYS = {
    *("active", "sub", "sub_kind", "scope", "permissions", "roles", "acr", "exp", "iat", "iss"),
    *("sid", "token_type"),
}
INACTIVE = b'{"active":false}'


async def asker(api: Api) -> str:
    return (await program(api, "tokens:introspect", name="Asker"))[1]


async def ask(api: Api, key: str | None, token: Any, **more: str) -> httpx.Response:
    """
    Ask as a product does.
    """
    return await api.send("POST", INTROSPECT, access=key, data={"token": token, **more})


async def told(api: Api, key: str, token: str) -> dict[str, Any]:
    """
    Ask, and return what the service says.
    """
    answer = await ask(api, key, token)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    body: dict[str, Any] = answer.json()
    return body


def refusal(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, body["error"]


@every_store
async def test_keys_tokens_got_with_them_and_tokens_of_sessions(start: Start) -> None:
    """
    SE-1: exactly the members of the contract, as the service itself would decide now.
    """
    api = await start()
    product, tokens = await asker(api), await api.signed_in_user()
    await give_role(api, tokens.user_id, "orders:read", "orders:void")
    key = await key_of_user(api, tokens.user_id, "orders:read", "users:read")
    account, service_key = await program(api, "orders:read")
    of_key = await told(api, product, key)
    assert set(of_key) == OF_KEYS
    assert (of_key["active"], of_key["token_type"], of_key["iss"]) == (True, "Bearer", PUBLIC_URL)
    assert (of_key["sub"], of_key["sub_kind"]) == (tokens.user_id, "user")
    assert (of_key["permissions"], of_key["scope"]) == (["orders:read"], "orders:read")
    assert (of_key["roles"], of_key["acr"]) == ([], "aal1")
    assert of_key["exp"] - of_key["iat"] == 31_536_000
    of_service = await told(api, product, service_key)
    assert (of_service["sub"], of_service["sub_kind"]) == (str(account), "service")
    got = data_of(await api.post(ACCESS_TOKENS, access=key))["access_token"]
    of_token = await told(api, product, got)
    assert of_token["exp"] - of_token["iat"] == 600
    assert of_token["sid"] == of_key["sid"]
    assert set(of_token) == OF_KEYS
    session = (await api.sign_in()).access
    of_session = await told(api, product, session)
    assert set(of_session) == OF_KEYS
    assert (of_session["sub"], of_session["sub_kind"]) == (tokens.user_id, "user")
    assert of_session["roles"] == ["support", "user"]
    assert of_session["scope"] == "orders:read orders:void"
    await revoke(api, key)
    for token in (key, got):
        assert (await ask(api, product, token)).content == INACTIVE


async def test_an_administrators_list_is_left_out_as_in_the_token(api: Api) -> None:
    """
    TK-7: there is no list of everything, and it says so.
    """
    product, admin = await asker(api), await api.administrator()
    body = await told(api, product, admin.access)
    assert set(body) == (OF_KEYS - {"permissions", "scope"}) | {"claims_omitted"}
    assert body["claims_omitted"] == ["permissions", "scope"]
    assert "administrator" in body["roles"]


async def test_a_key_without_an_end_has_no_exp(start: Start) -> None:
    """
    RFC 7662, 2.2: the member is left out, since null is no time.
    """
    api = await start(api_key_max_ttl=0)
    product, (_, key) = await asker(api), await program(api)
    assert set(await told(api, product, key)) == OF_KEYS - {"exp"}


async def test_what_is_not_live_is_told_alike(api: Api) -> None:
    """
    SE-1: of a wrong, ended, suspended or made-up token there is nothing else to learn.
    """
    product, tokens = await asker(api), await api.signed_in_user()
    key = await key_of_user(api, tokens.user_id)
    got = data_of(await api.post(ACCESS_TOKENS, access=key))["access_token"]
    ended = await api.sign_in()
    await api.sign_out(ended)
    await api.suspend("ada@example.com")
    dead = [key, got, tokens.access, ended.access, tokens.refresh]
    made_up = [
        "x",
        "\0",
        "a\0b",
        "x" * 10_000,
        "dwk_" + "0" * 49,
        key[:-1],
        f"{key} ",
        "é",
    ]
    for token in (*dead, *made_up, b"\xff\xfe"):
        body = b"token=" + _quoted(token)
        answer = await api.send(
            "POST",
            INTROSPECT,
            access=product,
            content=body,
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        assert (answer.status_code, answer.content) == (200, INACTIVE), token


def _quoted(token: str | bytes) -> bytes:
    raw = token if isinstance(token, bytes) else token.encode("utf-8", "surrogateescape")
    return b"".join(b"%%%02X" % byte for byte in raw)


async def test_who_may_not_ask_is_told_in_the_words_of_the_rfc(api: Api) -> None:
    """
    RFC 6750, 3.1: and a token that is asked about is looked up for none of them.
    """
    tokens = await api.signed_in_user()
    await give_role(api, tokens.user_id, "tokens:introspect")
    personal = await key_of_user(api, tokens.user_id, "tokens:introspect")
    _, other = await program(api)
    session = (await api.sign_in()).access
    nobody = await ask(api, None, personal)
    assert refusal(nobody) == (401, "invalid_token")
    assert nobody.headers["www-authenticate"] == 'Bearer realm="doorward"'
    for wrong in (other[:-1] + "!", "dws_" + "0" * 49, "x"):
        answer = await ask(api, wrong, personal)
        assert refusal(answer) == (401, "invalid_token")
        assert answer.headers["www-authenticate"].endswith('error="invalid_token"')
    for caller in (personal, other, session):
        answer = await ask(api, caller, personal)
        assert refusal(answer) == (403, "insufficient_scope")
        challenge = 'Bearer error="insufficient_scope", scope="tokens:introspect"'
        assert answer.headers["www-authenticate"] == challenge


@pytest.mark.parametrize(
    "body",
    ["", "token=", "token", "token_type_hint=access_token", "token=a&token=b",
     "token=a&token_type_hint=x&token_type_hint=y", "token=a&foo=1&foo=2",
     "&".join(f"p{n}=1" for n in range(60)) + "&token=a"],
)  # fmt: skip
async def test_a_form_that_says_nothing_clear_is_refused(api: Api, body: str) -> None:
    """
    RFC 6749, 3.2: no parameter twice, and one without a value was not sent.
    """
    product = await asker(api)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = await api.send("POST", INTROSPECT, access=product, content=body, headers=kind)
    assert refusal(answer) == (400, "invalid_request")


async def test_hints_and_parameters_that_are_not_known_change_nothing(api: Api) -> None:
    product, (_, key) = await asker(api), await program(api)
    plain = await ask(api, product, key)
    for more in ({"token_type_hint": "refresh_token"}, {"token_type_hint": "\0"}, {"foo": "bar"}):
        assert (await ask(api, product, key, **more)).json() == plain.json()


async def test_the_edge_refuses_in_the_same_shape(api: Api) -> None:
    """
    An OAuth client reads no other, whatever it accepts.
    """
    product = await asker(api)
    as_json = await api.post(INTROSPECT, {"token": "x"}, access=product)
    assert refusal(as_json) == (415, "invalid_request")
    assert "application/x-www-form-urlencoded" in as_json.json()["error_description"]
    large = await ask(api, product, "x" * (api.settings.body_limit + 1))
    assert refusal(large) == (413, "invalid_request")
    get = await api.get(INTROSPECT, access=product)
    assert refusal(get) == (405, "invalid_request")
    two = {"authorization": f"Bearer {product}", "accept": "application/problem+json"}
    headers = [*two.items(), ("authorization", f"Bearer {product}")]
    answer = await api.http.post(INTROSPECT, data={"token": "x"}, headers=headers)
    assert refusal(answer) == (400, "invalid_request")


async def test_the_metadata_names_it(api: Api) -> None:
    """
    RFC 8414, 2: a registered access token type stands for a token in the header.
    """
    metadata = (await api.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["introspection_endpoint"] == f"{PUBLIC_URL}{INTROSPECT}"
    assert metadata["introspection_endpoint_auth_methods_supported"] == ["Bearer"]


async def test_what_a_role_gives_is_told_from_the_next_request_on(api: Api) -> None:
    """
    AZ-1, OA-7: nothing is remembered from one answer to the next.
    """
    product, tokens = await asker(api), await api.signed_in_user()
    await give_role(api, tokens.user_id, "orders:read")
    assert (await told(api, product, tokens.access))["scope"] == "orders:read"
    await api.container.service().access.set_role(
        principal=OPERATOR,
        user_id=UserId.parse(tokens.user_id),
        role="support",
        held=False,
        origin=NOWHERE,
    )
    assert (await told(api, product, tokens.access))["scope"] == ""
    await revoke(api, product)
    assert refusal(await ask(api, product, tokens.access)) == (401, "invalid_token")


@pytest.mark.parametrize("store", ["postgres"])
async def test_the_caller_costs_one_round_trip_and_the_token_another(start: Start) -> None:
    """
    A token that is none costs none: neither garbage, nor a key with a wrong checksum.
    """
    api = await start()
    product, tokens = await asker(api), await api.signed_in_user()
    key = await key_of_user(api, tokens.user_id)
    got = data_of(await api.post(ACCESS_TOKENS, access=key))["access_token"]
    wrong = key[:-6] + "000000"
    for token, trips in (
        *((live, 2) for live in (key, got, tokens.access)),
        *((dead, 1) for dead in (wrong, "x", tokens.refresh)),
    ):
        async with asked(api.container.engine()) as queries:
            await ask(api, product, token)
        assert len(_reading(queries)) == trips, (token[:4], queries)


def _reading(queries: list[str]) -> list[str]:
    """
    Return what requests ask: what is noted behind them is an update of its own.
    """
    return [query for query in queries if not query.startswith("UPDATE")]


async def test_many_products_ask_at_once(api: Api) -> None:
    product, (_, key) = await asker(api), await program(api)
    found = await asyncio.gather(*(told(api, product, key) for _ in range(20)))
    assert all(each == found[0] for each in found)
