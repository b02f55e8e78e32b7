"""
The protocol in this process, with little patience: what a client may send, and how it may read.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from entrypoints.http.edge import patience, skimming, stalling
from entrypoints.http.edge.cors import Cors
from entrypoints.http.edge.patience import PatientProtocol
from entrypoints.http.edge.skimming import RestOfHead
from tests.http.edge.application import behind_the_edge, build_app

PATIENCE = 20.0
OF_A_BODY = 2.0 * 0.8
"""
The time of a body behind the edge of these tests.
"""
GET = b"GET /api/v1/things/1 HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /api/v1/things/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
CHUNKED = (
    b"POST /echo HTTP/1.1\r\nHost: a\r\n"
    b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
)


class Served:
    """
    A server, its connections, and clients of it.
    """

    def __init__(self, port: int, protocols: list[PatientProtocol]) -> None:
        self.port = port
        self.protocols = protocols

    async def client(self, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """
        Return a connection of a client that takes little before it reads.
        """
        end = socket.socket()
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        end.setblocking(False)
        await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", self.port))
        return await asyncio.open_connection(sock=end, **options)

    async def exchange(self, sent: bytes) -> bytes:
        """
        Send, and return all that comes until the server hangs up.
        """
        reader, writer = await self.client()
        try:
            writer.write(sent)
            return await asyncio.wait_for(reader.read(), PATIENCE)
        finally:
            writer.close()


@asynccontextmanager
async def serving(app: Any, **options: Any) -> AsyncIterator[Served]:
    config = uvicorn.Config(
        app, http=PatientProtocol, ws="none", lifespan="off", log_config=None, **options
    )
    config.load()
    state, protocols = ServerState(), list[PatientProtocol]()

    def protocol() -> PatientProtocol:
        protocols.append(PatientProtocol(config, state, {}))
        return protocols[-1]

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    try:
        yield Served(server.sockets[0].getsockname()[1], protocols)
    finally:
        server.close()
        for each in protocols:
            each.transport.abort()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving(behind_the_edge(build_app())) as served:
        yield served


async def until(holds: Callable[[], bool]) -> None:
    """
    Return once it holds.
    """
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


def of_size(size: int) -> Any:
    """
    Return an app whose every answer has this many bytes, in pieces.
    """

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"%d" % size)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for start in range(0, size, 65536):
            piece = bytes(min(65536, size - start))
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return app


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2_000, 50_000_000], ids=["many answers", "one answer"])
async def test_a_client_that_does_not_read_is_cut(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """
    IN-3: after STALL_SECONDS without a byte; until then little of it is held.
    """
    monkeypatch.setattr(stalling, "STALL_SECONDS", 0.3)
    most = 0
    async with serving(of_size(size)) as served:
        _, writer = await served.client(limit=1024)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(GET * 5000)
        await until(lambda: bool(served.protocols))
        [protocol] = served.protocols

        def is_cut() -> bool:
            nonlocal most
            most = max(most, protocol.transport.get_write_buffer_size())
            return protocol not in protocol.connections

        await until(is_cut)
        assert 0 < most < 300_000
        await until(lambda: not protocol.tasks)
        writer.transport.abort()


async def test_a_client_that_reads_slowly_gets_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    IN-3: what counts is that it reads, not for how long.
    """
    size = 8_000_000
    monkeypatch.setattr(stalling, "STALL_SECONDS", 0.5)
    async with serving(of_size(size)) as served:
        reader, writer = await served.client(limit=65536)
        writer.write(LAST)
        await reader.readuntil(b"\r\n\r\n")
        taken = 0
        while piece := await asyncio.wait_for(reader.read(400_000), PATIENCE):
            taken += len(piece)
            await asyncio.sleep(0.01)
        assert taken == size
        writer.close()


