"""Mail over a real SMTP server: what arrives, and what each kind of failure means."""

import asyncio
import datetime as dt
import email
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default as modern
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.addresses.mail_server import SmtpServer
from adapters.mime.composer import MimeComposer
from adapters.smtp.mailer import SmtpMailer
from application.mail.ports import Mail, MailNotSent, MailRefused

SENDER = "Doorward <no-reply@id.example.org>"
LINK = "https://id.example.org/verify-email?token=dwm_" + "x" * 43
MAIL = Mail(
    message_id="01930000-0000-7000-8000-00000000000a",
    to="jane@example.com",
    subject="Grüße: verify your address",
    text=f"Hello,\n\n{LINK}\n.\n..dots\n",
    html=f"<p>Grüße</p><a href='{LINK}'>Verify</a>",
    queued_at=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC),
    link=LINK,
    token=LINK[-47:],
)

COMPOSER = MimeComposer(sender=SENDER)

type Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Inbox:
    """
    An aiosmtpd handler that keeps what it takes, and answers as it is told.
    """

    def __init__(self, *, sender: str = "250 OK", rcpt: str = "250 OK", data: str = "250 OK"):
        self.answers = {"sender": sender, "rcpt": rcpt, "data": data}
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers["sender"]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.answers["rcpt"].startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answers["rcpt"]

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.envelopes.append(envelope)
        self.sessions.append(session)
        return self.answers["data"]

    def message(self) -> EmailMessage:
        (envelope,) = self.envelopes
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=modern)
        assert isinstance(message, EmailMessage)
        return message


