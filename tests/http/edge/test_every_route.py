"""
What holds on every route: who may call it, what may be sent, what comes back beside the data.
"""

import itertools
import json
import re
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from entrypoints.http.edge.cors import Cors
from tests.http.client import PASSWORD, PUBLIC_URL, Api, refusal_of
from tests.http.conftest import Start, every_store
from tests.http.edge.application import behind_the_edge, build_app, client_of

UNSAFE = [
    ("POST", "/api/v1/users"),
    ("POST", "/api/v1/email-verifications"),
    ("POST", "/api/v1/email-verifications/confirm"),
    ("POST", "/api/v1/password-resets"),
    ("POST", "/api/v1/password-resets/confirm"),
    ("POST", "/api/v1/sessions"),
    ("POST", "/api/v1/sessions/refresh"),
]
MARK = "Hunter2-Zebra-Sentinel"
JSON_TYPE = {"content-type": "application/json"}


def _operations(api: Api) -> list[tuple[str, str]]:
    paths = api.contract.document["paths"]
    return [(method.upper(), path) for path, item in paths.items() for method in item]


async def test_only_the_written_list_is_open_to_anyone(api: Api) -> None:
    """
    AZ-1: every other route answers 401 without credentials, before it looks at anything else.
    """
    closed = [each for each in _operations(api) if each not in api.app.state.public_routes]
    assert ("GET", "/api/v1/users/me") in closed
    for method, path in closed:
        concrete = path.replace("{session_id}", "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a")
        for body in (None, {}, {"display_name": 7}):
            answer = await api.send(method, concrete, json=body)
            if path.startswith("/oauth2/"):
                if body is None:
                    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
                continue  # where JSON is not even read
            assert refusal_of(answer) == (401, "NOT_AUTHENTICATED"), (method, path)
            assert answer.headers["www-authenticate"] == 'Bearer realm="doorward"'


async def test_no_spelling_of_a_path_is_a_way_around(api: Api) -> None:
    """
    AZ-1: another case, version, slash or encoding of a closed path is no path at all, or as
    closed as the path itself.
    """
    await api.signed_in_user()
    for path in (
        "/api/v1/users/me/",
        "/api/v1//users/me",
        "//api/v1/users/me",
        "/api/v1/users/./me",
        "/api/v1/users/x/../me",
        "/API/v1/users/me",
        "/api/v2/users/me",
        "/api/users/me",
        "/api/v1/users/ME",
        "/api/v1/users/me;x=1",
        "/api/v1/users/me%00",
        "/api/v1/users/%6de",
        "/api/v1/users%2fme",
        "/api/v1/users/me.json",
        "/api/v1/users/me%20",
        "/dev/mailbox/../../api/v1/users/me",
    ):
        answer = await api.get(path)
        assert answer.status_code in {400, 401, 404}, path
        assert "example.com" not in answer.text.replace(PUBLIC_URL, "")


async def test_an_unknown_method_is_told_which_ones_there_are(api: Api) -> None:
    """
    HD-3: 405 with Allow; TRACE is refused; no header overrides a method.
    """
    for method in ("PUT", "PATCH", "DELETE", "GET", "BREW"):
        answer = await api.send(method, "/api/v1/sessions")
        assert refusal_of(answer) == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "POST"
    me = await api.send("POST", "/api/v1/users/me", json={})
    assert sorted(me.headers["allow"].split(", ")) == ["DELETE", "GET", "HEAD", "PATCH"]
    for method in ("TRACE", "CONNECT"):
        answer = await api.send(method, "/api/v1/sessions")
        assert refusal_of(answer) == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "POST"
    tokens = await api.signed_in_user()
    for name in ("x-http-method-override", "x-http-method", "x-method-override"):
        answer = await api.get(
            "/api/v1/users/me/sessions", access=tokens.access, headers={name: "DELETE"}
        )
        assert len(answer.json()["data"]) == 1
    await api.me(tokens)


async def test_options_names_only_what_is_there(api: Api) -> None:
    """
    HD-3: what each path knows, and nothing where there is no path.
    """
    for path, methods in (
        ("/api/v1/sessions", "POST"),
        ("/api/v1/users/me", "GET, HEAD, PATCH, DELETE"),
        ("/api/v1/roles/support", "GET, HEAD, PUT, DELETE"),
        ("/api/v1/invitations/accept", "POST"),
        ("/api/v1/invitations/019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a", "DELETE"),
        ("/api/v1/users/me/sessions", "GET, HEAD, DELETE"),
        ("/health/live", "GET, HEAD"),
        ("/verify-email", "GET, HEAD, POST"),
        ("/docs", "GET, HEAD"),
    ):
        for headers in ({}, {"idempotency-key": "k"}, {"origin": "https://a.example"}):
            answer = await api.send("OPTIONS", path, headers=headers)
            assert (answer.status_code, answer.content) == (204, b"")
            assert answer.headers["allow"] == methods
    for path in ("/api/v1/nothing", "/nowhere", "/metrics"):
        assert refusal_of(await api.send("OPTIONS", path)) == (404, "NOT_FOUND")