async def test_an_answer_that_is_never_taken_does_not_keep_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    IN-3: also where it is too short for the flow control, and the server has closed already.
    """
    monkeypatch.setattr(stalling, "STALL_SECONDS", 0.3)
    async with serving(of_size(30_000)) as served:
        _, writer = await served.client(limit=1024)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await until(lambda: bool(served.protocols))
        [protocol] = served.protocols
        protocol.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, 4096
        )
        writer.write(LAST)
        await until(lambda: protocol not in protocol.connections)
        writer.transport.abort()


# --- pipelining ---------------------------------------------------------------------------------


async def test_what_is_pipelined_is_all_answered_and_little_of_it_is_held(served: Served) -> None:
    """
    IN-3: requests that wait for their turn are kept as bytes, and no more than were read at once.
    """
    reader, writer = await served.client(limit=2**24)
    writer.write(GET * 2_000 + LAST)
    await until(lambda: bool(served.protocols))
    [protocol] = served.protocols
    most = 0

    async def look() -> None:
        nonlocal most
        while True:
            most = max(most, len(protocol.pipeline))
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    looking.cancel()
    assert answer.count(b"HTTP/1.1 200 ") == 2_001
    assert 0 < most <= 4096 / len(GET) + 1
    writer.close()


async def test_a_head_that_waits_behind_others_is_not_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    IN-3: half of it came, and we did not read on.
    """
    monkeypatch.setattr(patience, "HEADER_SECONDS", 0.4)
    asked = 0

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            await asyncio.sleep(1)
        await of_size(10)(scope, receive, send)

    async with serving(slow) as served:
        answer = await served.exchange(GET * 500 + LAST)
    assert answer.count(b"HTTP/1.1 200 ") == 501


async def test_half_a_head_does_not_cost_an_earlier_request_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    IN-3
    """
    monkeypatch.setattr(patience, "HEADER_SECONDS", 0.1)

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.5)
        await of_size(10)(scope, receive, send)

    async with serving(slow) as served:
        answer = await served.exchange(GET + b"GET / HTTP/1.1\r\nHost: ")
    assert answer.count(b"HTTP/1.1 200 ") == 1


async def test_an_empty_line_is_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    IN-3: a client that sends one has as long for the rest as for any head.
    """
    monkeypatch.setattr(patience, "HEADER_SECONDS", 0.2)
    async with serving(of_size(10)) as served:
        reader, writer = await served.client()
        writer.write(GET)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\r\n\r\n")
        assert len(await asyncio.wait_for(reader.read(), PATIENCE)) == 10
        writer.close()


