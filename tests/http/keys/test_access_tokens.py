"""
Access tokens at the door, and every kind of token where another kind is expected.
"""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey
from joserfc.jws import JWSRegistry

from adapters.memory.clock import ManualClock
from application.keys.ports import LEEWAY
from domain.keys.signing_key import SigningAlgorithm
from tests.http.client import NEW_PASSWORD, PUBLIC_URL, Api, refusal_of
from tests.http.conftest import Start, every_store

ME = "/api/v1/users/me"

# The name is RFC 8037's; RFC 9864's newer one for the same is not yet what libraries look for.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")


@pytest.mark.parametrize("algorithm", list(SigningAlgorithm))
async def test_a_stock_library_verifies_with_the_jwks_alone(
    start: Start, algorithm: SigningAlgorithm
) -> None:
    """
    RFC 9068: header and claims as the contract lists them, and nothing personal (TK-7).
    """
    api = await start(signing_algorithm=algorithm)
    tokens = await api.signed_in_user()
    keys = KeySet.import_key_set((await api.get("/.well-known/jwks.json")).json())
    token = jwt.decode(tokens.access, keys, algorithms=[algorithm.value])
    assert set(token.header) == {"alg", "typ", "kid"}
    assert (token.header["alg"], token.header["typ"]) == (algorithm.value, "at+jwt")
    claims = token.claims
    assert set(claims) == {
        "iss", "sub", "aud", "exp", "iat", "jti", "client_id", "sid", "roles", "permissions",
        "acr", "amr", "auth_time",
    }  # fmt: skip
    assert claims["iss"] == claims["aud"] == PUBLIC_URL
    assert claims["client_id"] == "doorward"
    assert (claims["sub"], claims["sid"]) == (tokens.user_id, tokens.session_id)
    assert 0 < claims["exp"] - claims["iat"] <= 600
    assert (claims["roles"], claims["permissions"]) == (["user"], [])
    assert (claims["acr"], claims["amr"]) == ("aal1", ["pwd"])
    assert claims["auth_time"] == claims["iat"]
    assert (await api.me(tokens))["id"] == tokens.user_id


@every_store
async def test_two_instances_verify_each_others_tokens(start: Start) -> None:
    here = await start()
    there = await start(beside=here)
    tokens = await here.signed_in_user()
    assert (await there.me(tokens))["id"] == tokens.user_id
    mine, theirs = [(await each.get("/.well-known/jwks.json")).json() for each in (here, there)]
    assert mine == theirs


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, payload, signature = token.split(".")
    return _read(header), _read(payload), signature


