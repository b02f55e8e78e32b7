import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message

from domain.errors import DomainError
from entrypoints.http.edge.body import BodyGate
from entrypoints.http.edge.json_bytes import MAX_DEPTH, read_json
from tests.http.edge.application import BODY_LIMIT, behind_the_edge, build_app, client_of, code_of

JSON = {"content-type": "application/json"}
TINY_APP = build_app()
SHARED_CLIENT = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


def reason(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["details"][0]["code"])


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\xff", "INVALID_ENCODING"),
        (b'{"a": "\xed\xa0\x80"}', "INVALID_ENCODING"),  # a surrogate in what looks like UTF-8
        ('{"a": 1}'.encode("utf-16"), "INVALID_ENCODING"),
        ('{"a": 1}'.encode("utf-16-le"), "INVALID_JSON"),
        (b'\xef\xbb\xbf{"a": 1}', "INVALID_JSON"),
        (b'{"a": "\\ud800"}', "INVALID_CHARACTER"),
        (b'{"\\udfff": 1}', "INVALID_CHARACTER"),
        (b'{"a": ["\\u0000"]}', "INVALID_CHARACTER"),
        (b'{"a": "\x00"}', "INVALID_JSON"),
        (b'{"a": NaN}', "INVALID_NUMBER"),
        (b'{"a": -Infinity}', "INVALID_NUMBER"),
        (b'{"a": 1e999}', "INVALID_NUMBER"),
        (b'{"a": ' + b"9" * 65 + b"}", "INVALID_NUMBER"),
        (b'{"a": 0.' + b"9" * 65 + b"}", "INVALID_NUMBER"),
        (b'{"a": 1, "a": 1}', "DUPLICATE_KEY"),
        (b'{"a": 1, "\\u0061": 1}', "DUPLICATE_KEY"),
        (b'{"a": {"b": 1, "b": 2}}', "DUPLICATE_KEY"),
        (b"[" * 2000, "TOO_DEEP"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "TOO_DEEP"),
        (b'{"a":' * 500, "TOO_DEEP"),
        (b"[" * 10, "INVALID_JSON"),
        (b" ", "INVALID_JSON"),
        (b"{} {}", "INVALID_JSON"),
        (b"{'a': 1}", "INVALID_JSON"),
    ],
)
async def test_ambiguous_bytes_are_refused(
    client: httpx.AsyncClient, body: bytes, why: str
) -> None:
    """
    IN-1, F4: each of these was a 500, or two things on two databases.
    """
    answer = await client.post("/echo", content=body, headers=JSON)
    assert (answer.status_code, code_of(answer)) == (400, "MALFORMED_REQUEST")
    assert reason(answer) == why


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"a": "\\ud83d\\ude00 \\\\u0000"}',
        '{"ä": "\U0001f600"}'.encode(),
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        b'["' + b"[" * 500 + b'", "\\"[[[[[[[[[[[[[[[[[[[["]',
        b"[" + b"[]," * 100 + b"[]]",
        b'{"a": -1.5e3, "b": 12345678901234567890}',
        b'"text"',
    ],
)
async def test_plain_json_passes_unchanged(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/echo", content=body, headers=JSON)
    assert (answer.status_code, answer.content) == (200, body)


@given(body=st.binary(max_size=300))
@SHARED_CLIENT
async def test_any_bytes_get_an_answer_of_ours(client: httpx.AsyncClient, body: bytes) -> None:
    """
    IN-1: any byte sequence is at worst a 4xx.
    """
    answer = await client.post("/api/v1/users", content=body, headers=JSON)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["request_id"] == answer.headers["x-request-id"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=12,
)


@given(value=json_values)
@SHARED_CLIENT
async def test_any_json_gets_an_answer_of_ours(client: httpx.AsyncClient, value: Any) -> None:
    """
    IN-1: well-formed or nearly, with NaN, surrogates and NUL at any place.
    """
    body = json.dumps({"email": value, "password": "b" * 20}).encode()
    answer = await client.post("/api/v1/users", content=body, headers=JSON)
    assert answer.status_code in {200, 400, 413, 422}


@given(json_values)
def test_what_passes_means_the_same_everywhere(value: Any) -> None:
    """
    F4: what the gate lets through can be written to both databases and out again.
    """
    body = json.dumps(value).encode()
    try:
        read_json(body)
    except DomainError:
        return
    text = json.dumps(json.loads(body), ensure_ascii=False, allow_nan=False)
    text.encode()
    assert "\\u0000" not in text.replace("\\\\", "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json"}, 200),
        ({"content-type": 'Application/JSON ; Charset="UTF-8"'}, 200),
        ({"content-type": "application/json; charset=utf-16"}, 415),
        ({"content-type": "application/json; charset=latin-1"}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "multipart/form-data; boundary=x"}, 415),
        ({"content-type": "application/json, text/plain"}, 415),
        ({"content-type": "application/jsonx"}, 415),
        ({}, 415),
        ({**JSON, "content-encoding": "gzip"}, 415),
        ({**JSON, "content-encoding": "identity"}, 200),
    ],
)
async def test_one_content_type(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    """
    IN-5, SE-6: no form and no text/plain with JSON in it; nothing compressed (IN-2).
    """
    answer = await client.post("/echo", content=b"{}", headers=headers)
    assert answer.status_code == status
    if status == 415:
        assert code_of(answer) == "UNSUPPORTED_MEDIA_TYPE"


async def test_two_content_types_are_none(client: httpx.AsyncClient) -> None:
    headers = [("content-type", "application/json"), ("content-type", "text/plain")]
    answer = await client.post("/echo", content=b"{}", headers=headers)
    assert answer.status_code == 415


async def test_a_byte_order_mark_is_named(client: httpx.AsyncClient) -> None:
    """
    F4: parsers may ignore one (RFC 8259, 8.1), so we do not guess; the refusal says what it is.
    """
    headers = {"content-type": "application/json"}
    body = b'\xef\xbb\xbf{"name": "x"}'
    answer = await client.post("/api/v1/things", content=body, headers=headers)
    assert answer.status_code == 400
    assert "byte-order mark" in answer.json()["error"]["details"][0]["message"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_no_body_needs_no_content_type(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, "/api/v1/things/1")
    assert answer.status_code in {200, 204, 405}


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"token=a%20b+c", 404), (b"token=%00", 400), (b"token=%zz", 400), (b"\xff", 400)],
)
async def test_our_own_pages_take_forms_only(
    client: httpx.AsyncClient, content: bytes, status: int
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await client.post("/verify-email", content=content, headers=headers)
    assert answer.status_code == status
    answer = await client.post("/verify-email", json={})
    assert answer.status_code == 415


async def test_a_large_body_is_refused_unread() -> None:
    """
    IN-2: by its declared length, before a byte of it is held.
    """
    asked = 0

    async def receive() -> Message:
        nonlocal asked
        asked += 1
        return {"type": "http.disconnect"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/echo",
        "query_string": b"",
        "headers": [(b"content-length", b"5000"), (b"expect", b"100-continue")],
    }
    await BodyGate(build_app(), limit=BODY_LIMIT)(scope, receive, send)
    assert (asked, sent[0]["status"]) == (0, 413)
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_a_large_body_without_a_length_is_cut(client: httpx.AsyncClient) -> None:
    """
    IN-2: chunked; only the limit is ever held.
    """

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1000

    answer = await client.post("/echo", content=chunks(), headers=JSON)
    assert (answer.status_code, code_of(answer)) == (413, "PAYLOAD_TOO_LARGE")
    exact = b"[" + b" " * (BODY_LIMIT - 2) + b"]"
    assert (await client.post("/echo", content=exact, headers=JSON)).status_code == 200
    assert (await client.post("/echo", content=exact + b" ", headers=JSON)).status_code == 413


@pytest.mark.parametrize("length", [b"-1", b"+5", b"5, 5", b"1e3", b"9" * 30, b""])
async def test_a_length_that_is_none(client: httpx.AsyncClient, length: bytes) -> None:
    """
    HD-5
    """
    answer = await client.post("/echo", headers=[(b"content-length", length)])
    assert answer.status_code in {400, 413}


async def test_a_slow_body_is_cut() -> None:
    """
    IN-3: a client that sends a byte a minute holds nothing for long.
    """

    async def trickle() -> AsyncIterator[bytes]:
        for _ in range(50):
            await asyncio.sleep(0.1)
            yield b" "

    async with client_of(behind_the_edge(build_app(), deadline=0.4, body_seconds=0.4)) as client:
        answer = await client.post("/echo", content=trickle(), headers=JSON)
    assert (answer.status_code, reason(answer)) == (400, "TOO_SLOW")
    assert answer.headers["connection"] == "close"


async def test_a_body_that_ends_too_early_reaches_no_route() -> None:
    """
    DU-5: half a request has no effect.
    """
    called = False

    async def app(*_: Any) -> None:
        nonlocal called
        called = True

    messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    await BodyGate(app, limit=BODY_LIMIT)(scope, receive, send)
    assert not called
    assert sent[0]["status"] == 400


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/things/%00",
        "/api/v1/things/%ff",
        "/api/v1/things/%ed%a0%80",
        "/api/v1/things/%",
        "/api/v1/things/%zz",
        "/api/v1/things/1?sort=%00",
        "/api/v1/things/1?sort=%ff",
        "/api/v1/things/1?sort=%u0041",
        "/api/v1/things/1?%",
        "/api/v1/things/1?sort=\xff",
    ],
)
async def test_paths_and_queries_are_clean(target: str) -> None:
    """
    IN-1: the server decodes with replacement characters, and two paths become one.
    """
    app = behind_the_edge(build_app())
    path, _, query = target.partition("?")
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [],
    }
    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert json.loads(sent[1]["body"])["error"]["code"] == "MALFORMED_REQUEST"


@given(st.binary(max_size=60), st.binary(max_size=60))
@SHARED_CLIENT
async def test_any_target_gets_an_answer_of_ours(path: bytes, query: bytes) -> None:
    """
    IN-1
    """
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/" + path.decode("utf-8", "replace"),
        "raw_path": b"/" + path,
        "query_string": query,
        "root_path": "",
        "headers": [],
    }
    await behind_the_edge(TINY_APP)(scope, receive, send)
    assert sent[0]["status"] < 500


async def test_other_protocols_pass() -> None:
    seen: list[str] = []

    async def app(scope: Any, *_: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any: ...

    await BodyGate(app, limit=1)({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]
