"""The processes that are measured: where they run, what they cost, and their end.

On a machine with two cores or more the server under test has one for itself; the database and
the load generator share the others. A process inherits its cores from its parent, and Doorward
counts them for its hashing threads, so they are set before it starts and not after.
"""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0


class Cores:
    """Which cores the server gets and which are left for the rest; all of them if there is one."""

    def __init__(self) -> None:
        self.all = os.sched_getaffinity(0)
        ordered = sorted(self.all)
        self.are_apart = len(ordered) > 1
        self.server = set(ordered[:1]) if self.are_apart else self.all
        self.rest = set(ordered[1:]) if self.are_apart else self.all
        self.two = set(ordered[:2])
        """What a server of two processes gets."""
        self.two_are_free = len(ordered) >= 4
        if self.two_are_free:
            self.rest = set(ordered[2:])

    def move_to_rest(self) -> None:
        """Leave the server's core to the server; children that are started now do the same."""
        os.sched_setaffinity(0, self.rest)

    @staticmethod
    @contextlib.contextmanager
    def given(cores: set[int]) -> Iterator[None]:
        """Let children that are started in this block run on these cores."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores)
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)


class Server:
    """One HTTP server of ours, on a free port of 127.0.0.1, from start to SIGTERM."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        cores: set[int],
        live: str,
        log: Path,
    ) -> None:
        self.name = name
        self.port = free_port()
        self._command = [part.replace("{port}", str(self.port)) for part in command]
        self._environment = {
            name: value.replace("{port}", str(self.port)) for name, value in environment.items()
        }
        self._cores, self._live, self._log = cores, live, log
        self._process: subprocess.Popen[bytes] | None = None
        self.start_seconds = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Return when it has answered that it lives, and keep how long that took."""
        with (
            Cores.given(self._cores),
            Path(os.devnull).open("wb") as nowhere,
            self._log.open("wb") as log,
        ):
            began = time.perf_counter()
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=nowhere,
                stderr=log,
                cwd=self._log.parent,
                env=self._environment,
            )
        while not self._answers(self._live):
            if self._process.poll() is not None or time.perf_counter() > began + _START_SECONDS:
                self.stop()
                raise RuntimeError(f"{self.name} did not start: {self._log.read_text()[-3000:]}")
            time.sleep(0.005)
        self.start_seconds = time.perf_counter() - began

    def stop(self) -> None:
        """End it as an operator would; kill it only if it does not listen."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(_STOP_SECONDS)
        self._process = None

    def cpu_seconds(self) -> float:
        """Return the processor time of all its threads and child processes so far."""
        return sum(_ticks(pid) for pid in _family(self._pid)) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> float:
        """Return the resident memory of it and its child processes."""
        return sum(_resident(pid) for pid in _family(self._pid)) / 1e6

    def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send one request outside of any measurement and return the JSON of its answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            given = {**({"content-type": "application/json"} if json else {}), **(headers or {})}
            connection.request(method, path, orjson.dumps(json) if json else body, given)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status // 100 != 2:
            raise RuntimeError(f"{self.name} answered {answer.status}: {content[:500]!r}")
        return orjson.loads(content)

    def wait_until_ready(self, path: str) -> None:
        """Return when it answers there that it is ready, which may be after it first answers."""
        given_up = time.perf_counter() + _START_SECONDS
        while not self._answers(path, b"200"):
            if time.perf_counter() > given_up:
                raise RuntimeError(f"{self.name} was not ready after {_START_SECONDS:.0f} seconds")
            time.sleep(0.01)

    @property
    def _pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        return self._process.pid

    def _answers(self, path: str, status: bytes = b"") -> bool:
        """Tell whether it answers there, with that status if there is one."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
                link.sendall(b"GET %s HTTP/1.1\r\nhost: x\r\n\r\n" % path.encode())
                found = link.recv(64).split(b" ")[1:2]
        except OSError:
            return False
        return found == [status] if status else found != []


def _family(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    found = [pid]
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in tasks.read_text().split():
            found += _family(int(child))
    return found


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    return int(kib) * 1024


def free_port() -> int:
    """Return a port of 127.0.0.1 that is not in use at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