async def test_a_path_of_words_is_no_value_of_a_parameter(api: Api) -> None:
    """
    HD-3: of every two routes, on every method: what only the one with the parameter knows is 405.
    """
    tokens = await api.signed_in_user()
    known: dict[str, set[str]] = {}
    for route in iter_route_contexts(api.app.routes):
        known.setdefault(route.path or "", set()).update(route.methods or ())
    shared = [
        (words, template)
        for words, template in itertools.permutations(known, 2)
        if "{" not in words and re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), words)
    ]
    assert ("/api/v1/invitations/accept", "/api/v1/invitations/{invitation_id}") in shared
    for words, template in shared:
        names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
        allowed = ", ".join(m for m in names if m.replace("HEAD", "GET") in known[words])
        for method in sorted(known[template] - known[words]):
            for headers in ({}, {"idempotency-key": "k"}):
                for access in (None, tokens.access):
                    answer = await api.send(method, words, headers=headers, access=access)
                    assert refusal_of(answer) == (405, "METHOD_NOT_ALLOWED"), (method, words)
                    assert answer.headers["allow"] == allowed
        for method in ("OPTIONS", "BREW", "TRACE"):
            answer = await api.send(method, words)
            assert answer.headers["allow"] == allowed, (method, words)


@pytest.mark.parametrize("key", ["k", "", "not one\tkey", "x" * 201])
async def test_a_method_that_is_not_there_comes_before_the_idempotency_key(
    api: Api, key: str
) -> None:
    """
    HD-3: whether the key is good or not, with any caller or none; so does a path that is not there.
    """
    tokens = await api.signed_in_user()
    headers = {"idempotency-key": key}
    for access in (None, tokens.access):
        for method in ("PUT", "PATCH", "DELETE", "BREW"):
            answer = await api.send(method, "/api/v1/sessions", headers=headers, access=access)
            assert refusal_of(answer) == (405, "METHOD_NOT_ALLOWED")
        answer = await api.send("POST", "/api/v1/users/me", headers=headers, access=access)
        assert refusal_of(answer) == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "GET, HEAD, PATCH, DELETE"
        answer = await api.send("POST", "/api/v1/nothing", headers=headers, access=access)
        assert refusal_of(answer) == (404, "NOT_FOUND")


async def test_personal_answers_and_tokens_are_never_stored(api: Api) -> None:
    """
    HD-1: no-store on whatever holds a token or personal data, refusals included.
    """
    tokens = await api.signed_in_user()
    await api.refresh(tokens)
    await api.sessions(tokens)
    await api.try_sign_in(password="wrong")
    may_be_kept = ("/api/v1/errors", "/.well-known/", "/docs", "/openapi.json")
    personal = [
        answer for answer in api.answers if not answer.request.url.path.startswith(may_be_kept)
    ]
    assert len(personal) > 6
    for answer in personal:
        assert answer.headers["cache-control"] == "no-store", answer.request.url.path
    for answer in api.answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["strict-transport-security"].startswith("max-age=63072000")
        assert "access-control-allow-origin" not in answer.headers


async def test_pages_of_others_are_refused_by_default(api: Api) -> None:
    """
    HD-2: CORS is off: no preflight succeeds and no origin is repeated.
    """
    for origin in ("https://evil.example", "null", PUBLIC_URL):
        headers = {"origin": origin, "access-control-request-method": "POST"}
        answer = await api.send("OPTIONS", "/api/v1/sessions", headers=headers)
        assert answer.status_code == 405
        assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_only_exact_origins_are_let_in(start: Start) -> None:
    """
    HD-2: never a wildcard, never a reflection, never null.
    """
    api = await start(cors_origins="https://app.example.com")
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "If-Match"}
    good = {"origin": "https://app.example.com", **asked}
    answer = await api.http.request("OPTIONS", "/api/v1/sessions", headers=good)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "Origin" in answer.headers["vary"]
    for origin in (
        "https://app.example.com.evil.example",
        "https://evilapp.example.com",
        "http://app.example.com",
        "https://app.example.com:444",
        "https://APP.example.com",
        "null",
        "*",
    ):
        bad = {"origin": origin, **asked}
        for method in ("OPTIONS", "POST"):
            refused = await api.http.request(method, "/api/v1/sessions", headers=bad)
            assert "access-control-allow-origin" not in refused.headers, origin


