"""
What a connection may do to the real server: say nothing, say it slowly, say it in two ways.
"""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.http.edge.patience import HEADER_SECONDS
from tests.http.client import PASSWORD
from tests.support.processes import PATIENCE, free_port, started, wait_for_status

PAGE = b"https://app.example.com"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("served")
    settings = {"DATABASE_URL": "memory://", "PORT": str(port), "CORS_ORIGINS": PAGE.decode()}
    with started("serve", folder=folder, KEEP_ALIVE_SECONDS="2", **settings) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
        yield port


def exchange(port: int, sent: bytes) -> bytes:
    """
    Send the bytes and return all that comes until the server hangs up.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(sent)
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        return received


def test_silence_and_half_a_header_are_cut_while_others_are_served(port: int) -> None:
    """
    IN-3: within ten seconds and a little; meanwhile a hundred of each delay no other client.
    """
    began = time.monotonic()
    crowd = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(200)]
    try:
        for connection in crowd[::2]:
            connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\nX-Half: ")
        answer = exchange(
            port, b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - began < HEADER_SECONDS, "the others were cut first"
        for connection in crowd:
            assert connection.recv(1) == b""
    finally:
        for connection in crowd:
            connection.close()
    assert time.monotonic() - began < PATIENCE


def test_headers_without_an_end_are_refused_before_they_are_held(port: int) -> None:
    """
    IN-2: 64 KiB are enough for every client.
    """
    answer = exchange(port, b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + b"a" * 300_000)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length : 2\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Content-Length: +2\r\n",
        b"Content-Length: 2\n X: 1\r\n",
    ],
)
def test_ambiguous_framing_is_refused_and_the_connection_closed(port: int, head: bytes) -> None:
    """
    HD-5: a proxy that reads it otherwise must not smuggle a second request through.
    """
    answer = exchange(
        port,
        b"POST /api/v1/sessions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        + head
        + b"\r\n{}"
        + b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"200 OK" not in answer


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"identity, chunked", b"chunked;q=1"])
def test_a_coding_that_is_not_known_is_refused(port: int, coding: bytes) -> None:
    """
    HD-5: what it hides would be read as it is here, and decoded by a proxy (RFC 9112, 6.1).
    """
    head = b"POST /api/v1/users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    body = b"Transfer-Encoding: " + coding + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    behind = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = exchange(port, head + body + behind)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health/live HTTP/1.1\r\n",
        b"GET http://a/health/live HTTP/1.1\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a\r\nHost: a\r\n",
        b"GET /health/live HTTP/1.1\r\nhost: a\r\nX: 1\r\nHOST: b\r\n",
        b"GET /health/live HTTP/1.0\r\nHost: a\r\nHost: b\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a b\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a/b\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a@b\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a, b\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a:80:80\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: \xc3\xa4\r\n",
    ],
)
def test_which_host_is_asked_can_be_read_in_one_way(port: int, head: bytes) -> None:
    """
    HD-5: one Host of HTTP/1.1, no second one, and a valid one (RFC 9112, 3.2), or 400 and the end.
    """
    behind = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = exchange(port, head + b"Origin: " + PAGE + b"\r\n\r\n" + behind)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"\r\naccess-control-allow-origin: " + PAGE + b"\r\n" in answer
    assert b"MALFORMED_REQUEST" in answer
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "host",
    [
        b"a",
        b"a_b.example:8000",
        b"xn--mgba3a4f16a",
        b"127.0.0.1:80",
        b"[::1]",
        b"[2001:db8::1]:443",
        b"[fe80::1%25eth0]:1",
        b"a%20b",
        b"a:",
        b"",
    ],
)
def test_any_valid_host_is_answered(port: int, host: bytes) -> None:
    """
    RFC 9110, 7.2 and RFC 3986, 3.2.2; HTTP/1.0 needs none.
    """
    end = b"\r\nConnection: close\r\n\r\n"
    answer = exchange(port, b"GET /health/live HTTP/1.1\r\nHost: " + host + end)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert exchange(port, b"GET /health/live HTTP/1.0" + end).startswith(b"HTTP/1.1 200 ")


FRAMING: dict[str, bytes] = {
    "both lengths": (
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET /api/v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    ),
    "two lengths": (
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\n"
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
    ),
    "a space before the colon": b"GET /health/live HTTP/1.1\r\nHost : x\r\n\r\n",
    "a bare line feed": b"GET /health/live HTTP/1.1\nHost: x\n\n",
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a folded header": b"GET /health/live HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "a negative length": b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a header without end": b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 200_000 + b"\r\n\r\n",
}


def test_no_request_can_be_read_in_two_ways(port: int) -> None:
    """
    HD-5: whatever is framed ambiguously is refused, and nothing behind it is answered.
    """
    answers = {name: exchange(port, sent) for name, sent in FRAMING.items()}
    problems = {
        name: answer[:200]
        for name, answer in answers.items()
        if answer.count(b"HTTP/1.1 ") > 1 or answer.startswith((b"HTTP/1.1 2", b"HTTP/1.1 5"))
    }
    assert not problems
    body = json.dumps({"email": "ada@example.com", "password": PASSWORD}).encode()
    head = (
        b"POST /api/v1/users HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    )
    assert exchange(port, head + body).startswith(b"HTTP/1.1 201 ")
    answer = exchange(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"server:" not in answer.lower()


UNREAD = b"Host: a\r\nOrigin: " + PAGE + b"\r\nContent-Length: 1000000000000\r\n"
JSON = b"Content-Type: application/json\r\n"
PREFLIGHT = b"Access-Control-Request-Method: POST\r\n"


@pytest.mark.parametrize(
    ("status", "head"),
    [
        (400, b"POST /%00 HTTP/1.1\r\n" + UNREAD),
        (400, b"POST /api/v1/users?a=%zz HTTP/1.1\r\n" + UNREAD),
        (400, b"GET /api/v1/users?a=%ff HTTP/1.1\r\n" + UNREAD),
        (400, b"HEAD /%00 HTTP/1.1\r\n" + UNREAD),
        (400, b"POST /api/v1/users HTTP/1.1\r\n" + b"A: b\r\n" * 120 + UNREAD),
        (400, b"POST /%00 HTTP/1.1\r\nHost: a\r\nOrigin: " + PAGE + b"\r\n"
              b"Transfer-Encoding: chunked\r\n"),
        (400, b"POST /api/v1/users HTTP/1.1\r\n" + UNREAD.replace(b"1000", b"1000" * 9)),
        (400, b"POST /api/v1/users HTTP/1.1\r\n" + UNREAD.replace(b" 1000", b" +1000")),
        (405, b"TRACE /api/v1/users HTTP/1.1\r\n" + UNREAD),
        (405, b"BREW /api/v1/users HTTP/1.1\r\n" + UNREAD),
        (413, b"POST /api/v1/users HTTP/1.1\r\n" + JSON + UNREAD),
        (413, b"GET /health/live HTTP/1.1\r\n" + UNREAD),
        (413, b"OPTIONS /health/live HTTP/1.1\r\n" + UNREAD),
        (413, b"POST /api/v1/users HTTP/1.1\r\nExpect: 100-continue\r\n" + UNREAD),
        (200, b"OPTIONS /api/v1/users HTTP/1.1\r\n" + PREFLIGHT + UNREAD),
    ],
)  # fmt: skip
def test_an_answer_before_the_body_is_the_last_one(port: int, status: int, head: bytes) -> None:
    """
    IN-2, IN-3, HD-2: it can be read, by the page that asked as well, and then nothing is.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        while not received.endswith(b'"checks":{}}'):
            received += connection.recv(65536)
        assert b"connection: close" not in received
        connection.sendall(head + b"\r\n5")
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert answer.count(b"HTTP/1.1 ") == 1
        assert b"\r\nconnection: close\r\n" in answer
        assert b"\r\nx-request-id: " in answer
        assert b"\r\naccess-control-allow-origin: " + PAGE + b"\r\n" in answer
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            _send_much(connection)


