import asyncio
import contextlib
import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send

from entrypoints.http.edge.cors import Cors
from entrypoints.http.edge.middleware import Draining, RequestContext
from entrypoints.logging import request_id
from tests.http.edge.application import (
    PUBLIC_URL,
    behind_the_edge,
    build_app,
    client_of,
    code_of,
)
from tests.support.logging_state import captured_records, logging_as_before

APP = "https://app.example.com"


@pytest.fixture
def log() -> Iterator[list[Any]]:
    """
    Every record of the test.
    """
    with captured_records() as records:
        yield records


async def test_a_request_id_is_taken_over(client: httpx.AsyncClient) -> None:
    for given in ("a", "A.b_c-9" * 18, "x" * 128):
        answer = await client.get("/api/v1/things/1", headers={"x-request-id": given})
        assert answer.headers.get_list("x-request-id") == [given]
        assert answer.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", "ü", "a\x1b[31m", "{}", "a/b"])
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    """
    LG-2: what stands in every log line is chosen by no client.
    """
    answer = await client.get("/nowhere", headers=[(b"x-request-id", given.encode())])
    made = answer.headers["x-request-id"]
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert answer.json()["error"]["request_id"] == made


async def test_two_request_ids_are_none(client: httpx.AsyncClient) -> None:
    headers = [("x-request-id", "one"), ("x-request-id", "two")]
    answer = await client.get("/nowhere", headers=headers)
    assert answer.headers["x-request-id"] not in {"one", "two"}


@pytest.mark.parametrize("path", ["/api/v1/things/1", "/nowhere", "/raise/bug", "/openapi.json"])
async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    """
    HD-1
    """
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    seconds = re.search(r"max-age=(\d+)", headers["strict-transport-security"])
    assert seconds is not None
    assert int(seconds[1]) >= 365 * 24 * 3600
    assert "server" not in headers


async def test_cache_control_is_no_store_unless_a_route_says_otherwise(
    client: httpx.AsyncClient,
) -> None:
    """
    HD-1
    """
    assert (await client.get("/api/v1/things/1")).headers["cache-control"] == "no-store"
    streamed = await client.get("/stream")
    assert streamed.headers.get_list("cache-control") == ["public, max-age=1"]


async def test_without_tls_no_client_is_told_to_use_it() -> None:
    app = behind_the_edge(build_app(), public_url="http://127.0.0.1:8000")
    async with client_of(app) as client:
        answer = await client.get("/nowhere")
    assert "strict-transport-security" not in answer.headers


async def test_a_request_ends_by_its_deadline(log: list[Any]) -> None:
    """
    DB-6: 503 instead of a wait without end.
    """
    async with client_of(behind_the_edge(build_app(), deadline=0.1)) as client:
        answer = await client.get("/sleep")
    assert (answer.status_code, code_of(answer)) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    assert [record["log_level"] for record in log] == ["warning", "info"]


async def test_a_stream_may_take_longer() -> None:
    async with client_of(behind_the_edge(build_app(), deadline=0.2)) as client:
        assert (await client.get("/stream")).text == "abc"


async def test_a_timeout_of_others_is_not_the_deadline(client: httpx.AsyncClient) -> None:
    assert (await client.get("/raise/timeout")).status_code == 500


async def test_a_bug_is_logged_and_answered(client: httpx.AsyncClient, log: list[Any]) -> None:
    answer = await client.get("/raise/bug", headers={"x-request-id": "abc"})
    assert code_of(answer) == "INTERNAL_ERROR"
    failed, request = log
    assert (failed["log_level"], request["status"]) == ("error", 500)
    assert isinstance(failed["exc_info"], RuntimeError)


async def test_an_answer_that_breaks_off_is_not_made_to_look_whole(log: list[Any]) -> None:
    """
    The connection stays sane: no second answer is written into the first.
    """
    starts: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(10)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            starts.append(message)
        assert message.get("more_body", True), "the answer must not be completed"

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/half",
        "raw_path": b"/half",
        "root_path": "",
        "query_string": b"",
        "headers": [],
    }
    await behind_the_edge(build_app())(scope, receive, send)
    assert [start["status"] for start in starts] == [200]
    assert {record["event"] for record in log} == {"request failed", "request"}


async def test_an_app_that_says_nothing_still_gets_an_answer(log: list[Any]) -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None: ...

    async with client_of(behind_the_edge(silent)) as client:
        assert (await client.get("/")).status_code == 500
    assert log


async def test_a_cancelled_request_is_logged_and_stays_cancelled(log: list[Any]) -> None:
    app = behind_the_edge(build_app())
    async with client_of(app) as client:
        task = asyncio.create_task(client.get("/sleep"))
        await asyncio.sleep(0.05)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert task.cancelled()
    assert [record["event"] for record in log] == ["request"]


