"""
Signals: at any moment, over a database that answers and over one that says nothing (DU-2).

`SOON` is no measure of speed. A silent database used to take a stop two minutes; whatever waits
for it still is found by this, and a stalled machine is not.
"""

import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.processes import (
    PATIENCE,
    free_port,
    started,
    wait_for_line,
    wait_for_status,
)
from tests.support.silence import Silence, silence_before

SOON = 20
POOL = 10
ENDING = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]


@pytest.fixture
def silenced(postgres_url: str) -> Iterator[tuple[str, Silence]]:
    """
    The address of a database that can be silenced, and its silence.
    """
    with silence_before(postgres_url) as way:
        yield way


def _fill_pool(port: int) -> None:
    """
    Have as many connections opened as the pool holds.
    """

    def ask(_: int) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=PATIENCE):
            pass

    with ThreadPoolExecutor(POOL) as crowd:
        list(crowd.map(ask, range(POOL * 3)))


@pytest.mark.parametrize("ending", ENDING)
@pytest.mark.parametrize("with_worker", ["true", "false"])
def test_a_silent_database_holds_up_no_stop(
    silenced: tuple[str, Silence], tmp_path: Path, with_worker: str, ending: signal.Signals
) -> None:
    """
    DU-2, DB-6: with a full pool, worker inside or not; the end is a clean one all the same.
    """
    url, silence = silenced
    port = free_port()
    settings = {"DATABASE_URL": url, "PORT": str(port), "RUN_WORKER": with_worker}
    with started("serve", folder=tmp_path, **settings) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
        _fill_pool(port)
        silence.begin()
        process.send_signal(ending)
        assert process.wait(SOON) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_stop_behind_a_pooler_is_as_clean(pgbouncer_url: str, tmp_path: Path) -> None:
    """
    DU-2: worker inside, and more connections than the pooler has servers.
    """
    port = free_port()
    settings = {"DATABASE_URL": pgbouncer_url, "PORT": str(port), "RUN_WORKER": "true"}
    with started("serve", folder=tmp_path, **settings) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
        _fill_pool(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("ending", ENDING)
def test_a_silent_database_holds_up_no_worker(
    silenced: tuple[str, Silence], tmp_path: Path, ending: signal.Signals
) -> None:
    """
    DU-2: the rounds of the worker are in the middle of something.
    """
    url, silence = silenced
    with started("worker", folder=tmp_path, DATABASE_URL=url) as process:
        wait_for_line(tmp_path / "log", "worker_started", process)
        silence.begin()
        assert silence.met.wait(PATIENCE)
        process.send_signal(ending)
        assert process.wait(SOON) == 0
    log = (tmp_path / "log").read_text()
    assert "worker_stopping" in log
    assert "Traceback" not in log


@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize("ending", ENDING)
def test_a_start_that_waits_for_a_silent_database_can_be_stopped(
    silenced: tuple[str, Silence], tmp_path: Path, command: str, ending: signal.Signals
) -> None:
    """
    DB-5, DU-2: before the service was ever ready.
    """
    url, silence = silenced
    silence.begin()
    settings = {"DATABASE_URL": url, "PORT": str(free_port())}
    with started(command, folder=tmp_path, **settings) as process:
        wait_for_line(tmp_path / "log", "development_mode", process)
        process.send_signal(ending)
        assert process.wait(SOON) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def _hold_a_request(port: int) -> socket.socket:
    """
    Begin a request and do not go on.
    """
    running = socket.create_connection(("127.0.0.1", port), PATIENCE)
    running.sendall(
        b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: 100\r\n\r\n{"
    )
    return running


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(
    sqlite_url: str, tmp_path: Path, second: signal.Signals
) -> None:
    """
    DU-2: a request is under way that would be waited for.
    """
    port = free_port()
    settings = {"DATABASE_URL": sqlite_url, "PORT": str(port), "REQUEST_DEADLINE": "60"}
    with started("serve", folder=tmp_path, **settings) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
        with _hold_a_request(port):
            assert _live(port) == 200  # so the other one has been taken, too
            process.send_signal(signal.SIGTERM)
            wait_for_status(f"http://127.0.0.1:{port}/health/ready", 503, process)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            process.send_signal(second)
            assert process.wait(5) == 128 + second


def test_a_second_signal_ends_a_worker_at_once(sqlite_url: str, tmp_path: Path) -> None:
    """
    DU-2: a mail is on its way to a server that says nothing, which is waited for.
    """
    with socket.create_server(("127.0.0.1", 0)) as mail_server:
        port = free_port()
        settings = {
            "DATABASE_URL": sqlite_url,
            "PORT": str(port),
            "SMTP_URL": f"smtp://127.0.0.1:{mail_server.getsockname()[1]}",
            "RUN_WORKER": "false",
        }
        with started("serve", folder=tmp_path, log="api.log", **settings) as api:
            wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, api)
            body = b'{"email": "ada@example.com", "password": "violet kettle hums softly"}'
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/api/v1/users", body, {"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, timeout=PATIENCE):
                pass
        with started("worker", folder=tmp_path, **settings) as worker:
            mail_server.settimeout(PATIENCE)
            mail, _ = mail_server.accept()
            with mail:
                worker.send_signal(signal.SIGTERM)
                wait_for_line(tmp_path / "log", "worker_stopping", worker)
                with pytest.raises(subprocess.TimeoutExpired):
                    worker.wait(4)  # longer than it waits for anything but a mail
                worker.send_signal(signal.SIGTERM)
                assert worker.wait(5) == 128 + signal.SIGTERM


def test_a_hang_up_drains_and_says_so_twice_without_harm(sqlite_url: str, tmp_path: Path) -> None:
    """
    DU-2: of a terminal that closes the kernel and the shell both tell, systemd behind SIGTERM.
    """
    port = free_port()
    settings = {"DATABASE_URL": sqlite_url, "PORT": str(port)}
    with started("serve", folder=tmp_path, **settings) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
        process.send_signal(signal.SIGHUP)
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 503, process)
        process.send_signal(signal.SIGHUP)
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_hang_up_that_was_ignored_stays_ignored(
    sqlite_url: str, tmp_path: Path, command: str
) -> None:
    """
    `nohup doorward serve &`: the terminal may go, the service stays.
    """
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        starting = started(command, folder=tmp_path, DATABASE_URL=sqlite_url, PORT=str(free_port()))
        process = starting.__enter__()
    finally:
        signal.signal(signal.SIGHUP, before)
    try:
        line = "Uvicorn running" if command == "serve" else "worker_started"
        wait_for_line(tmp_path / "log", line, process)
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        starting.__exit__(None, None, None)


def _live(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=PATIENCE) as answer:
        status: int = answer.status
        return status
