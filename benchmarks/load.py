"""The load: a small HTTP/1.1 client on raw sockets, bounded in count and in time.

A ready-made client costs more per request than the servers that are measured. This one keeps
its connections, sends the next request when the last one is answered, and looks at every answer:
the status, and a piece of the body that only the right answer has.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

_ANSWER_SECONDS = 60.0
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "


class Caller(Protocol):
    """What one connection says: its next request, and what it makes of an answer."""

    def request(self) -> bytes | None:
        """Return the next request, or None if there is nothing more to ask."""

    def accept(self, status: bytes, body: bytes) -> bool:
        """Tell whether this is the right answer to the last request."""


class Repeating:
    """Asks the same thing again and again."""

    def __init__(self, request: bytes, *, status: bytes, expected: bytes) -> None:
        self._request, self._status, self._expected = request, status, expected

    def request(self) -> bytes | None:
        """Return the request."""
        return self._request

    def accept(self, status: bytes, body: bytes) -> bool:
        """Look at the status and for the piece that has to be in the body."""
        return status == self._status and self._expected in body


class Once:
    """Asks with one token after the other, and with none twice."""

    def __init__(
        self, requests: Sequence[bytes], *, expected: bytes, status: bytes = b"200"
    ) -> None:
        self._left, self._expected, self._status = list(requests), expected, status

    def request(self) -> bytes | None:
        """Return a request that was never sent, while there is one."""
        return self._left.pop() if self._left else None

    def accept(self, status: bytes, body: bytes) -> bool:
        """Look at the status and for the piece that has to be in the body."""
        return status == self._status and self._expected in body


class Refreshing:
    """Spends each refresh token for the next one; keeps the access tokens that come along."""

    def __init__(
        self,
        build: Callable[[bytes], bytes],
        token: str,
        *,
        expected: bytes,
        kept: list[str] | None = None,
    ) -> None:
        self._build, self._token, self._expected = build, token.encode(), expected
        self._kept = kept

    def request(self) -> bytes | None:
        """Return the request with the token that came last."""
        return self._build(self._token)

    def accept(self, status: bytes, body: bytes) -> bool:
        """Take the new token from the answer; it has to be another one."""
        if status != b"200" or self._expected not in body:
            return False
        token = _member(body, b'"refresh_token":"')
        is_new, self._token = token != self._token, token
        if self._kept is not None:
            self._kept.append(_member(body, b'"access_token":"').decode())
        return is_new


@dataclass
class Outcome:
    """What came of one run of load."""

    answered: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Requests answered per second."""
        return self.answered / self.seconds


class _Connection(asyncio.Protocol):
    """One connection that asks whenever it has an answer, until it is told to stop."""

    def __init__(self, caller: Caller, *, paced: bool = False) -> None:
        self._caller, self._paced = caller, paced
        self._buffer = b""
        self._missing = 0
        self._transport: asyncio.Transport | None = None
        self.answers = 0
        self.last_answer = self.first_answer = 0.0
        self.until = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no kin of asyncio's

    def ask(self) -> None:
        assert self._transport is not None
        request = self._caller.request()
        if request is None:
            self._finish()
        else:
            self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if len(self._buffer) < self._missing:
            return
        end = self._buffer.find(_END_OF_HEAD)
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(_LENGTH)
        if at < 0:
            self._fail(f"an answer without a length: {self._buffer[:500]!r}")
            return
        length = int(head[at + len(_LENGTH) :].partition(b"\r\n")[0])
        self._missing = end + len(_END_OF_HEAD) + length
        if len(self._buffer) < self._missing:
            return
        body = self._buffer[end + len(_END_OF_HEAD) : self._missing]
        if not self._caller.accept(head[9:12], body):
            self._fail(f"not the answer that was expected: {self._buffer[:1000]!r}")
            return
        self._buffer, self._missing = b"", 0
        self._answered()

    def _answered(self) -> None:
        self.answers += 1
        self.last_answer = time.perf_counter()
        self.first_answer = self.first_answer or self.last_answer
        if self._paced or self.last_answer >= self.until:
            self._finish()
        else:
            self.ask()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(RuntimeError(why))

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"the connection was closed: {error}")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


async def saturate(port: int, callers: Sequence[Caller], *, seconds: float) -> Outcome:
    """Let each caller have a connection and ask without a pause, for so long.

    Raises ``RuntimeError`` at the first answer that is not the expected one.
    """
    connections = [await _connect(port, caller) for caller in callers]
    try:
        began = time.perf_counter()
        for connection in connections:
            connection.until = began + seconds
            connection.ask()
        async with asyncio.timeout(seconds + _ANSWER_SECONDS):
            await asyncio.gather(*(connection.done for connection in connections))
        ended = time.perf_counter()
    finally:
        _close(connections)
    return Outcome(sum(connection.answers for connection in connections), ended - began)


async def paced(port: int, caller: Caller, *, seconds: float, per_second: float) -> Outcome:
    """Ask at a steady pace, whether or not the last answer has come.

    The time of each is counted from when it was due, so that a server that stalls cannot hide
    behind requests that were never sent. Eight connections take turns.
    """
    connections = [await _connect(port, caller, paced=True) for _ in range(8)]
    free = asyncio.Queue[_Connection]()
    for connection in connections:
        free.put_nowait(connection)
    outcome = Outcome()

    async def one(due: float) -> None:
        connection = await free.get()
        connection.done = asyncio.get_running_loop().create_future()
        connection.ask()
        async with asyncio.timeout(_ANSWER_SECONDS):
            await connection.done
        outcome.latencies.append(time.perf_counter() - due)
        free.put_nowait(connection)

    began = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as requests:
            for number in range(int(seconds * per_second)):
                due = began + number / per_second
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                requests.create_task(one(due))
    finally:
        _close(connections)
    outcome.answered, outcome.seconds = len(outcome.latencies), time.perf_counter() - began
    return outcome


async def _connect(port: int, caller: Caller, *, paced: bool = False) -> _Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        lambda: _Connection(caller, paced=paced), "127.0.0.1", port
    )
    return connection


def _close(connections: Sequence[_Connection]) -> None:
    for connection in connections:
        connection.done.cancel()
        connection.close()


def _member(body: bytes, name: bytes) -> bytes:
    return body.partition(name)[2].partition(b'"')[0]
