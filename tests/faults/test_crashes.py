"""
``kill -9`` right after every acknowledged change, on both databases, with durable commits.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.forked import Parent
from tests.support.postgres import PostgresServer
from tests.support.processes import PATIENCE, free_port, wait_for_status

EMAIL = "ada@example.com"
PASSWORD = "violet kettle hums softly"
NEW_PASSWORD = "seven lanterns over water"


class Doorward:
    """
    The real service, which is killed the moment it has acknowledged something.
    """

    def __init__(self, parent: Parent, folder: Path, database_url: str) -> None:
        self._parent, self._folder = parent, folder
        self._settings = {"DATABASE_URL": database_url, "PORT": str(free_port())}
        self._base = f"http://127.0.0.1:{self._settings['PORT']}"
        self.start()

    def start(self) -> None:
        self._process = self._parent.fork("serve", folder=self._folder, **self._settings)
        wait_for_status(f"{self._base}/health/ready", 200, self._process)

    def ask(
        self, method: str, path: str, body: object = None, token: str | None = None
    ) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            status, text = refusal.code, refusal.read()
        return status, json.loads(text) if text else None

    def ask_and_crash(
        self, method: str, path: str, body: object = None, token: str | None = None
    ) -> Any:
        """
        Return the data of a 2xx; by then the process is dead and a new one serves.
        """
        status, answer = self.ask(method, path, body, token)
        self.crash()
        assert 200 <= status < 300, answer
        return answer["data"] if answer else None

    def kill(self) -> None:
        self._process.kill()

    def crash(self) -> None:
        self._process.kill()
        self.start()

    def newest_token(self) -> str:
        mails = self.ask("GET", "/dev/mailbox")[1]["data"]
        return next(str(mail["token"]) for mail in mails if mail["token"])


@pytest.fixture(scope="module")
def parent() -> Iterator[Parent]:
    with Parent() as parent:
        yield parent


@pytest.fixture(params=["sqlite", "postgres"])
def service(request: pytest.FixtureRequest, parent: Parent, tmp_path: Path) -> Iterator[Doorward]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/doorward.db"
    else:
        server: PostgresServer = request.getfixturevalue("own_postgres")
        url = server.url()
    service = Doorward(parent, tmp_path, url)
    yield service
    service.kill()


def test_what_was_acknowledged_survives_a_crash(service: Doorward) -> None:
    """
    DU-1, OB-1, RF-2, SE-1: account, mail, proof, session, rotation, name, sign-out and reset are
    there after ``kill -9`` behind the first byte of the answer; what was refused stays refused.
    """
    service.ask_and_crash("POST", "/api/v1/users", {"email": EMAIL, "password": PASSWORD})
    proof = service.newest_token()
    user = service.ask_and_crash("POST", "/api/v1/email-verifications/confirm", {"token": proof})
    assert user["status"] == "active"
    assert service.ask("POST", "/api/v1/email-verifications/confirm", {"token": proof})[0] == 400

    credentials = {"email": EMAIL, "password": PASSWORD}
    first = service.ask_and_crash("POST", "/api/v1/sessions", credentials)
    me = "/api/v1/users/me"
    assert service.ask("GET", me, token=first["access_token"])[0] == 200

    spent = {"refresh_token": first["refresh_token"]}
    second = service.ask_and_crash("POST", "/api/v1/sessions/refresh", spent)
    status, again = service.ask("POST", "/api/v1/sessions/refresh", spent)
    assert (status, again["data"]["refresh_outcome"]) == (200, "replayed")
    assert again["data"]["refresh_token"] == second["refresh_token"]

    renamed = service.ask_and_crash("PATCH", me, {"display_name": "Ada"}, second["access_token"])
    assert renamed["display_name"] == "Ada"
    assert service.ask("GET", me, token=second["access_token"])[1]["data"]["display_name"] == "Ada"

    service.ask_and_crash("DELETE", "/api/v1/sessions/current", token=second["access_token"])
    ended = service.ask("GET", me, token=second["access_token"])
    assert (ended[0], ended[1]["error"]["code"]) == (401, "SESSION_ENDED")
    dead = service.ask(
        "POST", "/api/v1/sessions/refresh", {"refresh_token": second["refresh_token"]}
    )
    assert dead[0] == 401

    service.ask_and_crash("POST", "/api/v1/password-resets", {"email": EMAIL})
    reset = {"token": service.newest_token(), "new_password": NEW_PASSWORD}
    service.ask_and_crash("POST", "/api/v1/password-resets/confirm", reset)
    assert service.ask("POST", "/api/v1/sessions", credentials)[0] == 401
    assert (
        service.ask("POST", "/api/v1/sessions", {**credentials, "password": NEW_PASSWORD})[0] == 201
    )


def test_a_stolen_token_stays_found_after_a_crash(service: Doorward) -> None:
    """
    RF-2: reuse is committed before it is told; the whole family is dead in the next process too.
    """
    service.ask("POST", "/api/v1/users", {"email": EMAIL, "password": PASSWORD})
    service.ask("POST", "/api/v1/email-verifications/confirm", {"token": service.newest_token()})
    credentials = {"email": EMAIL, "password": PASSWORD}
    tokens = [service.ask("POST", "/api/v1/sessions", credentials)[1]["data"]["refresh_token"]]
    for _ in range(2):
        answer = service.ask("POST", "/api/v1/sessions/refresh", {"refresh_token": tokens[-1]})
        tokens.append(answer[1]["data"]["refresh_token"])
    status, answer = service.ask("POST", "/api/v1/sessions/refresh", {"refresh_token": tokens[0]})
    assert (status, answer["error"]["details"][0]["code"]) == (401, "REFRESH_TOKEN_REUSED")
    service.crash()
    for token in tokens:
        status, answer = service.ask("POST", "/api/v1/sessions/refresh", {"refresh_token": token})
        assert (status, answer["error"]["code"]) == (401, "SESSION_ENDED")
        assert answer["error"]["details"][0]["code"] == "REFRESH_TOKEN_REUSED"
