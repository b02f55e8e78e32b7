"""
Signing in with more than a password, or without one, as `make bench` does it.
"""

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from benchmarks.arena import sign_up
from benchmarks.factors import (
    AuthenticatorApp,
    ShowingPasskey,
    add_app,
    add_passkey,
    showing_codes,
    showing_passkeys,
    showing_passwords,
)
from benchmarks.load import Once
from benchmarks.measures import serving
from benchmarks.processes import Cores, Server
from domain.factors.totp import TotpSettings
from tests.support.processes import environment
from tests.support.soft_passkey import SoftPasskey

ORIGIN = "http://127.0.0.1:8000"
SECRET = b"12345678901234567890"
TOTP = TotpSettings()


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Measured(Server):
    """
    A server that needs six seconds of processor time in each turn.
    """

    used = 0.0

    def cpu_seconds(self) -> float:
        self.used += 6
        return self.used


def accepted(code: str, *, at: float, after: int) -> int:
    """
    Return which code Doorward takes it for.
    """
    found = TOTP.match(SECRET, code, now=datetime.fromtimestamp(at, UTC), after=after)
    assert found is not None
    return found


@pytest.mark.parametrize("into_the_step", range(30))
def test_an_app_shows_codes_that_are_good_when_they_are_looked_at(into_the_step: int) -> None:
    """
    The last of them ten seconds later, when all passwords before it are hashed.
    """
    clock = Clock(1_800_000_000 + into_the_step)
    app, last = AuthenticatorApp("ada@example.com", SECRET, now=clock), 0
    for _ in range(3):
        assert app.codes_left >= 1
        while app.codes_left:
            code = app.code()
            accepted(code, at=clock.now, after=last)
            last = accepted(code, at=clock.now + 9, after=last)
        clock.now += 30


@pytest.mark.parametrize("into_the_step", range(27))
def test_an_app_that_was_just_added_has_two_codes_left(into_the_step: int) -> None:
    app = AuthenticatorApp("ada@example.com", SECRET, now=Clock(1_800_000_000 + into_the_step))
    app.code(lasts=3)
    assert app.codes_left == 2


def test_an_app_has_a_new_code_with_each_step() -> None:
    clock = Clock(1_800_000_000)
    app = AuthenticatorApp("ada@example.com", SECRET, now=clock)
    assert app.codes_left == 3
    shown = [app.code() for _ in range(3)]
    assert len(set(shown)) == 3
    assert app.codes_left == 0
    clock.now += 29
    assert app.codes_left == 0
    clock.now += 1
    assert app.codes_left == 1


def test_a_challenge_is_answered_once() -> None:
    device = SoftPasskey(origin=ORIGIN, user_handle=b"0123456789abcdef")
    caller = ShowingPasskey(device, 2)
    for number in range(2):
        assert (caller.request() or b"").startswith(b"POST /api/v1/passkeys/challenges ")
        options = {"challenge": f"challenge-{number}", "rpId": "127.0.0.1"}
        begun = {"data": {"challenge": f"dwc_{number}", "options": options}}
        assert caller.accept(b"200", orjson.dumps(begun))
        request = caller.request() or b""
        assert request.startswith(b"POST /api/v1/sessions ")
        assert f'"challenge":"dwc_{number}"'.encode() in request
        assert caller.accept(b"201", b'{"acr":"phr"}')
    assert caller.request() is None


@pytest.mark.parametrize(
    ("status", "body"), [(b"201", b'{"acr":"aal1"}'), (b"401", b'{"acr":"phr"}')]
)
def test_another_session_than_that_of_a_passkey_is_not_counted(status: bytes, body: bytes) -> None:
    caller = ShowingPasskey(SoftPasskey(origin=ORIGIN), 1)
    caller.request()
    options = {"challenge": "challenge", "rpId": "127.0.0.1"}
    assert caller.accept(b"200", orjson.dumps({"data": {"challenge": "", "options": options}}))
    caller.request()
    assert not caller.accept(status, body)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Measured]:
    """
    Return a Doorward that is up, on a core of its own, as `make bench` starts it.
    """
    settings = {
        "ENVIRONMENT": "development",
        "DATABASE_URL": "memory://",
        "PUBLIC_URL": ORIGIN,
        "RATE_LIMITS": "off",
        "REQUIRE_VERIFIED_EMAIL": "off",
    }
    with Measured(
        "Doorward",
        [sys.executable, "-m", "entrypoints.cli.main", "serve", "--port", "{port}"],
        environment=environment(tmp_path, settings),
        cores=Cores().server,
        live="/health/ready",
        log=tmp_path / "log",
    ) as up:
        yield up


@pytest.mark.skipif(sys.platform != "linux", reason="make bench reads /proc")
async def test_every_turn_signs_people_in_and_counts_them(server: Measured) -> None:
    """
    Real codes and real signatures; an answer that is not the right one ends the run.
    """
    for email in ("person0@example.com", "app@example.com", "passkey@example.com"):
        sign_up(server, email)
    app = add_app(server, "app@example.com")
    device = add_passkey(server, "passkey@example.com")
    [alone] = await showing_passwords(server, people=1)()
    [code] = await showing_codes(server, [app], people=1)()
    [passkey] = await showing_passkeys(server, [device], 3)()
    # A sign-in with a passkey is two requests.
    assert [sample["cpu_seconds"] for sample in (alone, code, passkey)] == [6, 6, 2]
    assert device.count == 1 + 3
    assert app.codes_left < 3


@pytest.mark.parametrize(("requests_each", "seconds"), [(1, 1.5), (2, 3)])
async def test_requests_that_belong_together_count_as_one(
    tmp_path: Path, requests_each: int, seconds: float
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1024):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        writer.close()
        await writer.wait_closed()
        ended.set()

    ended = asyncio.Event()
    asked = Measured("none", [], environment={}, cores=set(), live="", log=tmp_path / "log")
    callers = [Once([b"GET / HTTP/1.1\r\n\r\n"] * 4, expected=b"{}")]
    async with await asyncio.start_server(answer, "127.0.0.1", asked.port):
        [sample] = await serving(asked, callers, seconds=10, requests_each=requests_each)()
        await ended.wait()
    assert sample["cpu_seconds"] == seconds
    assert sample["cores_busy"] / sample["per_second"] == pytest.approx(seconds)
