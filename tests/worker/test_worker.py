"""
The worker as a process of its own, beside an API process that sends nothing.
"""

import json
import signal
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import PATIENCE, free_port, started, wait_for_status


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


def test_mail_leaves_from_the_worker_alone_and_a_signal_ends_it_cleanly(
    database_url: str, tmp_path: Path
) -> None:
    """
    OB-1, DU-2: what the API promised in its commit another process sends; SIGTERM exits with 0.
    """
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = {"DATABASE_URL": database_url, "PORT": str(port), "RUN_WORKER": "false"}
    with started("serve", folder=tmp_path, log="api.log", **settings) as api:
        wait_for_status(f"{base}/health/ready", 200, api)
        sign_up(base, "ada@example.com")
        assert mailbox(base) == []
        with started("worker", folder=tmp_path, log="worker.log", **settings) as worker:
            deadline = time.monotonic() + PATIENCE
            while not (mails := mailbox(base)) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert [mail["to"] for mail in mails] == ["ada@example.com"]
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(PATIENCE) == 0
    assert "worker_stopping" in (tmp_path / "worker.log").read_text()


def test_a_worker_that_starts_before_its_database_waits_for_it(tmp_path: Path) -> None:
    """
    DB-5: it stays up and says what it waits for; a signal ends it all the same.
    """
    away = "postgresql://doorward:hunter2secret@127.0.0.1:1/doorward"
    with started("worker", folder=tmp_path, DATABASE_URL=away) as worker:
        deadline = time.monotonic() + PATIENCE
        log = tmp_path / "log"
        while log.read_text().count("database_away") < 2 and time.monotonic() < deadline:
            assert worker.poll() is None
            time.sleep(0.05)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE) == 0
    assert "hunter2secret" not in log.read_text()


def sign_up(base: str, email: str) -> None:
    body = json.dumps({"email": email, "password": "violet kettle hums softly"}).encode()
    request = urllib.request.Request(
        f"{base}/api/v1/users", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.status == 201


def mailbox(base: str) -> list[dict[str, Any]]:
    request = urllib.request.Request(f"{base}/dev/mailbox", headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        mails: list[dict[str, Any]] = json.load(answer)["data"]
        return mails
