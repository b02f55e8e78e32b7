"""
A copy of the database opens nothing (RF-5), and neither does the log (LG-1, LG-2).
"""

import base64
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import NoReturn

import asyncpg
import pytest
from sqlalchemy import make_url

from application.ports.unit_of_work import UnitOfWorkFactory
from application.sessions.ports import SessionsUnit
from domain.errors import ServiceUnavailable
from entrypoints.logging import configure_logging
from tests.http.api_keys.holders import (
    ACCESS_TOKENS,
    INTROSPECT,
    LEAKED_KEYS,
    key_of_user,
    program,
)
from tests.http.client import (
    NEW_PASSWORD,
    PASSWORD,
    SECRET_KEY,
    WRONG_PASSWORD,
    Api,
    Tokens,
    code_of,
    data_of,
    refusal_of,
)
from tests.http.conftest import Start, databases, every_store, memory_only
from tests.support.logging_state import logging_as_before

type Dump = Callable[[], Awaitable[bytes]]


@pytest.fixture
def dump(store: str, store_url: str) -> Dump:
    """
    Returns every byte that a copy of the database has.
    """
    if store == "sqlite":
        file = Path(str(make_url(store_url).database))

        async def files() -> bytes:
            return b"\n".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))

        return files

    async def tables() -> bytes:
        connection = await asyncpg.connect(store_url.replace("+asyncpg", ""))
        try:
            names = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
            )
            found = bytearray()
            for (name,) in names:
                for row in await connection.fetch(f'SELECT * FROM "{name}"'):
                    for value in row.values():
                        found += value if isinstance(value, bytes) else str(value).encode()
                        found += b"\n"
            return bytes(found)
        finally:
            await connection.close()

    return tables


def _spellings(text: str) -> Iterator[bytes]:
    """
    Yield what a secret could be kept as without being hidden: itself, and what it encodes.
    """
    yield text.encode()
    yield base64.b64encode(text.encode())
    raws = [text.encode()]
    if text.startswith(("dwr_", "dwm_", "dwd_")):
        raw = base64.urlsafe_b64decode(text[4:] + "=" * (-len(text[4:]) % 4))
        # A refresh token is the session, its generation, the family's secret and its own.
        raws += [raw[20:36], raw[36:]] if text.startswith("dwr_") else [raw]
    if text.startswith("eyJ"):
        signature = text.rpartition(".")[2]
        yield signature.encode()
        raws.append(base64.urlsafe_b64decode(signature + "=="))
    for raw in raws:
        yield raw
        yield raw.hex().encode()
        yield raw.hex().upper().encode()
        yield base64.b64encode(raw).rstrip(b"=")
        yield base64.urlsafe_b64encode(raw).rstrip(b"=")


@databases
async def test_a_copy_of_the_database_holds_no_usable_secret(api: Api, dump: Dump) -> None:
    """
    RF-5: no token, no password, in no spelling; also inside the retry window, with mails that
    wait and mails in the development mailbox.
    """
    secrets = [PASSWORD, NEW_PASSWORD, WRONG_PASSWORD, SECRET_KEY]
    first = await api.signed_in_user()
    second = await api.refresh(first)  # the window is open: the successor is kept, sealed
    third = await api.sign_in()
    await api.try_sign_in(password=WRONG_PASSWORD)
    for tokens in (first, second, third):
        secrets += [tokens.access, tokens.refresh]
    await api.sign_up("eve@example.com")
    secrets.append(await api.mailed_token("eve@example.com"))
    spent = await api.reset_token()
    secrets.append(spent)
    await api.reset(spent)
    fourth = await api.sign_in(password=NEW_PASSWORD)
    fifth = await api.refresh(fourth)
    secrets += [fourth.refresh, fifth.refresh, fifth.access]
    await api.sign_up("bob@example.com")  # its mail still waits
    copy = await dump()
    assert b"bob@example.com" in copy  # it is the real copy
    for secret in secrets:
        for spelling in _spellings(secret):
            assert spelling not in copy, f"{secret[:4]}… is in the database"
    secrets.append(await api.mailed_token("bob@example.com"))
    copy = await dump()
    for secret in secrets:
        for spelling in _spellings(secret):
            assert spelling not in copy, f"{secret[:4]}… is in the database"
    # And all of them were good: the successor can be repeated, the mailed secrets work.
    assert (await api.refresh(fourth)).refresh == fifth.refresh
    await api.confirm(secrets[-1])


