"""People who sign in with more than a password, or without one: how they come to it, their turns.

The load's process makes the codes and the signatures. What is counted is the server's time.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from benchmarks.arena import (
    PASSWORD,
    PEOPLE,
    PUBLIC_URL,
    Arena,
    post,
    sign_in,
    sign_up,
    verify_all,
)
from benchmarks.load import Once
from benchmarks.measures import Turn, serving
from benchmarks.processes import ROOT, Server
from benchmarks.results import Sample
from domain.factors.totp import STEPS_ASIDE, TotpSettings, read_secret
from tests.support.soft_passkey import SoftPasskey

_PASSKEYS_EACH = 20
_APPS = 3 * PEOPLE
"""Each turn takes a third of them, so that hardly ever one has to wait for codes."""
_LONGEST_TURN = 20.0
_CODE_LASTS = 10.0
"""For so many seconds yet is a code good that is put into a request: passwords are hashed first."""
_FACTORS = "/api/v1/users/me/factors"
_SESSIONS = "/api/v1/sessions"
_TOTP = TotpSettings()


class AuthenticatorApp:
    """The app of one account: each of its codes is shown once, and each later than the one before.

    So it has up to three codes at a time, and a new one every 30 seconds.
    """

    def __init__(self, email: str, secret: bytes, *, now: Callable[[], float] = time.time) -> None:
        self.email, self._secret, self._now = email, secret, now
        self._last = 0

    @property
    def codes_left(self) -> int:
        """How many codes it could show now."""
        latest = int(self._now()) // _TOTP.period + STEPS_ASIDE
        return latest + 1 - self._next(_CODE_LASTS)

    def code(self, *, lasts: float = _CODE_LASTS) -> str:
        """Return the oldest code that is later than those it has shown and lasts for so long."""
        self._last = self._next(lasts)
        return _TOTP.code(self._secret, self._last)

    def _next(self, lasts: float) -> int:
        return max(self._last + 1, int(self._now() + lasts) // _TOTP.period - STEPS_ASIDE)


class ShowingPasskey:
    """Signs in with a passkey so many times: a challenge, and the session for what it signs."""

    def __init__(self, device: SoftPasskey, times: int) -> None:
        self._device, self._left = device, times
        self._begun: bytes | None = None

    def request(self) -> bytes | None:
        """Return the request for a challenge, or the one with the answer to the last challenge."""
        if self._begun is not None:
            begun = orjson.loads(self._begun)["data"]
            proof = {"passkey": self._device.get(begun["options"])}
            return post(_SESSIONS, orjson.dumps({"challenge": begun["challenge"], "proof": proof}))
        if not self._left:
            return None
        self._left -= 1
        return post("/api/v1/passkeys/challenges", b"")

    def accept(self, status: bytes, body: bytes) -> bool:
        """Look for a challenge, and for a session that a passkey alone has started."""
        if self._begun is None:
            self._begun = body
            return status == b"200"
        self._begun = None
        return status == b"201" and b'"acr":"phr"' in body


# --- how they come to it ---------------------------------------------------------------------


async def people_with_apps(arena: Arena, server: Server) -> list[AuthenticatorApp]:
    """Make accounts with an authenticator app each."""
    emails = [f"app{number}@example.com" for number in range(_APPS)]
    await _sign_up(arena, server, emails)
    return await asyncio.gather(*(asyncio.to_thread(add_app, server, one) for one in emails))


async def people_with_passkeys(arena: Arena, server: Server) -> list[SoftPasskey]:
    """Make accounts with a passkey each, one for each connection."""
    emails = [f"passkey{number}@example.com" for number in range(PEOPLE)]
    await _sign_up(arena, server, emails)
    return await asyncio.gather(*(asyncio.to_thread(add_passkey, server, one) for one in emails))


async def _sign_up(arena: Arena, server: Server, emails: Sequence[str]) -> None:
    await asyncio.gather(*(asyncio.to_thread(sign_up, server, email) for email in emails))
    await verify_all(arena.database_of(ROOT))


def add_app(server: Server, email: str) -> AuthenticatorApp:
    """Give an account an authenticator app, as its owner does, with the first of its codes."""
    begun, caller = _begin(server, email, "totp")
    app = AuthenticatorApp(email, read_secret(begun["secret"]))
    given = {"enrolment": begun["enrolment"], "code": app.code(lasts=3)}
    server.ask("POST", f"{_FACTORS}/totp/confirm", json=given, headers=caller)
    return app


def add_passkey(server: Server, email: str, *, origin: str = PUBLIC_URL) -> SoftPasskey:
    """Give an account a passkey, as its owner does on the pages of this origin."""
    begun, caller = _begin(server, email, "passkeys")
    device = SoftPasskey(origin=origin)
    given = {"enrolment": begun["enrolment"], "credential": device.create(begun["options"])}
    server.ask("POST", f"{_FACTORS}/passkeys/confirm", json=given, headers=caller)
    return device


def _begin(server: Server, email: str, kind: str) -> tuple[dict[str, Any], dict[str, str]]:
    caller = {"authorization": f"Bearer {sign_in(server, email)['access_token']}"}
    return server.ask("POST", f"{_FACTORS}/{kind}", headers=caller)["data"], caller


# --- their turns -----------------------------------------------------------------------------


def showing_codes(
    server: Server, apps: Sequence[AuthenticatorApp], *, people: int = PEOPLE
) -> Turn:
    """Return the turn in which people sign in with their password and a code, each of them once.

    It begins when enough of them have a code that was not shown, which is not measured.
    """

    async def turn() -> list[Sample]:
        if sum(app.codes_left > 0 for app in apps) < people:
            # With the next step, everybody has another one.
            await asyncio.sleep(_TOTP.period - time.time() % _TOTP.period)
        ready = sorted(apps, key=lambda app: app.codes_left, reverse=True)[:people]
        requests = [_with_password(app.email, proof={"totp": app.code()}) for app in ready]
        return await _once_each(server, requests, b"aal2")

    return turn


def showing_passwords(server: Server, *, people: int = PEOPLE) -> Turn:
    """Return the turn in which as many people sign in with their password alone."""
    requests = [_with_password(f"person{number}@example.com") for number in range(people)]

    async def turn() -> list[Sample]:
        return await _once_each(server, requests, b"aal1")

    return turn


def showing_passkeys(
    server: Server, devices: Sequence[SoftPasskey], times: int = _PASSKEYS_EACH
) -> Turn:
    """Return the turn in which people sign in with a passkey, each so many times.

    The two requests of a sign-in count as one.
    """

    async def turn() -> list[Sample]:
        callers = [ShowingPasskey(device, times) for device in devices]
        return await serving(server, callers, seconds=_LONGEST_TURN, requests_each=2)()

    return turn


async def _once_each(server: Server, requests: Sequence[bytes], level: bytes) -> list[Sample]:
    expected = b'"acr":"%s"' % level
    callers = [Once([each], status=b"201", expected=expected) for each in requests]
    return await serving(server, callers, seconds=_LONGEST_TURN)()


def _with_password(email: str, **more: dict[str, str]) -> bytes:
    body = orjson.dumps({"email": email, "password": PASSWORD, **more})
    return post(_SESSIONS, body)
