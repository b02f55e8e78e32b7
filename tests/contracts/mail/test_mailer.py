"""What every mailer promises; the SMTP one speaks to a real server in the test's own loop."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Protocol

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from adapters.memory.mail.mailbox import MemoryMailbox
from application.mail.ports import Mail, Mailer, MailNotSent, MailRefused
from tests.contracts.samples import NOW, in_parallel


@dataclass(frozen=True)
class Arrived:
    """What the receiving side has of a mail."""

    recipients: list[str]
    message_id: str
    subject: str
    text: str
    html: str


class Setup(Protocol):
    """A mailer and the far side of it."""

    mailer: Mailer

    def arrived(self) -> list[Arrived]: ...
    def refuse_next(self) -> None: ...
    def fail_next(self) -> None: ...


class MemorySetup:
    def __init__(self) -> None:
        self._mailbox = MemoryMailbox()
        self.mailer: Mailer = self._mailbox

    def arrived(self) -> list[Arrived]:
        return [
            Arrived([mail.to], mail.message_id, mail.subject, mail.text, mail.html)
            for mail in self._mailbox.mails
        ]

    def refuse_next(self) -> None:
        self._mailbox.fail_next(MailRefused("550"))

    def fail_next(self) -> None:
        self._mailbox.fail_next(MailNotSent("451"))


@dataclass
class SmtpSetup:
    """aiosmtpd's handler: keeps what it accepts, answers as it is told."""

    mailer: Mailer = field(init=False)
    envelopes: list[Envelope] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.envelopes.append(envelope)
        return "250 OK"

    def arrived(self) -> list[Arrived]:
        return [_read(envelope) for envelope in self.envelopes]

    def refuse_next(self) -> None:
        self.answers.append("550 5.1.1 no such user")

    def fail_next(self) -> None:
        self.answers.append("451 4.3.0 try again later")


@pytest.fixture(params=["memory", "smtp"])
async def setup(request: pytest.FixtureRequest) -> AsyncIterator[Setup]:
    if request.param == "memory":
        yield MemorySetup()
        return
    from adapters.mime.composer import MimeComposer
    from adapters.smtp.mailer import SmtpMailer

    smtp = SmtpSetup()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(smtp, hostname="mail.test", loop=loop), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    smtp.mailer = SmtpMailer(
        url=f"smtp://127.0.0.1:{port}",
        composer=MimeComposer(sender="Doorward <no-reply@doorward.example>"),
        timeout=10,
    )
    try:
        yield smtp
    finally:
        server.close()
        await server.wait_closed()


async def test_a_mail_arrives_whole_at_exactly_one_mailbox(setup: Setup) -> None:
    """AT-3."""
    mail = _mail(subject="Grüße — 😀", text="Straße\n\nhttps://example.com/x#t=1\n")
    await setup.mailer.send(mail)
    [arrived] = setup.arrived()
    assert arrived.recipients == [mail.to]
    assert arrived.subject == mail.subject
    assert arrived.text.splitlines() == mail.text.splitlines()
    assert arrived.html.strip() == mail.html


async def test_a_retry_has_the_same_message_id(setup: Setup) -> None:
    """OB-3: so that a receiver can drop the duplicate."""
    await setup.mailer.send(_mail())
    await setup.mailer.send(_mail())
    first, second = setup.arrived()
    assert first.message_id == second.message_id


async def test_a_message_that_is_refused_for_good_says_so(setup: Setup) -> None:
    """OB-4."""
    setup.refuse_next()
    with pytest.raises(MailRefused):
        await setup.mailer.send(_mail())
    assert setup.arrived() == []


async def test_a_message_that_may_be_taken_later_says_so_and_is(setup: Setup) -> None:
    """OB-2."""
    setup.fail_next()
    with pytest.raises(MailNotSent):
        await setup.mailer.send(_mail())
    assert setup.arrived() == []
    await setup.mailer.send(_mail())
    assert len(setup.arrived()) == 1


async def test_mails_sent_at_once_all_arrive(setup: Setup) -> None:
    mails = [_mail(subject=f"Mail {number}") for number in range(8)]
    assert await in_parallel(setup.mailer.send(mail) for mail in mails) == [None] * 8
    subjects = sorted(arrived.subject for arrived in setup.arrived())
    assert subjects == [mail.subject for mail in mails]


def _mail(*, subject: str = "Verify your address", text: str = "Hello\n") -> Mail:
    return Mail(
        message_id="0192f0c1-message@doorward.example",
        to="ada+tag@example.com",
        subject=subject,
        text=text,
        html="<p>Hello &amp; welcome</p>",
        queued_at=NOW,
        link="https://example.com/x#t=1",
        token="t",
    )


def _read(envelope: Envelope) -> Arrived:
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return Arrived(
        recipients=envelope.rcpt_tos,
        message_id=message["Message-ID"],
        subject=message["Subject"],
        text=text.get_content(),
        html=html.get_content(),
    )
