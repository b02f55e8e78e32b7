"""A running service that keeps nothing, as the tests of a product see it."""

import json
import socket
import subprocess  # nosec B404
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

PASSWORD = "tea kettle under the violet moon"  # noqa: S105 - of accounts that live as long as a test
PATIENCE = 30.0
FOR_TESTS = {
    "DATABASE_URL": "memory://",
    "ARGON2_MEMORY_KIB": "64",
    "ARGON2_TIME_COST": "1",
    "RATE_LIMITS": "off",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "warning",
}
_POLL_SECONDS = 0.02
_TRIES = 3


class NotStarted(Exception):
    """The service did not start; the message holds what it wrote."""


class Refused(Exception):
    """The service refused a request; ``status`` and ``code`` are those of its answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code = status, code


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that would have been sent; ``token`` is the secret that its link ends in."""

    to: str
    subject: str
    text: str
    html: str
    link: str | None
    token: str | None
    queued_at: datetime


class RunningClock:
    """The service's clock. It goes on from wherever it is set to."""

    def __init__(self, service: "RunningService") -> None:
        self._service = service

    def now(self) -> datetime:
        """Return the service's time, aware and in UTC."""
        return self._told("GET", "/dev/clock")

    def set(self, now: datetime) -> datetime:
        """Go on from this time, which needs a zone; return it. ValueError without one."""
        if now.tzinfo is None:
            raise ValueError("a time needs a zone")
        return self._told("PUT", "/dev/clock", {"now": now.isoformat()})

    def advance(self, by: timedelta) -> datetime:
        """Let this time pass at once, in whole seconds and upwards; return the new time."""
        seconds = -(-by // timedelta(seconds=1))
        return self._told("POST", "/dev/clock/advance", {"seconds": seconds})

    def reset(self) -> datetime:
        """Go by the host's time again, and return it."""
        return self._told("PUT", "/dev/clock", {"now": None})

    def _told(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> datetime:
        return datetime.fromisoformat(self._service.ask(method, path, body)["now"])


class RunningService:
    """Doorward on a port of this machine, for as long as the ``with`` block or until :meth:`stop`.

    ``settings`` are Doorward's, by their names in the environment, and come on top of cheap
    hashing and no limits by count; the environment of the tests has no say. The service is in
    development mode with ``memory://``; ValueError for settings that say otherwise. NotStarted is
    raised where it does not come up.
    """

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        chosen = {**FOR_TESTS, **(settings or {})}
        if (
            chosen["DATABASE_URL"] != "memory://"
            or chosen.get("ENVIRONMENT", "").lower() == "production"
        ):
            raise ValueError("a service for tests runs in development mode and with memory://")
        self._folder = tempfile.TemporaryDirectory(prefix="doorward-")
        self._log = Path(self._folder.name) / "log"
        for tries_left in reversed(range(_TRIES)):
            port = str(chosen.get("PORT") or _free_port())
            self.url = chosen.get("PUBLIC_URL") or f"http://127.0.0.1:{port}"
            self._port = int(port)
            self._process = self._started({**chosen, "PORT": port, "HOST": "127.0.0.1"})
            if self._is_up():
                break
            self._end()
            if not tries_left or "PORT" in chosen:  # else another process may have taken the port
                written = self._log.read_text(errors="replace")
                self._folder.cleanup()
                raise NotStarted(written or "the service wrote nothing")
        self.clock = RunningClock(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_what_happened: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the service; nothing of it is left."""
        self._end()
        self._folder.cleanup()

    def mails(self, to: str | None = None) -> list[Mail]:
        """Return the mails, to one address or to all, the newest first."""
        found = [
            Mail(**{**mail, "queued_at": datetime.fromisoformat(mail["queued_at"])})
            for mail in self.ask("GET", "/dev/mailbox")
        ]
        return [mail for mail in found if to is None or mail.to.lower() == to.lower()]

    def create_user(
        self,
        email: str,
        *,
        password: str = PASSWORD,
        display_name: str | None = None,
        verified: bool = True,
        roles: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Make an account as an operator does, and return the user as the API shows it.

        Raises :class:`Refused` where the service refuses.
        """
        body = {
            "email": email,
            "password": password,
            "display_name": display_name,
            "verified": verified,
            "roles": list(roles),
        }
        user: dict[str, Any] = self.ask("POST", "/dev/users", body)
        return user

    def sign_in(self, email: str, *, password: str = PASSWORD) -> dict[str, Any]:
        """Start a session, and return the token answer. Raises :class:`Refused`."""
        body = {"email": email, "password": password}
        tokens: dict[str, Any] = self.ask("POST", "/api/v1/sessions", body)
        return tokens

    def reset(self) -> None:
        """Forget every account, mail and count, and go by the host's time again."""
        self.ask("POST", "/dev/reset")

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        access: str | None = None,
    ) -> Any:
        """Return the data of the answer, None if it has none. Raises :class:`Refused`.

        ``access`` is the caller's access token.
        """
        content = None if body is None else json.dumps(body).encode()
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if access is not None:
            headers["Authorization"] = f"Bearer {access}"
        status, written = self._answer(method, path, content, headers)
        answer = json.loads(written) if written else {}
        if status >= HTTPStatus.BAD_REQUEST:
            error = answer["error"]
            raise Refused(status, error["code"], error["message"])
        return answer.get("data")

    def refusal(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        access: str | None = None,
    ) -> str:
        """Return the code of the error that this request ends with; AssertionError if with none."""
        try:
            self.ask(method, path, body, access=access)
        except Refused as refused:
            return refused.code
        raise AssertionError(f"{method} {path} was not refused")

    def _started(self, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as log:
            process = subprocess.Popen(  # nosec B603
                [sys.executable, "-m", "entrypoints.testing"],
                cwd=self._folder.name,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        if process.stdin is not None:  # a pipe, as asked for
            process.stdin.write(json.dumps(settings).encode() + b"\n")
            process.stdin.flush()
        return process

    def _is_up(self) -> bool:
        """Wait for the service, and tell whether it answers."""
        patience = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < patience:
            try:
                if self._answer("GET", "/health/ready")[0] == HTTPStatus.OK:
                    return self._process.poll() is None  # else it was another process's port
            except (OSError, HTTPException):
                pass
            time.sleep(_POLL_SECONDS)
        return False

    def _answer(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.request(method, path, content, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _end(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()  # the child ends when this does
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