def _send_much(connection: socket.socket) -> None:
    for _ in range(1500):
        connection.sendall(b"x" * 65536)


def test_a_complete_body_keeps_the_connection(port: int) -> None:
    """
    HD-5: whatever the answer is, the next request on the connection is read as one.
    """
    asked = [
        (b"POST /%00", 400), (b"POST /nowhere", 415), (b"PUT /api/v1/users", 415),
        (b"TRACE /api/v1/users", 405), (b"GET /health/live", 415), (b"DELETE /nowhere", 415),
    ]  # fmt: skip
    sent = b"".join(
        line + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}" for line, _ in asked
    )
    last = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    statuses = [int(part[:3]) for part in exchange(port, sent + last).split(b"HTTP/1.1 ")[1:]]
    assert statuses == [*(status for _, status in asked), 200]


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nOrigin: " + PAGE + b"\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nOrigin: " + PAGE + b"\r\nA: " + b"a" * 200_000 + b"\r\n\r\n",
        b"POST /api/v1/users HTTP/1.1\r\nOrigin: " + PAGE
        + b"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)  # fmt: skip
def test_what_is_no_http_is_refused_like_all_else(port: int, sent: bytes) -> None:
    """
    HD-2, HD-5: in the envelope, with a request id, and readable for the page that sent it.
    """
    head, _, body = exchange(port, sent).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"\r\naccess-control-allow-origin: " + PAGE + b"\r\n" in head
    error = json.loads(body)["error"]
    assert error["code"] == "MALFORMED_REQUEST"
    assert f"x-request-id: {error['request_id']}".encode() in head


def test_an_idle_connection_is_kept_for_as_long_as_is_set(port: int) -> None:
    """
    IN-3: KEEP_ALIVE_SECONDS, two here; no client says when it ends.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        for _ in range(2):
            connection.sendall(b"HEAD /health/live HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        began = time.monotonic()
        assert connection.recv(65536) == b""
        assert time.monotonic() - began > 1
