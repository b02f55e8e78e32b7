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


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port = free_port()
    folder: Path = tmp_path_factory.mktemp("served")
    with started("serve", folder=folder, DATABASE_URL="memory://", PORT=str(port)) as process:
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
