"""Why a mail server takes no mail: real ones, with passwords, certificates and refusals."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from adapters.smtp.inspection import MailServerInspection
from adapters.smtp.mailer import SmtpMailer
from application.mail.ports import MailNotSent, MailRefused
from application.ports.inspection import Observation
from domain.failures import Failure, Remedy
from tests.adapters.smtp.test_mailer import (
    COMPOSER,
    MAIL,
    Answer,
    Inbox,
    converse,
    scripted,
    serving,
)
from tests.support.certificates import Authority

LOGIN = "jane:hunter2"


def at(port: int, *, scheme: str = "smtp", login: str = "", query: str = "") -> str:
    place = f"{login}@127.0.0.1:{port}" if login else f"127.0.0.1:{port}"
    return f"{scheme}://{place}{query}"


async def seen(url: str, seconds: float) -> list[Observation]:
    """Return what `check` sees at this address."""
    inspection = MailServerInspection(url=url, sender=COMPOSER.sender, timeout=seconds)
    return list(await inspection.observations())


async def told(url: str, *, seconds: float = 2) -> Failure:
    """Return why the server takes no mail; `check` is told the same as the worker."""
    sender = SmtpMailer(url=url, composer=COMPOSER, timeout=seconds)
    with pytest.raises((MailNotSent, MailRefused)) as refused:
        await sender.send(MAIL)
    assert isinstance(refused.value, MailNotSent | MailRefused)
    found = refused.value.failure
    assert found is not None
    assert await seen(url, seconds) == [Observation.of(found)]
    for shown in (str(found), repr(found.facts)):
        assert "hunter" not in shown
        assert "127.0.0.1" not in shown
        assert MAIL.to not in shown
    assert found.cure
    return found


@asynccontextmanager
async def answering(answers: dict[bytes, bytes | None]) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await converse(reader, writer, answers)

    async with scripted(answer) as port:
        yield port


def nobody(*_: Any) -> AuthResult:
    return AuthResult(success=False, handled=False)


async def test_a_password_that_is_refused() -> None:
    async with serving(Inbox(), authenticator=nobody, auth_require_tls=False) as port:
        failure = await told(at(port, login=LOGIN))
    assert (failure.reason, failure.code, failure.kind) == (
        "password_refused",
        "535 5.7.8",
        "smtp_reply",
    )
    assert failure.remedy is Remedy.OPERATOR


async def test_a_server_without_sign_in() -> None:
    async with serving(Inbox()) as port:
        assert (await told(at(port, login=LOGIN))).reason == "no_sign_in"


async def test_a_server_that_wants_a_sign_in() -> None:
    async with answering({b"MAIL": b"530 5.7.0 hunter3\r\n"}) as port:
        failure = await told(at(port))
    assert (failure.reason, failure.code) == ("sign_in_required", "530 5.7.0")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"534 5.7.9 hunter3", "password_too_weak"),
        (b"538 5.7.11 hunter3", "sign_in_needs_tls"),
        (b"454 4.7.0 hunter3", "sign_in_not_now"),
        (b"432 4.7.12 hunter3", "password_expired"),
        (b"550 hunter3", "sign_in_refused"),
    ],
)
async def test_other_refusals_of_a_sign_in(reply: bytes, reason: str) -> None:
    answers: dict[bytes, bytes | None] = {
        b"EHLO": b"250-mx\r\n250 AUTH PLAIN\r\n",
        b"AUTH": reply + b"\r\n",
    }
    async with answering(answers) as port:
        failure = await told(at(port, login=LOGIN))
    assert failure.reason == reason
    assert failure.code == reply.decode().removesuffix(" hunter3")


@pytest.mark.parametrize(
    ("answers", "reason", "code"),
    [
        ({b"MAIL": b"553 5.7.1 <hunter3>\r\n"}, "sender_refused", "553 5.7.1"),
        ({b"MAIL": b"451 4.3.0 hunter3\r\n"}, "later", "451 4.3.0"),
        ({b"MAIL": b"550 5.7.1hunter3\r\n"}, "sender_refused", "550"),
        ({b"EHLO": b"554 hunter3\r\n", b"HELO": b"554 hunter3\r\n"}, "not_welcome", "554"),
        ({b"EHLO": b"hunter3\r\n", b"HELO": b"hunter3\r\n"}, "no_mail_server", None),
    ],
)
async def test_refusals_by_their_reply(
    answers: dict[bytes, bytes | None], reason: str, code: str | None
) -> None:
    async with answering(answers) as port:
        failure = await told(at(port))
    assert (failure.reason, failure.code) == (reason, code)


@pytest.mark.parametrize(
    ("stage", "reason"), [(b"RCPT", "recipient_refused"), (b"DATA", "message_refused")]
)
async def test_refusals_of_one_message(stage: bytes, reason: str) -> None:
    async with answering({stage: b"550 5.7.1 hunter3\r\n"}) as port:
        assert (await seen(at(port), 2))[0].level == "ok"
        with pytest.raises(MailRefused) as refused:
            await SmtpMailer(url=at(port), composer=COMPOSER).send(MAIL)
    assert refused.value.failure is not None
    assert (refused.value.failure.reason, refused.value.failure.code) == (reason, "550 5.7.1")


async def test_looking_sends_nothing() -> None:
    inbox = Inbox()
    async with serving(inbox) as port:
        assert (await seen(at(port), 2))[0].level == "ok"
    assert inbox.envelopes == []


async def test_a_server_that_is_no_mail_server() -> None:
    async def secure_shell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-hunter3\r\n")
        await writer.drain()
        writer.close()

    async with scripted(secure_shell) as port:
        assert (await told(at(port))).reason == "no_mail_server"


@pytest.mark.parametrize(
    ("scheme", "reason"), [("smtps", "tls_not_spoken"), ("smtp", "no_starttls")]
)
async def test_tls_on_a_port_without_it(scheme: str, reason: str) -> None:
    query = "?starttls=required" if scheme == "smtp" else ""
    async with serving(Inbox()) as port:
        assert (await told(at(port, scheme=scheme, query=query))).reason == reason


async def test_no_tls_on_a_port_that_speaks_it_from_the_first_byte(tmp_path: Path) -> None:
    """The server waits for us and we for its greeting: the cure names the scheme."""
    async with serving(Inbox(), implicit_tls=context_of(tmp_path)) as port:
        failure = await told(at(port))
    assert failure.reason in {"no_answer", "connection_lost"}
    assert "smtps://" in failure.cure


def context_of(
    folder: Path, *, expired: bool = False, itself: bool = False, host: str = "127.0.0.1"
) -> ssl.SSLContext:
    own = Authority(folder).sign("mail", expired=expired, itself=itself, hosts=(host,))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.file, own.key)
    return context


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize(
    ("certificate", "trusted", "reason", "code"),
    [
        ({"itself": True}, True, "tls_self_signed", "DEPTH_ZERO_SELF_SIGNED_CERT"),
        ({"expired": True}, True, "tls_expired", "CERT_HAS_EXPIRED"),
        ({"host": "10.0.0.1"}, True, "tls_wrong_name", "IP_ADDRESS_MISMATCH"),
        ({}, False, "tls_unknown_authority", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
    ],
)
async def test_certificates_that_nobody_should_trust(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    certificate: dict[str, Any],
    trusted: bool,
    reason: str,
    code: str,
) -> None:
    context = context_of(tmp_path, **certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    options = {"implicit_tls": context} if scheme == "smtps" else {"tls_context": context}
    async with serving(Inbox(), **options) as port:
        failure = await told(at(port, scheme=scheme))
    assert (failure.reason, failure.code, failure.kind) == (reason, code, "tls")


async def test_nothing_listens() -> None:
    async with serving(Inbox()) as port:
        pass
    failure = await told(at(port))
    assert (failure.reason, failure.code, failure.remedy) == (
        "refused",
        "ECONNREFUSED",
        Remedy.TIME,
    )


async def test_a_host_that_nothing_is_known_of() -> None:
    failure = await told("smtp://hunter2.invalid", seconds=5)
    assert failure.reason == "host_unknown"


def silent(after: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await converse(reader, writer, {after: b""})

    return answer


async def test_a_server_that_says_nothing_more() -> None:
    async with scripted(silent(b"MAIL")) as port:
        assert (await told(at(port), seconds=0.2)).reason == "no_answer"