@databases
async def test_a_copy_of_the_database_holds_nothing_that_proves_a_factor(
    api: Api, dump: Dump
) -> None:
    """
    RF-5, MF-1: no secret of an app, no recovery code, no token of a device, no undo link.
    """
    app, enrolled = await api.enrol_totp(await api.signed_in_user())
    body = {"email": "ada@example.com", "password": PASSWORD, "remember_device": True}
    shown = {**body, "proof": {"totp": code_of(app)}}
    device = data_of(await api.post("/api/v1/sessions", shown), 201)["device"]["token"]
    undo = await api.mailed_token(path="/undo-factor")
    codes = enrolled["recovery_codes"]
    bare = [code.replace("-", "") for code in codes]
    secrets = [device, undo, app.secret, *codes, *bare, *(code.upper() for code in bare)]
    copy = await dump()
    assert b"ada@example.com" in copy  # it is the real copy
    raw = base64.b32decode(app.secret)
    for spelling in (raw, raw.hex().encode(), base64.b64encode(raw)):
        assert spelling not in copy
    for secret in secrets:
        for spelling in _spellings(secret):
            assert spelling not in copy, f"{secret[:4]}… is in the database"
    data_of(await api.post("/api/v1/sessions", {**body, "device_token": device}), 201)
    assert (await api.post("/api/v1/factor-undos/confirm", {"token": undo})).status_code == 204


@databases
async def test_a_copy_of_the_database_holds_no_api_key(api: Api, dump: Dump) -> None:
    """
    RF-5: neither while it lives, nor after it was reported with itself as the place.
    """
    await api.administrator()
    tokens = await api.signed_in_user()
    key, (_, product) = await key_of_user(api, tokens.user_id), await program(api)
    once = {"idempotency-key": "one"}
    answer = await api.post(ACCESS_TOKENS, access=key, headers=once)
    token = data_of(answer)["access_token"]
    for said in (key, product):
        await api.post(LEAKED_KEYS, {"key": product, "found_at": said}, headers={**once, "x": "y"})
    copy = await dump()
    assert b"api_key.leaked" in copy  # it is the real copy
    for secret in (key, product, key[4:], product[4:], token):
        for spelling in _spellings(secret):
            assert spelling not in copy, f"{secret[:4]}… is in the database"
    assert (await api.get("/api/v1/users/me", access=key)).status_code == 200


@pytest.fixture
def log(capfdbinary: pytest.CaptureFixture[bytes]) -> Iterator[Callable[[], bytes]]:
    """
    All that the process says at the most talkative level. Logging is put back as it was.
    """

    def read() -> bytes:
        sys.stdout.flush()
        sys.stderr.flush()
        said = capfdbinary.readouterr()
        return said.out + said.err

    with logging_as_before():
        configure_logging("debug", "json")
        yield read