async def test_a_request_for_another_protocol_does_not_swallow_the_next(served: Served) -> None:
    """
    RFC 9110, 7.8: an Upgrade that is not taken up changes nothing.
    """
    upgrade = (
        b"GET /api/v1/things/1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    )
    answer = await served.exchange(upgrade + LAST)
    assert answer.count(b"HTTP/1.1 200 ") == 2


# --- bodies -------------------------------------------------------------------------------------


async def test_a_body_that_comes_in_pieces_keeps_the_connection(served: Served) -> None:
    """
    HD-5: an answer after all of the body is no reason to close.
    """
    reader, writer = await served.client()
    for _ in range(3):
        writer.write(
            b"POST /echo HTTP/1.1\r\nHost: a\r\n"
            b"Content-Type: application/json\r\nContent-Length: 6\r\n\r\n"
        )
        await until(lambda: bool(served.protocols) and served.protocols[0].cycle is not None)
        await asyncio.sleep(0.02)
        for piece in (b'{"a', b'":1}'[:3]):
            writer.write(piece)
            await asyncio.sleep(0.02)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        assert b"connection: close" not in head
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()


async def test_only_a_body_that_is_still_to_come_is_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    IN-2: each body that is not there yet has its time; what is there takes none, and no timer.
    """
    reader, writer = await served.client()
    timed: list[float] = []
    genuine = asyncio.timeout

    def timeout(seconds: float) -> asyncio.Timeout:
        if seconds == OF_A_BODY:
            timed.append(seconds)
        return genuine(seconds)

    monkeypatch.setattr(asyncio, "timeout", timeout)
    head = (
        b"POST /echo HTTP/1.1\r\nHost: a\r\n"
        b"Content-Type: application/json\r\nContent-Length: 7\r\n\r\n"
    )

    async def answered() -> int:
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
        assert answer.startswith(b"HTTP/1.1 200 ")
        length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        return len(timed)

    writer.write(head + b'{"a":1}')
    assert await answered() == 0
    writer.write(head + b'{"a":1}' + head + b'{"b":1}')
    assert [await answered(), await answered()] == [0, 0]
    writer.write(head + b'{"a"')
    await until(lambda: len(timed) == 1)
    writer.write(b":1}")
    assert await answered() == 1
    writer.write(CHUNKED + b'\r\n7\r\n{"a":1}\r\n')
    await until(lambda: len(timed) == 2)
    writer.write(b"0\r\n\r\n")
    assert await answered() == 2
    writer.close()


@pytest.mark.parametrize("rest", [b"a" * 4096, b"a"], ids=["as fast as it can", "a byte at a time"])
async def test_the_rest_of_a_refused_body_is_read_for_a_moment_only(
    served: Served, monkeypatch: pytest.MonkeyPatch, rest: bytes
) -> None:
    """
    IN-2, IN-3: the refusal can be read, and then the connection is gone.
    """
    monkeypatch.setattr(patience, "LINGER_SECONDS", 0.5)
    monkeypatch.setattr(patience, "LINGER_BYTES", 1_000_000)
    reader, writer = await served.client()
    writer.write(b"POST /%00 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nconnection: close\r\n" in answer
    sent = 0

    async def send_on() -> None:
        nonlocal sent
        while True:
            writer.write(rest)
            await writer.drain()
            sent += len(rest)
            await asyncio.sleep(0.02 if len(rest) == 1 else 0)

    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        await asyncio.wait_for(send_on(), PATIENCE)
    assert sent < 20_000_000
    [protocol] = served.protocols
    assert protocol not in protocol.connections


async def test_a_refusal_reaches_a_client_that_sends_all_before_it_reads(served: Served) -> None:
    """
    IN-2: closing at once would reset the connection, and the refusal with it.
    """
    body = b" " * 10_000_000
    reader, writer = await served.client()
    writer.write(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body))
    writer.write(body)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    assert answer.startswith(b"HTTP/1.1 413 ")
    writer.close()


async def test_trailers_are_no_headers(served: Served) -> None:
    """
    HD-5: a proxy that sets X-Forwarded-For, or takes a header out, does not see them.
    """
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        seen.extend(name for name, _ in scope["headers"])
        await of_size(1)(scope, receive, send)

    body = b"\r\n2\r\n{}\r\n0\r\nX-Forwarded-For: 6.6.6.6\r\nAuthorization: Bearer x\r\n\r\n"
    async with serving(app) as other:
        answer = await other.exchange(CHUNKED + b"Connection: close\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert seen == [b"host", b"content-type", b"transfer-encoding", b"connection"]


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n",
        b"2\r\n{}x",
        b"0\r\nA: " + b"a" * 3_000_000,
        b"2;" + b"a" * 3_000_000,
        b"2\r\n{}\r\n0\r\n" + b"A: b\r\n" * 500_000,
    ],
    ids=["no size", "no end", "a long trailer", "a long extension", "many trailers"],
)
async def test_a_body_without_clear_framing_is_refused_by_us(served: Served, body: bytes) -> None:
    """
    HD-5, IN-2: in the envelope, and nothing is read after it.
    """
    answer = await served.exchange(CHUNKED + b"\r\n" + body + LAST)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"MALFORMED_REQUEST"' in answer


# --- what is no HTTP ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET / HTTP/1.1\r\nA : b\r\n\r\n"]
)
async def test_a_refusal_waits_for_the_answers_before_it(served: Served, sent: bytes) -> None:
    """
    HD-5: else a client takes it for the answer to another request.
    """
    answer = await served.exchange(GET * 3 + sent + GET)
    statuses = [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"200", b"200", b"400"]
    assert answer.count(b"connection: close") == 1


@pytest.mark.parametrize(
    ("path", "status"), [(b"/api/v1/things/1", b"405"), (b"/nowhere", b"404"), (b"things", b"400")]
)
async def test_a_method_that_no_server_knows_is_405(
    served: Served, path: bytes, status: bytes
) -> None:
    """
    HD-3: with Allow, and only where there is something.
    """
    head = b" HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\nContent-Length: 5\r\n\r\n"
    answer = await served.exchange(b"BREW " + path + head + b"GET /" + LAST)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1 ") == 1
    if status == b"405":
        assert b"\r\nallow: GET, HEAD, DELETE\r\n" in answer


def test_it_is_the_same_on_uvloop() -> None:
    """
    IN-2, IN-3: the loop that the service runs on closes and pauses in ways of its own.
    """

    async def story() -> tuple[bytes, bytes]:
        async with serving(behind_the_edge(build_app())) as served:
            refused = await served.exchange(
                b"POST /%00 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000000\r\n\r\n{}"
            )
            return refused, await served.exchange(GET * 500 + LAST)

    refused, answers = asyncio.run(story(), loop_factory=uvloop.new_event_loop)
    assert refused.startswith(b"HTTP/1.1 400 ")
    assert answers.count(b"HTTP/1.1 200 ") == 501


PAGE = b"Origin: https://app.example.com\r\n"
ALLOWED = b"\r\naccess-control-allow-origin: https://app.example.com\r\n"
LONG = b"a" * 70_000


@pytest.fixture
async def for_a_page() -> AsyncIterator[Served]:
    app = behind_the_edge(build_app(), cors=Cors(["https://app.example.com"]))
    async with serving(app) as served:
        yield served


@pytest.mark.parametrize(
    ("status", "head"),
    {
        "a long request line": (400, b"GET /?" + LONG + b" HTTP/1.1\r\nHost: a\r\n"),
        "a very long one": (400, b"GET /?" + LONG * 25 + b" HTTP/1.1\r\nHost: a\r\n"),
        "a long header": (400, b"GET / HTTP/1.1\r\nHost: a\r\nA: " + LONG + b"\r\n"),
        "many headers": (400, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 12_000),
        "a bad header": (400, b"GET / HTTP/1.1\r\nHost : a\r\nA: " + b"a" * 5_000 + b"\r\n"),
        "a bad character": (400, b"GET /\x01 HTTP/1.1\r\nA: " + b"a" * 5_000 + b"\r\n"),
        "another version": (400, b"GET / HTTP/3.7\r\nHost: a\r\nA: " + b"a" * 5_000 + b"\r\n"),
        "no version": (400, b"GET / HTTP\r\nHost: a\r\n"),
        "no name of a method": (
            405,
            b"BREW /api/v1/things/1 HTTP/1.1\r\nHost: a\r\nCookie: " + b"a" * 5_000 + b"\r\n",
        ),
    }.values(),
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
@pytest.mark.parametrize("ends", [b"\r\n", b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"])
async def test_the_page_that_sent_a_bad_head_can_read_the_refusal(
    for_a_page: Served, status: int, head: bytes, ends: bytes
) -> None:
    """
    HD-2: its Origin may come after what is wrong, and in another packet.
    """
    answer = await for_a_page.exchange(head + b"X-Request-Id: mine\r\n" + PAGE + ends)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert ALLOWED in answer
    assert b"\r\nx-request-id: mine\r\n" in answer


@pytest.mark.parametrize("cut", [1, 17, 18, 19, 30, 31, 32, 33, 34, 60])
async def test_the_rest_of_a_bad_head_may_come_later(for_a_page: Served, cut: int) -> None:
    """
    HD-2: wherever it is cut.
    """
    reader, writer = await for_a_page.client()
    head = b"GET / HTTP/1.1\r\nHost : a\r\n"
    rest = b"Accept: */*\r\n" + PAGE + b"A: b\r\n\r\n"
    writer.write(head)
    await until(lambda: bool(for_a_page.protocols) and for_a_page.protocols[0].is_looking)
    for piece in (rest[:cut], rest[cut:]):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert ALLOWED in answer
    writer.close()


async def test_a_later_request_on_a_connection_is_refused_with_its_own_origin(
    for_a_page: Served,
) -> None:
    """
    HD-2: and not with the one of the request before it.
    """
    reader, writer = await for_a_page.client()
    writer.write(GET.replace(b"\r\n\r\n", b"\r\n" + PAGE + b"\r\n"))
    first = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    assert ALLOWED in first
    await until(lambda: for_a_page.protocols[0].cycle.response_complete)
    writer.write(b"GET /?" + LONG + b" HTTP/1.1\r\nHost: a\r\nOrigin: https://b.example\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    assert b"HTTP/1.1 400 " in answer
    assert b"access-control-allow-origin" not in answer
    writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /?" + LONG,
        b"GET / HTTP/1.1\r\nHost: a\r\nA: " + LONG,
        b"GET / HTTP/1.1\r\nHost : a\r\n" + b"A: b\r\n" * 100,
        b"GET / HTTP/1.1\r\nHost: a\r\nA: " + LONG + b"\r\nOrigin: https://app.exam",
    ],
    ids=["line", "header", "bad header", "half an Origin"],
)
async def test_a_bad_head_without_an_end_is_refused_to_no_page(
    for_a_page: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    """
    HD-2, IN-3: its Origin was never read; it is waited for a moment, and then refused as all else.
    """
    monkeypatch.setattr(patience, "LINGER_SECONDS", 0.2)
    answer = await for_a_page.exchange(sent)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"access-control-allow-origin" not in answer
    assert b"\r\nvary: Origin\r\n" in answer
    assert b'"MALFORMED_REQUEST"' in answer


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-OpenSSH\r\n", b"EHLO a\r\n",
     b"{}\r\n"],
)  # fmt: skip
async def test_what_does_not_begin_as_http_is_refused_at_once(
    for_a_page: Served, sent: bytes
) -> None:
    """
    HD-5: there is nothing to wait for.
    """
    reader, writer = await for_a_page.client()
    writer.write(sent)
    await until(lambda: bool(for_a_page.protocols))
    assert (await asyncio.wait_for(reader.read(), PATIENCE)).startswith(b"HTTP/1.1 400 ")
    assert not for_a_page.protocols[0].is_looking
    writer.close()


async def test_of_a_head_no_more_is_looked_at_than_browsers_send(
    for_a_page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    IN-2: what comes behind is thrown away.
    """
    monkeypatch.setattr(skimming, "MAX_SKIMMED_BYTES", 100_000)
    head = b"GET /?" + LONG * 4 + b" HTTP/1.1\r\nHost: a\r\n"
    answer = await for_a_page.exchange(head + PAGE + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert ALLOWED not in answer


def test_little_of_a_head_is_kept_while_it_is_looked_through() -> None:
    """
    IN-2: neither a long line nor many fields.
    """
    rest = RestOfHead()
    for piece in (b"GET /" + b"a" * 100_000, b"a" * 100_000, b"\r\n" + b"Origin: b\r\n" * 1000):
        assert not rest.is_over_with(piece)
        held = sum(len(value) for value in vars(rest).values() if isinstance(value, bytes))
        assert held <= 4096
    assert 0 < len(rest.fields) <= 16
    assert rest.is_over_with(b"\r\n")


def test_the_end_of_a_line_may_be_cut() -> None:
    """
    HD-2: what comes behind the cut is not the end of the head.
    """
    rest = RestOfHead([(b"host", b"a")])
    assert not rest.is_over_with(b"\nBad : b\r\nOrigin: c\r")
    assert not rest.is_over_with(b"\n")
    assert rest.is_over_with(b"\r\n")
    assert rest.fields == [(b"origin", b"c")]
