"""
The real process on a real socket. What a crash leaves is in tests/faults/test_crashes.py.
"""

import http.client
import json
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.processes import PATIENCE, environment, free_port, started, wait_for_status

PASSWORD = "tea kettle under the violet moon"
SIGN_UP = json.dumps({"email": "ada@example.com", "password": PASSWORD}).encode()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """
    An empty database: SQLite without a file, PostgreSQL migrated.
    """
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/var/doorward.db"
    return str(request.getfixturevalue("postgres_url"))


def _ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None
    finally:
        connection.close()


def test_a_signal_ends_it_politely(tmp_path: Path) -> None:
    """
    DU-2: readiness goes first, the request that runs is finished, and the exit code is 0.
    """
    port = free_port()
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/var/doorward.db", "PORT": str(port)}
    with started("serve", folder=tmp_path, **settings) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
        running = socket.create_connection(("127.0.0.1", port), PATIENCE)
        head = (
            b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(SIGN_UP)
        )
        running.sendall(head + SIGN_UP[:10])  # in flight: half of it is there
        assert _ask(port, "GET", "/health/live")[0] == 200
        process.send_signal(signal.SIGTERM)
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 503, process)
        assert process.poll() is None
        running.sendall(SIGN_UP[10:])
        answer = running.recv(65536)
        running.close()
        assert answer.startswith(b"HTTP/1.1 201 "), answer
        assert process.wait(PATIENCE) == 0
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log
    assert PASSWORD not in log
    with started("serve", folder=tmp_path, log="log2", **settings) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
        mails = _ask(port, "GET", "/dev/mailbox")[1]["data"]
        assert [mail["to"] for mail in mails] == ["ada@example.com"]  # OB-1


def test_a_mail_that_was_promised_outlives_the_process(database_url: str, tmp_path: Path) -> None:
    """
    OB-1: the API without a worker is killed behind its answer; the next one's worker sends.
    """
    port = free_port()
    settings = {"DATABASE_URL": database_url, "PORT": str(port)}
    with started("serve", folder=tmp_path, RUN_WORKER="false", **settings) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
        assert _ask(port, "POST", "/api/v1/users", SIGN_UP)[0] == 201
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
    with started("serve", folder=tmp_path, log="log2", **settings) as process:
        wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
        (mail,) = _ask(port, "GET", "/dev/mailbox")[1]["data"]
        token = json.dumps({"token": mail["token"]}).encode()
        assert _ask(port, "POST", "/api/v1/email-verifications/confirm", token)[0] == 200


def test_uvicorn_can_serve_it_by_its_factory(tmp_path: Path) -> None:
    """
    ``uvicorn --factory entrypoints.http.app:create_app``; the key is made beside the database.
    """
    port = free_port()
    settings = environment(tmp_path, {"DATABASE_URL": f"sqlite:///{tmp_path}/var/doorward.db"})
    del settings["SECRET_KEY"]
    command = ["-m", "uvicorn", "--factory", "entrypoints.http.app:create_app", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=tmp_path, env=settings, stdout=log, stderr=log
        )
        try:
            wait_for_status(f"http://127.0.0.1:{port}/health/ready", 200, process)
            assert _ask(port, "POST", "/api/v1/users", SIGN_UP)[0] == 201
            (mail,) = _ask(port, "GET", "/dev/mailbox")[1]["data"]
            assert mail["to"] == "ada@example.com"
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(PATIENCE)
    for name in ("secret_key", "doorward.db"):
        assert stat.S_IMODE((tmp_path / "var" / name).stat().st_mode) == 0o600, name


def test_the_longest_token_gets_through_in_a_cookie_among_a_browsers_headers(
    tmp_path: Path,
) -> None:
    """
    TK-5, SE-6: beside the refresh cookie, the CSRF token, and 4 kB of other cookies.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    login = {"email": "ada@example.com", "password": PASSWORD}
    with started("serve", folder=tmp_path, DATABASE_URL="memory://", PORT=str(port)) as process:
        wait_for_status(f"{url}/health/ready", 200, process)
        with httpx.Client(base_url=url, headers={"origin": url}) as client:
            client.post("/dev/users", json={**login, "verified": True})
            root = {**login, "email": "root@example.com"}
            made = {**root, "verified": True, "roles": ["administrator"]}
            assert client.post("/dev/users", json=made).status_code == 201
            access = client.post("/api/v1/sessions", json=root).json()["data"]["access_token"]
            client.headers["authorization"] = f"Bearer {access}"
            permissions = [f"product-{number:02}:{'x' * 12}" for number in range(90)]
            role = {"name": "many", "permissions": permissions}
            assert client.post("/api/v1/roles", json=role).status_code == 201
            user = client.get("/api/v1/users", params={"email": login["email"]}).json()["data"][0]
            given = client.put(f"/api/v1/users/{user['id']}/roles/many")
            assert given.status_code == 204
            del client.headers["authorization"]

            answer = client.post("/api/v1/sessions", json={**login, "transport": "cookie"})
            lines = answer.headers.get_list("set-cookie")
            assert max(map(len, lines)) <= 4096
            pairs = [line.partition(";")[0] for line in lines]
            assert max(map(len, pairs)) > 3500
            headers = {
                "cookie": "; ".join([*pairs, f"other={'x' * 4000}"]),
                "x-csrf-token": answer.json()["data"]["csrf_token"],
                "user-agent": "x" * 300,
            }
            assert client.get("/api/v1/users/me", headers=headers).status_code == 200
            refreshed = client.post("/api/v1/sessions/refresh", headers=headers)
            assert refreshed.status_code == 200
            assert max(map(len, refreshed.headers.get_list("set-cookie"))) <= 4096