@asynccontextmanager
async def listening(
    factory: Callable[[], asyncio.BaseProtocol], tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(factory, host="127.0.0.1", port=0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def serving(
    inbox: Inbox, *, implicit_tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[int]:
    def smtp() -> SMTP:
        loop = asyncio.get_running_loop()
        return SMTP(inbox, hostname="mx.example.net", enable_SMTPUTF8=True, loop=loop, **options)

    async with listening(smtp, implicit_tls) as port:
        yield port


@asynccontextmanager
async def scripted(answer: Answer) -> AsyncIterator[int]:
    """
    Serve whatever a test writes, where aiosmtpd behaves too well.
    """
    server = await asyncio.start_server(answer, host="127.0.0.1", port=0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: dict[bytes, bytes | None]
) -> None:
    """
    Answer each command by its first word; None ends the talk without a word.
    """
    writer.write(b"220 ready\r\n")
    while line := await reader.readline():
        answer = answers.get(line.split()[0].upper(), b"250 OK\r\n")
        if answer is None:
            break
        writer.write(answer)
        if line.upper().startswith(b"DATA") and answer.startswith(b"354"):
            while await reader.readline() not in (b".\r\n", b""):
                pass
            final = answers.get(b".", b"250 OK\r\n")
            if final is None:
                break
            writer.write(final)
            if not final.endswith(b"\n"):
                break
    writer.close()


def mailer(port: int, *, scheme: str = "smtp", rest: str = "", timeout: float = 20) -> SmtpMailer:
    return SmtpMailer(url=f"{scheme}://127.0.0.1:{port}{rest}", composer=COMPOSER, timeout=timeout)


class TestDelivery:
    @pytest.mark.parametrize(
        "sender", ["Doorward: Accounts <id@bücher.example>", "Tür, GmbH <id@xn--bcher-kva.example>"]
    )
    async def test_a_server_takes_a_sender_with_a_special_name_and_an_international_domain(
        self, sender: str
    ) -> None:
        """OP-2: over a server that does not know SMTPUTF8, and strictly ASCII on the wire."""
        inbox = Inbox()
        loop = asyncio.get_running_loop()

        def smtp() -> SMTP:
            return SMTP(inbox, hostname="mx.example.net", enable_SMTPUTF8=False, loop=loop)

        async with listening(smtp) as port:
            composer = MimeComposer(sender=sender)
            await SmtpMailer(url=f"smtp://127.0.0.1:{port}", composer=composer).send(MAIL)
        (envelope,) = inbox.envelopes
        assert envelope.mail_from == "id@xn--bcher-kva.example"
        assert isinstance(envelope.content, bytes)
        assert envelope.content.isascii()
        (address,) = inbox.message()["From"].addresses
        assert address.addr_spec == "id@xn--bcher-kva.example"
        assert address.display_name == sender.partition(" <")[0]
        (session,) = inbox.sessions
        assert session.host_name == "xn--bcher-kva.example"

    async def test_the_message_arrives_whole(self) -> None:
        """AT-3: for its one recipient, as text and as HTML."""
        inbox = Inbox()
        async with serving(inbox) as port:
            await mailer(port).send(MAIL)
        (envelope,) = inbox.envelopes
        assert envelope.mail_from == "no-reply@id.example.org"
        assert envelope.rcpt_tos == [MAIL.to]
        message = inbox.message()
        assert message["From"] == SENDER
        assert message["To"] == MAIL.to
        assert message["Subject"] == MAIL.subject
        assert message["Date"].datetime == MAIL.queued_at
        assert message["Auto-Submitted"] == "auto-generated"
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        assert text is not None
        assert html is not None
        assert text.get_content() == MAIL.text
        assert html.get_content().rstrip("\n") == MAIL.html
        assert message.get_content_type() == "multipart/alternative"

    @pytest.mark.parametrize("text", ["ünïcode 🚪\n", "x" * 5000 + "\n", "\n", ".\n"], ids=ascii)
    async def test_any_text_arrives(self, text: str) -> None:
        inbox = Inbox()
        async with serving(inbox) as port:
            await mailer(port).send(replace(MAIL, text=text))
        body = inbox.message().get_body(("plain",))
        assert body is not None
        assert body.get_content().replace("\r\n", "\n") == text
        assert isinstance(inbox.envelopes[0].content, bytes)
        assert max(map(len, inbox.envelopes[0].content.split(b"\r\n"))) <= 998

    async def test_every_try_is_the_same_message(self) -> None:
        """OB-3: a receiver can drop the duplicate by its Message-ID."""
        inbox = Inbox()
        async with serving(inbox) as port:
            await mailer(port).send(MAIL)
            await mailer(port).send(MAIL)
        first, second = (
            email.message_from_bytes(envelope.content or b"", policy=modern)
            for envelope in inbox.envelopes
            if isinstance(envelope.content, bytes)
        )
        expected = f"<{MAIL.message_id}@id.example.org>"
        assert first["Message-ID"] == second["Message-ID"] == expected
        assert first["Date"] == second["Date"]

    async def test_what_goes_wrong_after_acceptance_does_not_matter(self) -> None:
        """OB-3: an accepted mail is never sent again because of a lost farewell."""

        async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await converse(reader, writer, {b"DATA": b"354 go\r\n", b"QUIT": None})

        async with scripted(rude) as port:
            await mailer(port).send(MAIL)

    async def test_a_server_that_knows_no_ehlo_is_served_too(self) -> None:
        async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await converse(reader, writer, {b"EHLO": b"502 what?\r\n", b"DATA": b"354 go\r\n"})

        async with scripted(old) as port:
            await mailer(port).send(MAIL)


class TestRefusals:
    @pytest.mark.parametrize("stage", ["sender", "rcpt", "data"])
    @pytest.mark.parametrize("code", [550, 552, 554])
    async def test_5xx_is_final(self, stage: str, code: int) -> None:
        """OB-4: parked, and the reason holds the status only (LG-1)."""
        inbox = Inbox(**{stage: f"{code} 5.1.1 no such user {MAIL.to}"})
        async with serving(inbox) as port:
            with pytest.raises(MailRefused) as raised:
                await mailer(port).send(MAIL)
        assert str(raised.value) == str(code)

    @pytest.mark.parametrize("stage", ["sender", "rcpt", "data"])
    @pytest.mark.parametrize("code", [421, 450, 451, 452])
    async def test_4xx_is_worth_another_try(self, stage: str, code: int) -> None:
        """OB-4."""
        inbox = Inbox(**{stage: f"{code} later, {MAIL.to}"})
        async with serving(inbox) as port:
            with pytest.raises(MailNotSent) as raised:
                await mailer(port).send(MAIL)
        assert str(code) in str(raised.value)
        assert MAIL.to not in str(raised.value)

    async def test_a_refusal_counts_though_the_server_falls_silent_behind_it(self) -> None:
        """OB-4."""

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await converse(reader, writer, {b"RCPT": b"550 no\r\n", b"RSET": b"", b"QUIT": b""})

        async with scripted(silent) as port:
            with pytest.raises(MailRefused, match=r"\A550\Z"):
                await mailer(port, timeout=5).send(MAIL)

    @pytest.mark.parametrize(
        "answers",
        [
            {b"EHLO": b"554 go away\r\n", b"HELO": b"554 go away\r\n"},
            {b"MAIL": b"530 5.7.0 authentication required\r\n"},
            {b"MAIL": b"nonsense\r\n"},
            {b"MAIL": b"\xff\xfe\r\n"},
            {b"DATA": b"250 not what was asked\r\n"},
        ],
        ids=range(5),
    )
    async def test_an_answer_about_ourselves_condemns_no_message(
        self, answers: dict[bytes, bytes | None]
    ) -> None:
        """OB-2: while our settings are wrong, mail waits; it is not parked."""

        async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await converse(reader, writer, answers)

        async with scripted(strange) as port:
            with pytest.raises(MailNotSent):
                await mailer(port).send(MAIL)

    async def test_a_greeting_of_5xx_is_worth_another_try(self) -> None:
        """OB-2."""

        async def closed(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"554 no mail today\r\n")
            writer.close()

        async with scripted(closed) as port:
            with pytest.raises(MailNotSent):
                await mailer(port).send(MAIL)


class TestNoAnswer:
    async def test_no_server_listens(self) -> None:
        """OB-2."""
        async with serving(Inbox()) as port:
            pass
        with pytest.raises(MailNotSent):
            await mailer(port).send(MAIL)

    async def test_an_unknown_host(self) -> None:
        """OB-2."""
        unknown = SmtpMailer(url="smtp://mx.invalid:25", composer=COMPOSER, timeout=5)
        with pytest.raises(MailNotSent):
            await unknown.send(MAIL)

    @pytest.mark.parametrize("stage", [b"EHLO", b"MAIL", b"RCPT", b"DATA"])
    async def test_a_server_that_hangs(self, stage: bytes) -> None:
        """OB-2: the timeout is for all of it together."""

        async def hanging(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await converse(reader, writer, {stage: b""})

        async with scripted(hanging) as port:
            with pytest.raises(MailNotSent, match="in time"):
                await mailer(port, timeout=0.1).send(MAIL)

    async def test_a_server_that_never_greets(self) -> None:
        """OB-2."""

        async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        async with scripted(mute) as port:
            with pytest.raises(MailNotSent, match="in time"):
                await mailer(port, timeout=0.1).send(MAIL)

    @pytest.mark.parametrize("last_words", [None, b"250 O", b"250-OK\r\n250"])
    async def test_a_line_cut_before_the_final_answer(self, last_words: bytes | None) -> None:
        """OB-3: what was not acknowledged to the end is not sent."""

        async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await converse(reader, writer, {b"DATA": b"354 go\r\n", b".": last_words})

        async with scripted(cut) as port:
            with pytest.raises(MailNotSent):
                await mailer(port).send(MAIL)

    async def test_a_cancelled_sending_leaves_no_connection(self) -> None:
        """DU-2."""
        arrived, closed = asyncio.Event(), asyncio.Event()

        async def waiting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            arrived.set()
            await reader.read()
            closed.set()
            writer.close()

        async with scripted(waiting) as port:
            sending = asyncio.create_task(mailer(port).send(MAIL))
            await arrived.wait()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            async with asyncio.timeout(10):
                await closed.wait()


class TestInjection:
    @pytest.mark.parametrize(
        "changed",
        [
            {"subject": "x\r\nBcc: eve@evil.example"},
            {"to": "a@example.com,b@example.com"},
            {"to": "a@example.com> SIZE=1"},
            {"to": "a@example.com\r\nRCPT TO:<b@example.com>"},
            {"message_id": "a\r\nBcc: b@example.com"},
            {"text": "\ud800"},
        ],
        ids=range(6),
    )
    async def test_the_server_never_hears_of_a_mail_that_cannot_be_composed(
        self, changed: dict[str, Any]
    ) -> None:
        """AT-3, OP-2. What else cannot be composed is in ``tests/adapters/mime``."""
        callers = 0

        async def counting(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal callers
            callers += 1
            writer.close()

        async with scripted(counting) as port:
            with pytest.raises(MailRefused) as raised:
                await mailer(port).send(replace(MAIL, **changed))
            with pytest.raises(MailNotSent):
                await mailer(port).send(MAIL)
        assert callers == 1, "the last mail alone was worth a call"
        assert "@" not in str(raised.value)

    async def test_a_body_cannot_end_the_message(self) -> None:
        """OP-2: no second message can be smuggled in behind a lone dot."""
        inbox = Inbox()
        smuggled = "Hi\n.\nMAIL FROM:<eve@evil.example>\nRCPT TO:<bob@example.com>\nDATA\n"
        async with serving(inbox) as port:
            await mailer(port).send(replace(MAIL, text=smuggled, html="<p>\r\n.\r\nQUIT</p>"))
        body = inbox.message().get_body(("plain",))
        assert body is not None
        assert body.get_content() == smuggled


class TestSecrecy:
    async def test_errors_hold_no_address_and_no_cause(self) -> None:
        """LG-1: neither in their words nor in the traceback that a log would print."""
        answers = [Inbox(rcpt=f"550 {MAIL.to}"), Inbox(data=f"451 {MAIL.to} {MAIL.token}")]
        for inbox in answers:
            async with serving(inbox) as port:
                with pytest.raises((MailRefused, MailNotSent)) as raised:
                    await mailer(port).send(MAIL)
            assert MAIL.to not in repr(raised.value)
            assert raised.value.__suppress_context__

    def test_the_password_is_not_shown(self) -> None:
        """LG-1."""
        url = "smtps://user:hunter2@mx.example.net"
        for shown in (repr(SmtpMailer(url=url, composer=COMPOSER)), repr(SmtpServer.parse(url))):
            assert "hunter2" not in shown

    @pytest.mark.parametrize(
        "url",
        ["", "mx.example.net", "http://u:hunter2@mx.example.net", "smtp://", "smtp://u:hunter2@",
         "smtp://u:hunter2@mx.example.net:port", "smtp://u:hunter2@mx.example.net:99999",
         "smtp://hunter2@mx.example.net", "smtp://u:hunter2@[mx", "smtp://u:hunter2@mx/path",
         "smtp://u:hunter2@mx.example.net?starttls=never",
         "smtp://u:hunter2@mx.example.net?starttls=perhaps",
         "smtp://u:hunter2@mx.example.net?starttls", "smtp://mx.example.net?tls=1",
         "smtp://mx?starttls=auto&starttls=never", "smtps://mx.example.net?starttls=required",
         "smtp+starttls://mx.example.net", "smtp+starttls://u:hunter2@mx.example.net:587"],
    )  # fmt: skip
    def test_a_wrong_address_is_refused_without_being_repeated(self, url: str) -> None:
        """LG-1, CF-1: at the start, not at the first mail."""
        with pytest.raises(ValueError, match=r"^(is|has) .") as raised:
            SmtpMailer(url=url, composer=COMPOSER)
        assert "hunter2" not in str(raised.value)
        assert raised.value.__suppress_context__ or raised.value.__context__ is None


class TestAddresses:
    @pytest.mark.parametrize(
        ("url", "port", "implicit_tls", "starttls"),
        [
            ("smtp://mx.example.net", 25, False, "auto"),
            ("smtp://mx.example.net:1025", 1025, False, "auto"),
            ("smtp://mx.example.net?starttls=required", 25, False, "required"),
            ("smtp://mx.example.net?starttls=never", 25, False, "never"),
            ("smtps://mx.example.net", 465, True, "never"),
            ("smtp://u:p@mx.example.net:587", 587, False, "required"),
            ("smtp://u:p@10.0.0.1", 25, False, "required"),
            ("smtp://u:p@localhost", 25, False, "auto"),
            ("smtp://u:p@127.0.0.1?starttls=never", 25, False, "never"),
            ("smtp://u:p@[::1]:2525", 2525, False, "auto"),
            ("smtps://u:p@mx.example.net", 465, True, "never"),
        ],
    )
    def test_what_an_address_says(
        self, url: str, port: int, *, implicit_tls: bool, starttls: str
    ) -> None:
        """A password crosses a network in TLS or not at all."""
        server = SmtpServer.parse(url)
        assert (server.port, server.implicit_tls, server.starttls) == (port, implicit_tls, starttls)

    def test_credentials_may_be_percent_encoded(self) -> None:
        server = SmtpServer.parse("smtps://us%40er:p%3A%2F%25w@mx.example.net")
        assert (server.username, server.password) == ("us@er", "p:/%w")


class TestTls:
    @pytest.fixture
    def certificate(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
        """
        A server's context whose certificate is trusted for the time of the test.
        """
        context, file = self.self_signed(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        return context

    @staticmethod
    def self_signed(directory: Path) -> tuple[ssl.SSLContext, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, SHA256())
        )
        file = directory / "certificate.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context, file

    async def test_starttls_is_taken_where_it_is_offered(self, certificate: ssl.SSLContext) -> None:
        inbox = Inbox()
        async with serving(inbox, tls_context=certificate) as port:
            await mailer(port).send(MAIL)
        assert inbox.sessions[0].ssl is not None

    async def test_starttls_is_insisted_on_where_it_is_required(self) -> None:
        """A server, or an attacker on the way to it, that hides STARTTLS gets no mail."""
        inbox = Inbox()
        async with serving(inbox) as port:
            with pytest.raises(MailNotSent):
                await mailer(port, rest="?starttls=required").send(MAIL)
        assert not inbox.envelopes

    async def test_starttls_can_be_left_alone(self, certificate: ssl.SSLContext) -> None:
        inbox = Inbox()
        async with serving(inbox, tls_context=certificate) as port:
            await mailer(port, rest="?starttls=never").send(MAIL)
        assert inbox.sessions[0].ssl is None

    async def test_implicit_tls(self, certificate: ssl.SSLContext) -> None:
        inbox = Inbox()
        async with serving(inbox, implicit_tls=certificate) as port:
            await mailer(port, scheme="smtps").send(MAIL)
        assert inbox.message()["To"] == MAIL.to

    async def test_an_untrusted_certificate_is_refused(self, tmp_path: Path) -> None:
        context, _ = self.self_signed(tmp_path)
        inbox = Inbox()
        async with serving(inbox, tls_context=context) as port:
            with pytest.raises(MailNotSent):
                await mailer(port).send(MAIL)
        assert not inbox.envelopes

    @pytest.mark.parametrize("password", ["right", "wrong"])
    async def test_signing_in_to_the_server(
        self, certificate: ssl.SSLContext, password: str
    ) -> None:
        """OB-2: a refused sign-in (535) condemns no message."""
        inbox = Inbox()

        def authenticate(
            server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
        ) -> AuthResult:
            assert isinstance(given, LoginPassword)
            right = given == LoginPassword(b"user", b"right")
            return AuthResult(success=right, handled=False)

        async with serving(
            inbox, tls_context=certificate, authenticator=authenticate, auth_required=True
        ) as port:
            sending = SmtpMailer(
                url=f"smtp://user:{password}@127.0.0.1:{port}", composer=COMPOSER
            ).send(MAIL)
            if password == "right":
                await sending
            else:
                with pytest.raises(MailNotSent, match="535") as raised:
                    await sending
                assert "wrong" not in str(raised.value)
        assert len(inbox.envelopes) == (password == "right")