@every_store
async def test_the_log_holds_no_secret_of_a_whole_story(
    start: Start, store_url: str, log: Callable[[], bytes]
) -> None:
    """
    LG-1: at debug, with failures and a crash in it: no password, token, key or address of a
    database; LG-2: each line is one JSON object.
    """
    api = await start(log_level="debug", smtp_url=None)
    secrets = [PASSWORD, NEW_PASSWORD, WRONG_PASSWORD, SECRET_KEY]
    if "@" in store_url:
        secrets.append(str(make_url(store_url).password))
    tokens = await api.signed_in_user()
    refreshed = await api.refresh(tokens)
    await api.me(refreshed)
    reset = await api.reset_token()
    secrets += [tokens.access, tokens.refresh, refreshed.access, refreshed.refresh, reset]
    await api.try_sign_in(password=WRONG_PASSWORD)
    await api.get("/api/v1/users/me", params={"access_token": tokens.access})
    await api.get("/api/v1/users/me", access=tokens.access[:-2])
    await api.get(f"/verify-email?token={reset}")
    await api.get(f"/reset-password?token={reset}&x={PASSWORD}")
    form = {"token": reset, "new_password": PASSWORD, "repeated_password": WRONG_PASSWORD}
    await api.send("POST", "/reset-password", data=form)
    await api.post("/api/v1/users", {"email": WRONG_PASSWORD, "password": PASSWORD})
    await api.post("/api/v1/users", {"password": PASSWORD, PASSWORD: WRONG_PASSWORD})
    await api.try_refresh(tokens.refresh[:-1])
    await api.send("POST", "/api/v1/sessions", content=f'{{"password": "{PASSWORD}"'.encode())
    await api.reset(reset, "short")
    await _crash(api, Tokens(refreshed.body))
    await api.reset(reset)
    said = log()
    lines = [json.loads(line) for line in said.splitlines()]
    assert sum(line["event"] == "request" for line in lines) >= 14
    assert any("a bug in the store" in str(line) for line in lines)
    for secret in secrets:
        assert secret.encode() not in said, f"{secret[:4]}… is in the log"
    assert b"ada@example.com" not in said


async def test_the_log_holds_no_api_key(start: Start, log: Callable[[], bytes]) -> None:
    """
    LG-1: at debug, wherever a key or a token may stand in a request, and in a crash.
    """
    api = await start(log_level="debug", smtp_url=None)
    tokens = await api.signed_in_user()
    key = await key_of_user(api, tokens.user_id)
    _, product = await program(api, "tokens:introspect")
    got = data_of(await api.post(ACCESS_TOKENS, access=key))["access_token"]
    for token in (key, key[:-1], got, tokens.access, tokens.refresh):
        data = {"token": token, "token_type_hint": token}
        await api.send("POST", INTROSPECT, access=product, data=data)
        await api.send("POST", INTROSPECT, access=token, data=data, params={"token": token})
        await api.send("POST", INTROSPECT, access=product, json=data)
    await api.get(f"/api/v1/users/{key}", access=product)
    introspect = api.container.service().api_keys.introspect

    async def crash(*_: object) -> NoReturn:
        raise RuntimeError("a bug about a key")

    introspect._of_key = crash  # type: ignore[assignment]
    async with api.client() as client:
        client.event_hooks["response"].clear()  # a 500 is what is wanted here
        headers = {"authorization": f"Bearer {product}"}
        answer = await client.post(INTROSPECT, data={"token": key}, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (500, "server_error")
    await api.post(LEAKED_KEYS, {"key": key, "found_at": key})
    said = log()
    assert b"a bug about a key" in said
    for secret in (key, key[4:], product[4:], got, tokens.access, tokens.refresh):
        assert secret.encode() not in said, f"{secret[:4]}… is in the log"


async def _crash(api: Api, tokens: Tokens) -> None:
    """
    Let a bug happen with secrets in the frames of its traceback.
    """

    class Broken(UnitOfWorkFactory[SessionsUnit]):
        def __call__(self) -> NoReturn:
            raise RuntimeError("a bug in the store")

        read_only = __call__

    authenticate = api.container.service().sessions.authenticate
    whole, authenticate._unit_of_work = authenticate._unit_of_work, Broken()
    try:
        async with api.client() as client:
            client.event_hooks["response"].clear()  # a 500 is what is wanted here
            headers = {"authorization": f"Bearer {tokens.access}"}
            answer = await client.get("/api/v1/users/me", headers=headers)
    finally:
        authenticate._unit_of_work = whole
    assert refusal_of(answer) == (500, "INTERNAL_ERROR")
    assert "bug" not in answer.text
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]