def _read(segment: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=="))
    return found


def _write(value: dict[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _headers(header: dict[str, Any], other: OKPKey) -> list[dict[str, Any]]:
    return [
        {**header, "alg": "none"},
        {**header, "alg": "NONE"},
        {**header, "alg": "nOnE"},
        {**header, "alg": "HS256"},
        {**header, "alg": "ES256"},
        {**header, "alg": ["EdDSA"]},
        {**header, "alg": None},
        {**header, "kid": "unknown"},
        {**header, "kid": "../../../../dev/null"},
        {**header, "kid": ["a"]},
        {**header, "typ": "JWT"},
        {**header, "typ": "refresh+jwt"},
        {**header, "jwk": other.as_dict(private=False)},
        {**header, "jku": "https://evil.example/jwks.json"},
        {**header, "x5u": "https://evil.example/cert"},
        {**header, "crit": ["exp"]},
        {**header, "crit": ["b64"], "b64": False},
        {name: value for name, value in header.items() if name != "typ"},
        {name: value for name, value in header.items() if name != "kid"},
    ]


async def test_a_token_with_another_header_is_refused(api: Api) -> None:
    """
    TK-1: none in any case, HS with the public key, embedded and remote keys, crit, typ.
    """
    tokens = await api.signed_in_user()
    header, _, signature = _parts(tokens.access)
    payload = tokens.access.split(".")[1]
    for changed in _headers(header, OKPKey.generate_key("Ed25519")):
        for end in (signature, "", "AA"):
            await _is_refused(api, f"{_write(changed)}.{payload}.{end}")


async def test_a_token_signed_with_another_key_is_refused(api: Api) -> None:
    """
    TK-1: a foreign key under our kid, and our public key as an HMAC secret.
    """
    tokens = await api.signed_in_user()
    header, claims, _ = _parts(tokens.access)
    (public,) = (await api.get("/.well-known/jwks.json")).json()["keys"]
    foreign = OKPKey.generate_key("Ed25519")
    await _is_refused(api, jwt.encode(header, claims, foreign, algorithms=["EdDSA"]))
    for secret in (public["x"], json.dumps(public), base64.urlsafe_b64decode(public["x"] + "=")):
        key = OctKey.import_key(secret)
        hmac_header = {**header, "alg": "HS256"}
        await _is_refused(api, jwt.encode(hmac_header, claims, key, algorithms=["HS256"]))
    embedded = {**header, "jwk": foreign.as_dict(private=False)}
    registry = JWSRegistry(algorithms=["EdDSA"], strict_check_header=False)
    await _is_refused(api, jwt.encode(embedded, claims, foreign, registry=registry))


CLAIMS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another issuer": lambda c: {**c, "iss": "https://evil.example"},
    "an issuer with a slash": lambda c: {**c, "iss": c["iss"] + "/"},
    "another audience": lambda c: {**c, "aud": "https://api.example.com"},
    "a list of audiences": lambda c: {**c, "aud": [c["aud"]]},
    "expired": lambda c: {**c, "exp": c["iat"] - 3600, "iat": c["iat"] - 4000},
    "from the future": lambda c: {**c, "iat": c["iat"] + 3600, "exp": c["exp"] + 3600},
    "exp as text": lambda c: {**c, "exp": str(c["exp"])},
    "exp as fraction": lambda c: {**c, "exp": c["exp"] + 0.5},
    "exp as infinity": lambda c: {**c, "exp": 10**30},
    "exp as boolean": lambda c: {**c, "exp": True},
    "sub as number": lambda c: {**c, "sub": 1},
    "sub of no user": lambda c: {**c, "sub": "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"},
    "sid of no session": lambda c: {**c, "sid": "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a"},
    **{
        f"no {name}": lambda c, name=name: {k: v for k, v in c.items() if k != name}  # type: ignore[misc]
        for name in ("iss", "sub", "aud", "exp", "iat", "jti", "sid")
    },
}


async def test_even_our_own_key_signs_no_other_claims(api: Api) -> None:
    """
    TK-1: with a genuine signature, each claim alone is reason enough to refuse.
    """
    tokens = await api.signed_in_user()
    header, claims, _ = _parts(tokens.access)
    key = await _own_key(api)
    genuine = jwt.encode(header, claims, key, algorithms=["EdDSA"])
    assert (await api.get(ME, access=genuine)).status_code == 200  # the method itself works
    for name, change in CLAIMS.items():
        token = jwt.encode(header, change(dict(claims)), key, algorithms=["EdDSA"])
        answer = await api.get(ME, access=token)
        assert answer.status_code == 401, name
        assert answer.json()["error"]["code"] in {
            "ACCESS_TOKEN_INVALID",
            "ACCESS_TOKEN_EXPIRED",
            "SESSION_ENDED",
        }, name


async def test_an_expired_token_says_so(start: Start) -> None:
    """
    ACCESS_TOKEN_EXPIRED, so that clients know to refresh; the leeway is a minute at most.
    """
    clock = ManualClock()
    api = await start(clock=clock)
    tokens = await api.signed_in_user()
    assert timedelta(seconds=60) >= LEEWAY
    clock.advance(timedelta(seconds=599))
    assert (await api.get(ME, access=tokens.access)).status_code == 200
    clock.advance(LEEWAY + timedelta(seconds=1))
    answer = await api.get(ME, access=tokens.access)
    assert refusal_of(answer) == (401, "ACCESS_TOKEN_EXPIRED")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    await api.me(await api.refresh(tokens))


async def test_an_access_token_is_compared_whole(api: Api) -> None:
    """
    TK-2: a second spelling of a good token is no good token.
    """
    tokens = await api.signed_in_user()
    token = tokens.access
    header, payload, signature = token.split(".")
    last = chr(ord(signature[-1]) + 1)
    variants = [
        token + "=",
        token + "==",
        token + "A",
        token[:-1],
        token + ".",
        token + "." + signature,
        token + " ",
        f"{header}.{payload}",
        f"{header}.{payload}.",
        f"{header}=.{payload}.{signature}",
        f"{header}.{payload}=.{signature}",
        f"{header}.{payload}.{signature[:-1]}{last}",
        f" {token}",
        token.replace(".", ". "),
        token.upper(),
        token.swapcase(),
    ]
    for variant in variants:
        if variant.strip() != token:  # HTTP itself trims a field's value
            await _is_refused(api, variant)
    await api.me(tokens)


async def test_any_garbage_is_401(api: Api) -> None:
    """
    TK-5: never a 5xx, whatever its bytes or its length.
    """
    await api.signed_in_user()
    garbage = [
        b"a",
        b"...",
        b"a.b.c",
        b".." * 4000,
        b"A" * 9000,
        b"e30.e30.e30",
        b"\xff\xfe.\xff.\xff",
        "🦉.🦉.🦉".encode(),
        b"eyJhbGciOiJub25lIn0.e30.",
        b"null.null.null",
        b"bnVsbA.bnVsbA.bnVsbA",
        b"W10.W10.W10",
        base64.urlsafe_b64encode(b'{"alg":' + b"[" * 5000).rstrip(b"=") + b".e30.e30",
        b"%00",
        b"\x7f\x01",
    ]
    for value in garbage:
        answer = await api.get(ME, headers=[(b"authorization", b"Bearer " + value)])
        assert refusal_of(answer) == (401, "ACCESS_TOKEN_INVALID"), value


async def test_spaces_around_a_bearer_token_are_not_of_it(api: Api) -> None:
    """
    TK-6: RFC 9110 has one space or more before a token, and none, nor a tab, inside of it.
    """
    tokens = await api.signed_in_user()
    for value in ("Bearer  {}", "Bearer     {}", "bearer {} ", "BEARER {}\t ", " \tBearer {}"):
        answer = await api.get(ME, headers={"authorization": value.format(tokens.access)})
        assert answer.is_success, value
    for value, code in (
        ("Bearer\t{}", "NOT_AUTHENTICATED"),
        ("Bearer{}", "NOT_AUTHENTICATED"),
        ("Bearer   ", "NOT_AUTHENTICATED"),
        ("Bearer \t", "NOT_AUTHENTICATED"),
        ("Bearer \t{}", "ACCESS_TOKEN_INVALID"),
        ("Bearer {} {}", "ACCESS_TOKEN_INVALID"),
        ("Bearer {}, {}", "ACCESS_TOKEN_INVALID"),
        ("Bearer {}=", "ACCESS_TOKEN_INVALID"),
        ('Bearer "{}"', "ACCESS_TOKEN_INVALID"),
        ("Bearer token={}", "ACCESS_TOKEN_INVALID"),
        ("Bearer: {}", "NOT_AUTHENTICATED"),
    ):
        text = value.format(tokens.access, tokens.access)
        refused = await api.get(ME, headers={"authorization": text})
        assert refusal_of(refused) == (401, code), value


async def test_a_bearer_token_comes_in_one_header_or_not_at_all(api: Api) -> None:
    """
    TK-6: ignored in the query, and two of them are one too many.
    """
    tokens = await api.signed_in_user()
    good = f"Bearer {tokens.access}"
    for params in ({"access_token": tokens.access}, {"token": tokens.access}):
        refused = await api.get(ME, params=params)
        assert refusal_of(refused) == (401, "NOT_AUTHENTICATED")
        assert refused.headers["www-authenticate"] == 'Bearer realm="doorward"'
    for value in ("", "Bearer", "Bearer ", "Basic YTpi", "Token x", tokens.access, "bearer"):
        refused = await api.get(ME, headers={"authorization": value})
        assert refusal_of(refused) == (401, "NOT_AUTHENTICATED"), value
    assert (await api.get(ME, headers={"authorization": f"bEARER {tokens.access}"})).is_success
    for second in (good, "Basic YTpi", ""):
        headers = [("authorization", good), ("authorization", second)]
        assert refusal_of(await api.get(ME, headers=headers)) == (400, "MULTIPLE_CREDENTIALS")
    body = {"access_token": tokens.access}
    refused = await api.patch(ME, body)
    assert refusal_of(refused) == (401, "NOT_AUTHENTICATED")


async def test_no_kind_of_token_is_taken_for_another(api: Api) -> None:
    """
    AT-5: access, refresh, verification, reset and cursor, each at every other's place.
    """
    tokens = await api.signed_in_user()
    await api.sign_in()
    page = await api.get(f"{ME}/sessions", access=tokens.access, params={"limit": 1})
    await api.sign_up("eve@example.com")
    kinds = {
        "access": tokens.access,
        "refresh": tokens.refresh,
        "verify": await api.mailed_token("eve@example.com"),
        "reset": await api.reset_token(),
        "cursor": page.json()["meta"]["next_cursor"],
        "session": tokens.session_id,
        "user": tokens.user_id,
    }
    for kind, token in kinds.items():
        places = {
            "access": await api.get(ME, access=token),
            "refresh": await api.try_refresh(token),
            "verify": await api.post("/api/v1/email-verifications/confirm", {"token": token}),
            "reset": await api.reset(token),
            "cursor": await api.get(
                f"{ME}/sessions", access=tokens.access, params={"cursor": token}
            ),
        }
        expected = {
            "access": {(401, "ACCESS_TOKEN_INVALID")},
            "refresh": {(401, "REFRESH_TOKEN_INVALID"), (422, "VALIDATION_ERROR")},
            "verify": {(400, "INVALID_TOKEN"), (422, "VALIDATION_ERROR")},
            "reset": {(400, "INVALID_TOKEN"), (422, "VALIDATION_ERROR")},
            "cursor": {(400, "INVALID_CURSOR")},
        }
        if kind == "reset":  # it was spent, and ended the session with it
            assert places.pop("reset").status_code == 204
            tokens = await api.sign_in(password=NEW_PASSWORD)
            places.pop("cursor")
        for place, answer in places.items():
            if place == kind:
                assert answer.is_success, place
            else:
                assert refusal_of(answer) in expected[place], (kind, place)


async def _is_refused(api: Api, token: str) -> None:
    answer = await api.get(ME, headers=[(b"authorization", f"Bearer {token}".encode())])
    assert refusal_of(answer) == (401, "ACCESS_TOKEN_INVALID"), token


async def _own_key(api: Api) -> OKPKey:
    """
    Return the private key that the service signs with, which no client can see.
    """
    async with api.units.read_only() as unit:
        (key,) = await unit.signing_keys.list_all()
    private = api.container.secret_box().open(key.sealed_private_key, purpose="signing-key")
    pem = load_der_private_key(private, None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    return OKPKey.import_key(pem)
