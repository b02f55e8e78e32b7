"""
What the service does not start with (CF-1), and where it keeps a key of its own.
"""

import asyncio
import signal
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.types import Message

from entrypoints import lifecycle
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.lifecycle import StartRefused, build_container, ready_settings
from entrypoints.settings import Settings
from tests.http.client import settings_for

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "nW3vT0qk2nq8kYp1T5oQ7u4m2b1vX9sR6wE0yA3cD5fG",
    "PUBLIC_URL": "https://id.example.com",
    "DATABASE_URL": "postgresql://doorward:hunter2secret@db.example.com/doorward",
    "SMTP_URL": "smtp://mail.example.com",
    "MAIL_FROM": "no-reply@id.example.com",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """
    Nothing of the caller's environment and no .env of the checkout counts here.
    """
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def _set(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in {**PRODUCTION, **settings}.items():
        monkeypatch.setenv(name, value)


def test_production_starts_with_these_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The other tests each change one thing about them.
    """
    _set(monkeypatch)
    settings = ready_settings()
    assert (settings.in_production, settings.docs, settings.run_worker) == (True, False, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "x" * 31),
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "abababababababababababababababababababab"),
        ("SECRET_KEY", "changeme-changeme-changeme-changeme"),
        ("SECRET_KEY", "your-secret-key-goes-right-in-here!"),
        ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
        ("PUBLIC_URL", "http://id.example.com"),
        ("LINK_BASE_URL", "http://app.example.com"),
        ("DATABASE_URL", "memory://"),
        ("DEBUG", "true"),
        ("ARGON2_MEMORY_KIB", "1024"),
        ("ARGON2_TIME_COST", "1"),
        ("ACCESS_TOKEN_TTL", "601"),
        ("REFRESH_GRACE", "61"),
        ("PASSWORD_MIN_LENGTH", "7"),
        ("SIGNING_ALGORITHM", "HS256"),
        ("CORS_ORIGINS", "*"),
    ],
)
def test_production_does_not_start_unsafely(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """
    CF-1: the message names the setting and repeats no secret.
    """
    _set(monkeypatch, **{name: value})
    with pytest.raises(SystemExit) as refused:
        ready_settings()
    message = str(refused.value)
    assert name in message
    assert "hunter2secret" not in message
    assert name != "SECRET_KEY" or len(value) < 6 or value not in message


def test_development_makes_a_key_of_its_own_and_keeps_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    CF-1: random, beside the SQLite file, for its owner only; the same at the next start.
    """
    file = tmp_path / "data" / "doorward.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{file}")
    first, second = ready_settings().secret_key_bytes(), ready_settings().secret_key_bytes()
    assert first == second
    assert len(first) >= 32
    kept = file.parent / "secret_key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    other = settings_for(f"sqlite:///{tmp_path}/other/doorward.db", secret_key=None)
    assert other.secret_key_bytes() != first


async def test_of_a_refusal_that_comes_late_the_server_is_told_no_traceback_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    DB-5: the database came back with a schema of another version; the log has the reason.
    """
    came_back, ended = asyncio.Event(), asyncio.Event()

    async def prepare(_: Container) -> None:
        await came_back.wait()
        raise StartRefused("The schema is newer.")

    monkeypatch.setattr(lifecycle, "START_PATIENCE", timedelta(0))
    monkeypatch.setattr(lifecycle, "prepare", prepare)
    monkeypatch.setattr(signal, "raise_signal", lambda _: ended.set())
    orders, answers = asyncio.Queue[Message](), asyncio.Queue[Message]()
    app = create_app(build_container(settings_for("memory://")))
    life = asyncio.create_task(app({"type": "lifespan", "state": {}}, orders.get, answers.put))
    await orders.put({"type": "lifespan.startup"})
    assert await answers.get() == {"type": "lifespan.startup.complete"}
    came_back.set()
    await ended.wait()
    await orders.put({"type": "lifespan.shutdown"})
    assert await answers.get() == {"type": "lifespan.shutdown.failed"}
    with pytest.raises(StartRefused):
        await life
