"""Looking at a real mail server: what each kind of failure is told as, and that no mail is sent."""

import asyncio
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from adapters.smtp.inspection import MailServerInspection
from application.ports.inspection import Observation
from tests.adapters.smtp.test_mailer import Inbox, scripted, serving


async def seen(url: str, patience: float = 10) -> list[Observation]:
    inspection = MailServerInspection(url=url, sender="no-reply@id.example.org", timeout=patience)
    return list(await inspection.observations())


async def test_a_server_that_answers_is_named_and_gets_no_mail() -> None:
    inbox = Inbox()
    async with serving(inbox) as port:
        [only] = await seen(f"smtp://127.0.0.1:{port}")
    assert only == Observation(level="ok", message=f"127.0.0.1:{port} answers without TLS.")
    assert inbox.envelopes == []


@pytest.mark.parametrize("is_right", [True, False])
async def test_the_sign_in_is_tried(is_right: bool) -> None:
    """And a refusal names its code and the setting, never the user."""
    options: dict[str, Any] = {
        "authenticator": lambda *_: AuthResult(success=is_right, handled=False),
        "auth_require_tls": False,
    }
    async with serving(Inbox(), **options) as port:
        [only] = await seen(f"smtp://someone:in-the-address@127.0.0.1:{port}?starttls=never")
    if is_right:
        assert only.message.endswith("answers without TLS, and takes the sign-in.")
    else:
        assert only.level == "error"
        assert (only.reason, "535" in only.message) == ("password_refused", True)
        assert "SMTP_URL" in only.cure
    assert "someone" not in repr(only)


async def test_a_server_without_starttls_where_it_is_required() -> None:
    async with serving(Inbox()) as port:
        [only] = await seen(f"smtp://127.0.0.1:{port}?starttls=required")
    assert (only.level, only.reason == "no_starttls") == ("error", True)


async def test_a_server_that_speaks_no_tls() -> None:
    async with serving(Inbox()) as port:
        [only] = await seen(f"smtps://127.0.0.1:{port}")
    assert (only.level, "does not speak TLS" in only.message) == ("error", True)


async def test_a_server_that_says_nothing() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with scripted(silent) as port:
        [only] = await seen(f"smtp://127.0.0.1:{port}", patience=0.2)
    assert (only.level, "does not answer in time" in only.message) == ("error", True)


async def test_a_server_that_turns_us_away() -> None:
    async def busy(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 no service for in-the-answer\r\n")
        writer.close()

    async with scripted(busy) as port:
        [only] = await seen(f"smtp://127.0.0.1:{port}")
    assert (only.level, "554" in only.message) == ("error", True)
    assert "in-the-answer" not in repr(only)


async def test_a_server_that_is_away_or_unknown() -> None:
    for host, word in (("127.0.0.1:1", "takes no connections"), ("mx.invalid", "host name")):
        [only] = await seen(f"smtp://{host}")
        assert only.level == "error"
        assert word in only.message