@pytest.mark.parametrize(
    "headers",
    [[(f"x-{n}", "1") for n in range(101)], [("x-large", "a" * 33_000)]],
    ids=["many", "large"],
)
async def test_headers_are_limited(
    client: httpx.AsyncClient, headers: list[tuple[str, str]]
) -> None:
    """
    IN-2
    """
    answer = await client.get("/api/v1/things/1", headers=headers)
    assert (answer.status_code, code_of(answer)) == (400, "MALFORMED_REQUEST")


@pytest.mark.parametrize("path", ["/api/v1/things/1", "/nowhere"])
async def test_trace_is_refused(client: httpx.AsyncClient, path: str) -> None:
    """
    HD-3
    """
    answer = await client.request("TRACE", path, headers={"cookie": "a=b"})
    assert (answer.status_code, code_of(answer)) == (405, "METHOD_NOT_ALLOWED")
    assert "TRACE" not in answer.headers["allow"]
    assert "a=b" not in answer.text


async def test_a_method_cannot_be_overridden(client: httpx.AsyncClient) -> None:
    """
    HD-3
    """
    headers = {"x-http-method-override": "DELETE", "x-method-override": "DELETE"}
    assert (await client.get("/api/v1/things/1", headers=headers)).status_code == 200
    answer = await client.get("/api/v1/things/1?_method=DELETE", headers=headers)
    assert answer.status_code == 200


async def test_one_line_per_request(client: httpx.AsyncClient, log: list[Any]) -> None:
    """
    LG-1: the route and no query, since a query may hold a token.
    """
    await client.get("/api/v1/things/v1?sort=dwr_secret")
    (record,) = log
    assert 0 <= record.pop("duration_ms") < 5000
    assert record == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/api/v1/things/{thing_id}",
        "status": 200,
        "client": "127.0.0.1",
        "user_id": "0190",
    }


async def test_the_line_carries_the_request_id() -> None:
    seen: list[str | None] = []

    def note(_logger: object, _method: str, event: Any) -> Any:
        if event["event"] in {"request failed", "request"}:  # the client's log may be on, too
            seen.append(request_id.get())
        raise structlog.DropEvent

    with logging_as_before():
        structlog.configure(processors=[note])
        async with client_of(behind_the_edge(build_app())) as client:
            await client.get("/raise/bug", headers={"x-request-id": "abc"})
    assert seen == ["abc", "abc"]
    assert request_id.get() is None


async def test_the_address_is_found_once_for_all(log: list[Any]) -> None:
    """
    RL-3
    """
    trusted = (ip_network("10.0.0.0/8"),)
    app = behind_the_edge(build_app(), trusted_proxies=trusted)
    headers = {"x-forwarded-for": "1.1.1.1, 6.6.6.6"}
    for peer, expected in (("10.0.0.1", "6.6.6.6"), ("203.0.113.9", "203.0.113.9")):
        async with client_of(app, client=(peer, 1234)) as client:
            answer = await client.get("/api/v1/things/1", headers=headers)
        assert answer.json()["client_address"] == expected
        assert log[-1]["client"] == expected


async def test_nothing_depends_on_the_host(client: httpx.AsyncClient) -> None:
    """
    AT-2: the public address comes from the settings alone.
    """
    headers = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    answer = await client.get(
        "/raise/nobody", headers={**headers, "accept": "application/problem+json"}
    )
    assert answer.json()["type"].startswith(PUBLIC_URL)
    assert "evil" not in answer.text


async def test_cors_answers_the_named_origins_only() -> None:
    """
    HD-2: exact, no reflection, no `null`.
    """
    async with client_of(behind_the_edge(build_app(), cors=Cors([APP]))) as client:
        for origin, is_allowed in (
            (APP, True),
            (f"{APP}.evil.example", False),
            ("https://evil.example", False),
            ("null", False),
        ):
            headers = {"origin": origin, "access-control-request-method": "PATCH"}
            preflight = await client.options("/api/v1/users", headers=headers)
            answer = await client.get("/api/v1/things/1", headers=headers)
            for each in (preflight, answer):
                allowed = each.headers.get("access-control-allow-origin")
                assert allowed == (origin if is_allowed else None)
    for unsafe in ("*", "null"):
        with pytest.raises(ValueError, match="exact"):
            Cors([unsafe])


def test_draining_begins_once_and_for_all() -> None:
    """
    DU-2
    """
    draining = Draining()
    assert not draining
    draining.begin()
    assert draining


async def test_other_protocols_pass() -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any: ...

    context = RequestContext(app, public_url=PUBLIC_URL, deadline=1)
    await context({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]
