"""
What a connection may do to the real server: say nothing, say it slowly, say it in two ways.
"""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("said", [b"", b"GET /health/live HTTP/1.1\r\nHost: a\r\nX-Half: "])
def test_silence_and_half_a_header_are_cut_while_others_are_served(port: int, said: bytes) -> None:
    """
    IN-3: within ten seconds and a little; meanwhile a hundred of them delay nobody.
    """
    began = time.monotonic()
    crowd = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(100)]
    try:
        for connection in crowd:
            connection.sendall(said)
        answer = exchange(
            port, b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 200 ")
        for connection in crowd:
            assert connection.recv(1) == b""
    finally:
        for connection in crowd:
            connection.close()
    assert time.monotonic() - began < PATIENCE


def test_headers_without_an_end_are_refused_before_they_are_held(port: int) -> None:
    """
    IN-2: 64 KiB are enough for anybody.
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