PAGE = "https://app.example.com"
PREFLIGHT = {"origin": PAGE, "access-control-request-method": "GET"}


async def test_a_preflight_tells_what_the_path_knows(start: Start) -> None:
    """
    HD-2, HD-3: the methods that are there, and every header that is read here or on the way.
    """
    api = await start(cors_origins=PAGE)
    for path, methods in (
        ("/api/v1/users/me", "GET, HEAD, PATCH, DELETE"),
        ("/api/v1/sessions", "POST"),
        ("/.well-known/jwks.json", "GET, HEAD"),
    ):
        answer = await api.http.request("OPTIONS", path, headers=PREFLIGHT)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["access-control-allow-methods"] == methods
        assert int(answer.headers["access-control-max-age"]) > 0
        allowed = {name.lower() for name in _list(answer, "access-control-allow-headers")}
        ours = {"authorization", "content-type", "idempotency-key", "if-match", "x-csrf-token"}
        assert allowed >= ours | {"x-request-id", "traceparent", "tracestate", "baggage"}
        assert set(_list(answer, "vary")) == {
            "Origin",
            "Access-Control-Request-Method",
            "Access-Control-Request-Headers",
        }
    missing = await api.http.request("OPTIONS", "/api/v1/nothing", headers=PREFLIGHT)
    assert refusal_of(missing) == (404, "NOT_FOUND")
    assert missing.headers["access-control-allow-origin"] == PAGE


def _list(answer: httpx.Response, name: str) -> list[str]:
    return [each.strip() for each in answer.headers[name].split(",")]


@pytest.mark.parametrize("origin", [PAGE, "capacitor://localhost", "http://localhost"])
async def test_a_named_page_can_read_every_refusal(start: Start, origin: str) -> None:
    """
    HD-2: of every layer, the outermost one included; a page of others can read none.
    """
    api = await start(cors_origins=f"{PAGE},capacitor://localhost,http://localhost")
    large = {f"x-{n}": "1" for n in range(101)}
    asked: list[tuple[int, str, str, dict[str, Any]]] = [
        (200, "GET", "/health/live", {}),
        (200, "HEAD", "/health/live", {}),
        (400, "GET", "/api/v1/errors", {"headers": large}),
        (400, "GET", "/api/v1/errors?a=%zz", {}),
        (401, "GET", "/api/v1/users/me", {}),
        (404, "GET", "/nowhere", {}),
        (405, "TRACE", "/api/v1/users", {}),
        (405, "PUT", "/api/v1/users", {}),
        (413, "POST", "/api/v1/users", {"content": b" " * 70_000}),
        (415, "POST", "/api/v1/users", {"content": b"x"}),
        (422, "POST", "/api/v1/users", {"json": {}}),
        (204, "OPTIONS", "/api/v1/users", {}),
        (200, "OPTIONS", "/api/v1/users", {"headers": {"access-control-request-method": "POST"}}),
    ]
    for status, method, path, options in asked:
        for given in (origin, "https://evil.example", "null"):
            headers = {**options.get("headers", {}), "origin": given}
            answer = await api.send(method, path, **{**options, "headers": headers})
            if given == origin:
                assert answer.status_code == status, (method, path)
                assert answer.headers["access-control-allow-origin"] == origin
                assert answer.headers["access-control-allow-credentials"] == "true"
                assert {"ETag", "X-Request-ID", "Retry-After"} <= set(
                    _list(answer, "access-control-expose-headers")
                )
            else:
                assert not [name for name in answer.headers if name.startswith("access-control")]
            assert "Origin" in _list(answer, "vary")


async def test_a_named_page_can_read_500_and_503() -> None:
    """
    HD-2: what goes wrong outside of all routes is told to the page that asked as well.
    """
    for options, path, status in (
        ({}, "/raise/bug", 500),
        ({"deadline": 0.05}, "/sleep", 503),
        ({"is_ready": lambda: False}, "/api/v1/things/1", 503),
    ):
        app = behind_the_edge(build_app(), cors=Cors([PAGE]), **options)
        async with client_of(app) as client:
            answer = await client.get(path, headers={"origin": PAGE})
            preflight = await client.options("/api/v1/things/1", headers=PREFLIGHT)
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert preflight.status_code == 200  # so that the page comes to see the 503 itself


