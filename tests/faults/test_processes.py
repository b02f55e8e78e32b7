"""
``doorward serve --workers``: several processes that are to look like one from outside.

Which of them the system deals a connection to is its own affair: `MANY` connections all go to one
of two processes once in 2 to the power of 39 runs.
"""

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection, NotConnected
from pathlib import Path
from typing import Any

import pytest

from tests.support.forked import Forked, Parent
from tests.support.processes import PATIENCE, free_port, wait_for_status
from tests.support.silence import silence_before

MANY = 40
ENDING = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
HALF = (
    b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 3\r\n\r\n{"
)
"""A request under way; the other half is refused with 422, for which nothing is computed."""
REST = b" }"


@pytest.fixture(scope="module")
def parent() -> Iterator[Parent]:
    with Parent() as parent:
        yield parent


class Service:
    """
    ``doorward serve --workers 2`` in a folder of its own, and its log.
    """

    def __init__(self, parent: Parent, folder: Path, **settings: str) -> None:
        self._log = folder / "log"
        self._log.touch()
        self.port = free_port()
        arguments = ("serve", "--workers", "2", "--port", str(self.port))
        self.supervisor: Forked = parent.fork(*arguments, folder=folder, **settings)

    def records(self, event: str) -> list[dict[str, Any]]:
        """
        Return what was logged under that name.
        """
        return records(self._log, event)

    def wait_for(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """
        Return what was logged under that name when it is so much.
        """
        return until(lambda: found if len(found := self.records(event)) >= count else None)

    def ready(self) -> dict[int, int]:
        """
        Return the process ids by number when both are ready.
        """
        return {each["process"]: each["pid"] for each in self.wait_for("process_ready", 2)}

    def connect(self) -> socket.socket:
        """
        Return a new connection.
        """
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def client(self) -> HTTPConnection:
        """
        Return what keeps one connection, and makes it when it first asks.
        """
        client = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        client.auto_open = False
        client.connect()
        return client

    def answering(self) -> set[int]:
        """
        Return the numbers of the processes that answer to new connections.
        """
        before = len(self.records("request"))
        for _ in range(MANY):
            with closing(self.client()) as client:
                assert _is_alive(client)
        served = self.wait_for("request", before + MANY)[before:]
        return {record["process"] for record in served}

    def text(self) -> str:
        """
        Return all that was written.
        """
        return self._log.read_text()


@pytest.fixture
def service(parent: Parent, sqlite_url: str, tmp_path: Path) -> Service:
    """
    The service, both processes ready; killed with the parent if the test has not ended it.
    """
    service = Service(parent, tmp_path, DATABASE_URL=sqlite_url, REQUEST_DEADLINE="60")
    service.ready()
    return service


def ended(parent: Parent, *arguments: str, folder: Path, **settings: str) -> tuple[int, str]:
    """
    Return the exit code of a command, and all that it wrote.
    """
    code = parent.fork(*arguments, folder=folder, **settings).wait()
    return code, (folder / "log").read_text()


def until[T](look: Callable[[], T | None]) -> T:
    """
    Return what the look finds, as soon as it finds something.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (found := look()) is not None:
            return found
        time.sleep(0.01)
    raise TimeoutError


def status(connection: socket.socket) -> int:
    answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 "), answer
    return int(answer.split()[1])


def records(log: Path, event: str) -> list[dict[str, Any]]:
    """
    Return what was logged under that name, as far as it is written to the end of its line.
    """
    lines = log.read_text().rpartition("\n")[0].splitlines()
    written = [json.loads(line) for line in lines if line.startswith("{")]
    return [record for record in written if record["event"] == event]


def wait_until_gone(pids: Iterable[int]) -> None:
    """
    Return when no process has one of these numbers.
    """
    until(lambda: None if any(map(_lives, pids)) else True)


def _lives(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"  # whoever inherited it will ask for its end
    return False


def test_both_answer_and_what_is_done_once_is_done_by_one(parent: Parent, tmp_path: Path) -> None:
    """
    An empty folder: one key, one migration, one warning; only one of them runs the worker. The
    supervisor has no thread, so that it may fork.
    """
    service = Service(parent, tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/var/doorward.db")
    pids = service.ready()
    assert service.answering() == {1, 2}
    assert [each["count"] for each in service.records("processes_start")] == [2]
    assert len(service.records("development_mode")) == 1
    (thread,) = Path(f"/proc/{service.supervisor.pid}/task").iterdir()
    assert {int(pid) for pid in (thread / "children").read_text().split()} == set(pids.values())
    _sign_up(service, "ada@example.com")
    assert [each["process"] for each in service.wait_for("outbox_relayed")] == [1]
    os.kill(pids[1], signal.SIGKILL)
    service.wait_for("process_ready", 3)
    _sign_up(service, "bob@example.com")
    assert [each["process"] for each in service.wait_for("outbox_relayed", 2)] == [1, 1]


def test_wrong_passwords_are_counted_over_both(
    parent: Parent, postgres_url: str, tmp_path: Path
) -> None:
    """
    RL-5, on PostgreSQL: as many guesses as with one process, on whatever connections.
    """
    settings = {"DATABASE_URL": postgres_url, "SIGN_IN_ATTEMPTS": str(MANY)}
    service = Service(parent, tmp_path, **settings)
    service.ready()
    guess = {"email": "ada@example.com", "password": "violet kettle hums softly"}
    seen = [_post(service, "/api/v1/sessions", guess) for _ in range(MANY + 1)]
    assert seen == [401] * MANY + [429]
    served = {each["process"] for each in service.records("request") if each["status"] == 401}
    assert served == {1, 2}


@pytest.mark.parametrize("ending", ENDING)
def test_a_stop_finishes_what_runs_in_each_of_them(
    service: Service, ending: signal.Signals
) -> None:
    """
    DU-2: also where the terminal, or systemd, tells each process, and the supervisor once more.
    """
    pids = service.ready()
    with ExitStack() as held:
        running = [held.enter_context(service.connect()) for _ in range(MANY)]
        for connection in running:
            connection.sendall(HALF)
        assert service.answering() == {1, 2}  # so the halves have been taken, too
        for pid in (*pids.values(), service.supervisor.pid):
            os.kill(pid, ending)
        wait_for_status(f"http://127.0.0.1:{service.port}/health/ready", 503, service.supervisor)
        for connection in running:
            connection.sendall(REST)
        assert {status(connection) for connection in running} == {422}
    assert service.supervisor.wait() == 0
    wait_until_gone(pids.values())
    assert "Traceback" not in service.text()


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_all_of_them_at_once(service: Service, second: signal.Signals) -> None:
    """
    DU-2: requests are under way that would be waited for.
    """
    pids = service.ready()
    with ExitStack() as held:
        for connection in [held.enter_context(service.connect()) for _ in range(MANY)]:
            connection.sendall(HALF)
        assert service.answering() == {1, 2}
        service.supervisor.send_signal(signal.SIGTERM)
        wait_for_status(f"http://127.0.0.1:{service.port}/health/ready", 503, service.supervisor)
        service.supervisor.send_signal(second)
        assert service.supervisor.wait() == 128 + second
        wait_until_gone(pids.values())


def test_a_process_that_is_killed_is_replaced_and_the_other_one_goes_on(service: Service) -> None:
    """
    A connection that the other one has is not cut, and both numbers answer again.
    """
    pids = service.ready()
    with ExitStack() as held:
        kept = [held.enter_context(closing(service.client())) for _ in range(MANY)]
        assert all(map(_is_alive, kept))
        of_2 = [each["process"] for each in service.wait_for("request", MANY)].count(2)
        os.kill(pids[2], signal.SIGKILL)
        third = service.wait_for("process_ready", 3)[2]
        assert (third["process"], third["pid"] != pids[2]) == (2, True)
        assert sum(map(_is_alive, kept)) == MANY - of_2
    (ended,) = service.records("process_ended")
    assert (ended["process"], ended["pid"], ended["signal"]) == (2, pids[2], "SIGKILL")
    assert service.answering() == {1, 2}


def test_a_process_that_is_told_to_stop_finishes_what_runs_and_is_replaced(
    service: Service,
) -> None:
    """
    By an operator, past the supervisor.
    """
    pids = service.ready()
    os.kill(pids[1], signal.SIGTERM)
    assert [each["process"] for each in service.wait_for("process_ready", 3)] == [1, 2, 1]
    (ended,) = service.records("process_ended")
    assert (ended["process"], ended["code"]) == (1, 0)


def test_one_that_dies_again_and_again_ends_the_service_with_a_reason(service: Service) -> None:
    """
    Five times in a row, each time as soon as it is there.
    """
    for times in range(5):
        os.kill(service.wait_for("process_ready", 2 + times)[-1]["pid"], signal.SIGKILL)
    assert service.supervisor.wait() == 1
    (told,) = service.records("processes_do_not_stay_up")
    assert "5 times in a row" in told["why"]
    assert told["cure"]
    assert len(service.records("process_ended")) == 5


def test_without_their_supervisor_they_finish_what_runs_and_end(service: Service) -> None:
    """
    ``kill -9``: no process is left, and no request is cut.
    """
    pids = service.ready()
    with ExitStack() as held:
        running = [held.enter_context(service.connect()) for _ in range(MANY)]
        for connection in running:
            connection.sendall(HALF)
        assert service.answering() == {1, 2}
        service.supervisor.kill()
        service.wait_for("supervisor_gone", 2)
        for connection in running:
            connection.sendall(REST)
        assert {status(connection) for connection in running} == {422}
    wait_until_gone(pids.values())


def test_a_port_that_is_in_use_is_told_as_with_one_process(
    service: Service, parent: Parent, tmp_path: Path
) -> None:
    """
    By another such service, which would share it silently; nothing is started.
    """
    (folder := tmp_path / "other").mkdir()
    port = str(service.port)
    code, one = ended(parent, "serve", "--port", port, folder=folder)
    assert code == 1
    assert f"PORT: {port} is in use" in one
    assert ended(parent, "serve", "--port", port, "--workers", "2", folder=folder) == (1, one)
    assert [each.name for each in folder.iterdir()] == ["log"]


def test_a_start_that_is_refused_is_told_once(
    parent: Parent, sqlite_url: str, tmp_path: Path
) -> None:
    """
    CF-1: another SECRET_KEY; the second process is not even started.
    """
    assert ended(parent, "users", "list", folder=tmp_path, DATABASE_URL=sqlite_url)[0] == 0
    other = "another key of thirty-two bytes, or more"
    service = Service(parent, tmp_path, DATABASE_URL=sqlite_url, SECRET_KEY=other)
    assert service.supervisor.wait() == 1
    (refusal,) = service.records("start_refused")
    assert refusal["reason"] == "wrong_secret_key"
    assert "Traceback" not in service.text()
    assert other not in service.text()
    assert service.records("process_ready") == []


def test_what_cannot_be_built_is_told_once(parent: Parent, tmp_path: Path) -> None:
    """
    Before the first process is made, in the words that one process has.
    """
    settings = {"MAIL_FROM": "x" * 300 + "@example.com", "SMTP_URL": "smtp://127.0.0.1"}
    port = str(free_port())
    code, one = ended(parent, "serve", "--port", port, folder=tmp_path, **settings)
    arguments = ("serve", "--port", port, "--workers", "2")
    assert (code, one) == ended(parent, *arguments, folder=tmp_path, **settings)
    assert code == 1
    assert one.startswith("doorward: ")


def test_until_the_database_is_there_one_process_waits_for_it(
    parent: Parent, postgres_url: str, tmp_path: Path
) -> None:
    """
    DB-5: it answers that it is not ready; the other one begins when it is.
    """
    with silence_before(postgres_url) as (url, silence):
        silence.begin()
        service = Service(parent, tmp_path, DATABASE_URL=url)
        wait_for_status(f"http://127.0.0.1:{service.port}/health/ready", 503, service.supervisor)
        assert service.answering() == {1}
        silence.end()
        service.ready()
        assert service.answering() == {1, 2}


def test_a_store_in_memory_is_refused(parent: Parent, tmp_path: Path) -> None:
    """
    There would be two services behind one address.
    """
    arguments = ("serve", "--workers", "2", "--port", str(free_port()))
    code, told = ended(parent, *arguments, folder=tmp_path, DATABASE_URL="memory://")
    assert code == 1
    assert told.startswith("doorward: DATABASE_URL: memory:// is a store for one process")
    assert "Leave --workers out" in told
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("count", ["0", "-1", "65536", "1.5", "two", "0x2"])
@pytest.mark.parametrize("option", ["--workers", "--port"])
def test_a_number_that_is_none_is_wrong_usage(
    parent: Parent, tmp_path: Path, option: str, count: str
) -> None:
    """
    With 2, as everywhere.
    """
    code, told = ended(parent, "serve", f"{option}={count}", folder=tmp_path)
    assert code == 2
    assert option in told
    assert "Traceback" not in told


def test_metrics_are_those_of_all_processes(
    parent: Parent, sqlite_url: str, tmp_path: Path
) -> None:
    """
    HD-4: whichever is asked, and what a process has counted outlives it.
    """
    service = Service(parent, tmp_path, DATABASE_URL=sqlite_url, METRICS="true")
    pids = service.ready()
    assert service.answering() == {1, 2}
    assert {_counted(service) for _ in range(10)} == {MANY}
    os.kill(pids[2], signal.SIGKILL)
    service.wait_for("process_ready", 3)
    assert {_counted(service) for _ in range(10)} == {MANY}
    processes = _samples(service, "process_cpu_seconds_total")
    assert [line.split('"')[1] for line in processes] == ["supervisor", "1", "2"]
    assert len(_samples(service, "doorward_outbox_messages")) == 4
    service.supervisor.send_signal(signal.SIGTERM)
    assert service.supervisor.wait() == 0


def _samples(service: Service, name: str) -> list[str]:
    url = f"http://127.0.0.1:{service.port}/metrics"
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        return [each for each in answer.read().decode().splitlines() if each.startswith(name + "{")]


def _counted(service: Service) -> float:
    (line,) = (
        each
        for each in _samples(service, "doorward_http_requests_total")
        if 'route="/health/live"' in each
    )
    return float(line.rpartition(" ")[2])


def _is_alive(client: HTTPConnection) -> bool:
    try:
        client.request("GET", "/health/live")
        with client.getresponse() as answer:
            answer.read()
            return answer.status == 200
    except (ConnectionError, NotConnected):
        return False


def _sign_up(service: Service, email: str) -> None:
    body = {"email": email, "password": "violet kettle hums softly"}
    assert _post(service, "/api/v1/users", body) == 201


def _post(service: Service, path: str, body: object) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.port}{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code