@every_store
async def test_an_address_in_a_request_that_no_route_takes_is_not_logged(
    api: Api, log: Callable[[], bytes]
) -> None:
    """
    LG-1: not in a path, plain or percent-encoded, a query, a header, a method, or on a refusal.
    """
    tokens = await api.signed_in_user()
    log()
    headers = {"referer": "https://x.example/?ada@example.org", "user-agent": "ada@example.org"}
    for path in (
        "/api/v1/users/ada@example.org/nonsense",
        "/api/v1/users/ada%40example.org/nonsense",
        "/api/v1/users/ada%2540example.org/nonsense",
        "/api/v1/users/x%2fada@example.org",
        "/ada@example.org",
        "/api/v1/users/ada@example.org?email=ada@example.org",
        "/api/v1/users/me/sessions/ada@example.org",
        "/api/v1/roles/ada@example.org/more/ada@example.org",
        "/assets/ada@example.org",
        "//ada@example.org//users/" + "ada@example.org/" * 30,
    ):
        await api.get(path, access=tokens.access, headers=headers)
        await api.delete(path, access=tokens.access)
        await api.post(path, {"email": "ada@example.org"})
    await api.post("/api/v1/ada@example.org/x", {"email": "ada@example.org", "x": "y" * 100_000})
    await api.http.request("ADA.EXAMPLE.ORG", "/api/v1/users/ada@example.org")
    everything = (json.loads(line) for line in log().splitlines())
    # The client's own log is on, too; it is no part of the service.
    lines = [line for line in everything if not line.get("logger", "").startswith("http")]
    assert "example.org" not in json.dumps(lines).lower()
    paths = {line["path"] for line in lines if line["event"] == "request"}
    assert "/api/v1/users/{unknown}/{unknown}" in paths
    assert "/api/v1/users/{user_id}" in paths
    assert "other" in {line.get("method") for line in lines}


@every_store
async def test_no_client_writes_a_record_of_its_own(api: Api, log: Callable[[], bytes]) -> None:
    """
    LG-2: whatever stands in path, header or name, a request is one line of printable ASCII.
    """
    log()
    forged = '\r\n{"event": "request", "status": 200, "user_id": "root"}\r\n'
    evil = "\x1b[31m\u202e\u2028\u0085"
    await api.get("/" + "".join(f"%{byte:02x}" for byte in (forged + evil).encode()))
    await api.post("/api/v1/users", {"email": forged, "password": evil, forged: 1})
    headers = [(b"user-agent", evil.encode()), (b"x-request-id", b"a\tb"), (b"x-a", b"\xff")]
    await api.sign_up("eve@example.com")
    await api.confirm(await api.mailed_token("eve@example.com"))
    signed_in = await api.try_sign_in("eve@example.com", headers=headers)
    said = log()
    requests = [line for line in map(json.loads, said.splitlines()) if line["event"] == "request"]
    assert len(requests) == 6
    assert said.replace(b"\n", b"").isascii()
    assert not any(byte < 32 or byte == 127 for byte in said.replace(b"\n", b""))
    user_agent = signed_in.json()["data"]["session"]["user_agent"]
    assert "\u202e" not in user_agent
    assert "\x1b" not in user_agent


@memory_only
async def test_a_store_that_is_away_is_no_success_and_no_traceback(
    api: Api, log: Callable[[], bytes]
) -> None:
    """
    LG-1, SE-1: revoking on a store that fails is 503 and never 2xx.
    """
    tokens = await api.signed_in_user()
    api.container.memory_store().answers = False
    for answer in (
        await api.delete("/api/v1/sessions/current", access=tokens.access),
        await api.delete("/api/v1/users/me/sessions", access=tokens.access),
        await api.try_refresh(tokens),
        await api.try_sign_in(),
    ):
        assert refusal_of(answer) == (503, ServiceUnavailable.code)
    api.container.memory_store().answers = True
    await api.me(tokens)
    assert b"Traceback" not in log()