BODIES: list[bytes] = [
    b"",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b'{"email": "\\ud800@example.com", "password": "x"}',
    b'{"email": "a\\u0000@example.com", "password": "x"}',
    b'{"email": "ada@example.com", "password": NaN}',
    b'{"email": "ada@example.com", "password": Infinity}',
    b'{"email": 1e999}',
    b"[" * 20_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"email": "ada@example.com"',
    b"null",
    b"[]",
    b'"text"',
    b"1",
    b"true",
    b"\x00",
    b'{"email": "ada@example.com", "email": "eve@example.com"}',
    b'{"": 1}',
    b'{"email": {"a": [1, {"b": null}]}, "password": []}',
    json.dumps({"email": "a" * 5000, "password": "b" * 5000}).encode(),
    b"email=ada@example.com&password=x",
]


@every_store
async def test_any_bytes_are_answered_with_a_4xx(api: Api) -> None:
    """
    IN-1, IN-4: on every store alike; no answer repeats a byte of what was sent.
    """
    for method, path in UNSAFE:
        for body in BODIES:
            answer = await api.send(method, path, content=body, headers=JSON_TYPE)
            assert refusal_of(answer) in {
                (400, "MALFORMED_REQUEST"),
                (422, "VALIDATION_ERROR"),
            }, (path, body[:40])
    tokens = await api.signed_in_user()
    for body in BODIES:
        answer = await api.send(
            "PATCH", "/api/v1/users/me", content=body, headers=JSON_TYPE, access=tokens.access
        )
        assert answer.status_code in {400, 422}, body[:40]


async def test_only_json_is_read(api: Api) -> None:
    """
    IN-5: one content type; a form or plain text is no way to call us from a foreign page.
    """
    body = json.dumps({"email": "ada@example.com", "password": PASSWORD}).encode()
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/xml",
        "",
    ):
        answer = await api.send(
            "POST", "/api/v1/users", content=body, headers={"content-type": kind}
        )
        assert refusal_of(answer) == (415, "UNSUPPORTED_MEDIA_TYPE"), kind
    for encoding in ("gzip", "br"):
        headers = {**JSON_TYPE, "content-encoding": encoding}
        answer = await api.send("POST", "/api/v1/users", content=body, headers=headers)
        assert refusal_of(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert await api.user("ada@example.com") is None


async def test_a_body_over_the_limit_is_refused(start: Start) -> None:
    """
    IN-2: BODY_LIMIT, with and without a declared length.
    """
    api = await start(body_limit=1000)
    large = json.dumps({"email": "ada@example.com", "password": "x" * 2000}).encode()

    async def chunks() -> Any:
        for start_at in range(0, len(large), 100):
            yield large[start_at : start_at + 100]

    for content in (large, chunks()):
        answer = await api.send("POST", "/api/v1/users", content=content, headers=JSON_TYPE)
        assert refusal_of(answer) == (413, "PAYLOAD_TOO_LARGE")


@every_store
async def test_no_refusal_repeats_what_was_sent(api: Api) -> None:
    """
    IN-4: neither values nor made-up names, in body or headers; no class names, paths, versions.
    """
    tokens = await api.signed_in_user()
    marked: list[dict[str, Any]] = [
        {"email": MARK, "password": MARK, f"{MARK} ?": MARK},
        {"email": [MARK], "password": {MARK: 1}, "token": MARK, "refresh_token": [MARK]},
        {"token": MARK, "new_password": MARK},
        {"refresh_token": MARK},
        {"email": f"{MARK}@example.com", "password": MARK},
        {"display_name": MARK * 200},
    ]
    for method, path in [*UNSAFE, ("PATCH", "/api/v1/users/me")]:
        for body in marked:
            answer = await api.send(
                method, path, json=body, access=tokens.access, headers={"x-request-id": f"{MARK} "}
            )
            if answer.status_code >= 400:
                seen = answer.text + str(answer.headers)
                assert "sentinel" not in seen.lower().replace("x-request-id", ""), (path, body)
    for path in (f"/{MARK}", f"/api/v1/users/me/sessions/{MARK}", f"/api/v1/users/me?x={MARK}"):
        answer = await api.send("DELETE", path, access=tokens.access)
        assert MARK not in answer.text
    for answer in api.answers:
        if answer.status_code >= 400:
            for word in (
                "Traceback",
                "pydantic",
                "sqlalchemy",
                "/work",
                ".py",
                "fastapi",
                "Error:",
            ):
                assert word not in answer.text
