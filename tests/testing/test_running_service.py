"""
Doorward in the tests of a product: the service as a child, and what a test asks of it.
"""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from entrypoints.testing import NotStarted, Refused, RunningService

ADA = "ada@example.com"


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningService]:
    with RunningService() as service:
        yield service


@pytest.fixture
def service(shared: RunningService) -> RunningService:
    shared.reset()
    return shared


def test_an_account_signs_in_and_is_known(service: RunningService) -> None:
    user = service.create_user(ADA, display_name="Ada", roles=["administrator"])
    access = service.sign_in(ADA)["access_token"]
    assert service.ask("GET", "/api/v1/users/me", access=access)["id"] == user["id"]
    assert service.ask("GET", f"/api/v1/users/{user['id']}", access=access)["display_name"] == "Ada"


def test_mails_are_there_at_once_by_address(service: RunningService) -> None:
    for email in ("bob@example.com", ADA):
        service.create_user(email, verified=False)
    newest, _ = service.mails()
    (to_bob,) = service.mails("Bob@Example.com")
    assert (newest.to, to_bob.to) == (ADA, "bob@example.com")
    assert to_bob.token is not None
    assert to_bob.link is not None
    assert to_bob.link.startswith(service.url)
    assert abs(to_bob.queued_at - datetime.now(UTC)) < timedelta(minutes=5)
    confirmed = service.ask("POST", "/api/v1/email-verifications/confirm", {"token": to_bob.token})
    assert confirmed["status"] == "active"


def test_the_clock_is_set_put_forward_and_put_back(service: RunningService) -> None:
    assert service.clock.set(datetime(2031, 1, 1, tzinfo=UTC)).year == 2031
    before = service.clock.now()
    assert service.clock.advance(timedelta(days=1, microseconds=1)) - before >= timedelta(days=1)
    assert service.clock.reset() < before
    with pytest.raises(ValueError, match="zone"):
        service.clock.set(datetime(2031, 1, 1))  # noqa: DTZ001 - that is the point
    with pytest.raises(Refused, match="VALIDATION_ERROR"):
        service.clock.set(datetime(1970, 1, 1, tzinfo=UTC))


def test_a_refusal_says_its_status_and_code(service: RunningService) -> None:
    with pytest.raises(Refused, match="401 INVALID_CREDENTIALS") as caught:
        service.sign_in(ADA)
    assert (caught.value.status, caught.value.code) == (401, "INVALID_CREDENTIALS")
    body = {"email": ADA, "password": "violet kettle by the sea"}
    assert service.refusal("POST", "/api/v1/sessions", body) == "INVALID_CREDENTIALS"
    with pytest.raises(AssertionError, match="not refused"):
        service.refusal("GET", "/health/live")


def test_a_reset_leaves_no_account(service: RunningService) -> None:
    service.create_user(ADA)
    service.clock.advance(timedelta(days=400))
    service.reset()
    assert service.mails() == []
    assert service.clock.now() - datetime.now(UTC) < timedelta(minutes=5)
    service.create_user(ADA)


@pytest.mark.parametrize(
    "settings",
    [
        {"ENVIRONMENT": "production"},
        {"ENVIRONMENT": "PRODUCTION"},
        {"DATABASE_URL": "sqlite:///kept.db"},
    ],
)
def test_it_is_for_tests_alone(settings: dict[str, str]) -> None:
    """
    HD-4
    """
    with pytest.raises(ValueError, match="development mode and with memory"):
        RunningService(settings)


def test_what_keeps_it_from_starting_is_told() -> None:
    with pytest.raises(NotStarted, match="REFRESH_GRACE"):
        RunningService({"REFRESH_GRACE": "an hour"})


def test_the_environment_of_the_tests_has_no_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    A product's own DATABASE_URL, or its `.env`, is none of the service's.
    """
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("environment", "production")
    (tmp_path / ".env").write_text("PORT=1\nOF_THE_PRODUCT=yes\n")
    monkeypatch.chdir(tmp_path)
    with RunningService({"ACCESS_TOKEN_TTL": "60"}) as service:
        service.create_user(ADA)
        assert service.sign_in(ADA)["expires_in"] == 60


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """
    Also where that one is killed and has no time to say so.
    """
    program = tmp_path / "killed.py"
    program.write_text(
        "import os, signal\n"
        "from entrypoints.testing import RunningService\n"
        "print(RunningService().url, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    url = killed.stdout.strip()
    assert url.startswith("http://127.0.0.1:"), killed.stderr
    gone_by = datetime.now(UTC) + timedelta(seconds=30)
    while datetime.now(UTC) < gone_by:
        try:
            urllib.request.urlopen(f"{url}/health/live", timeout=1).close()
        except OSError:
            return
    raise AssertionError("the service outlived the process that started it")
