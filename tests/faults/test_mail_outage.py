"""
A day without a mail server, on a test clock, with a real SMTP peer that comes back (OB-2).
"""

import asyncio
import email
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from aiosmtpd.smtp import SMTP, Envelope, Session

from adapters.mime.composer import MimeComposer
from adapters.smtp.mailer import SmtpMailer
from application.accounts.mails import ADDRESS_IN_USE
from application.mail.ports import Mail
from application.mail_texts import ENGLISH
from domain.mail.message import MessageStatus
from domain.principal import OPERATOR
from tests.application.service import HOUR
from tests.application.stories import ORIGIN, Service
from tests.support.processes import free_port

STEP = timedelta(minutes=1)
MAILS = set(ENGLISH)


class Inbox:
    """
    Takes every mail and remembers to whom and under which Message-ID.
    """

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        message_id = email.message_from_bytes(envelope.content)["message-id"]
        self.taken.append((envelope.rcpt_tos[0], message_id))
        return "250 OK"


@asynccontextmanager
async def smtp_server(port: int, inbox: Inbox) -> AsyncIterator[None]:
    """
    Listen on the port while the block runs.
    """
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, loop=loop), "127.0.0.1", port)
    async with server:
        yield


class CountingMailer(SmtpMailer):
    """
    Counts how often the server was asked.
    """

    tries = 0

    async def send(self, mail: Mail) -> None:
        self.tries += 1
        await super().send(mail)


async def test_a_day_without_a_mail_server() -> None:
    """
    OB-2, OB-3: at its end every live message has been delivered exactly once, every message whose
    secret had expired is marked and was never sent, and the server was not asked all day long.
    """
    port, inbox = free_port(), Inbox()
    composer = MimeComposer(sender="Doorward <id@example.org>")
    mailer = CountingMailer(url=f"smtp://127.0.0.1:{port}", composer=composer)
    service = Service(mailer=mailer, reset_ttl=HOUR / 2)
    for number in range(4):
        await service.operator_makes(OPERATOR, f"old{number}@example.com")

    people = 0
    for minute in range(24 * 60):
        service.clock.advance(STEP)
        if minute % 120 == 0:
            # Every two hours: a newcomer (a day to confirm), a reset (half an hour), a notice.
            await service.sign_up(f"new{people}@example.com")
            await service.credentials.request_password_reset(
                email=f"old{people % 4}@example.com", origin=ORIGIN
            )
            await service.sign_up(f"old{people % 4}@example.com")
            people += 1
        await service.deliver()
    assert inbox.taken == []
    day = mailer.tries
    assert day < 24 * 60, "a busy loop"
    assert day > 24, "it was not tried whether the server is back"

    async with smtp_server(port, inbox):
        for _ in range(60):
            service.clock.advance(STEP)
            await service.deliver()
    assert service.queue() == []
    assert service.queue(MessageStatus.DEAD) == []
    delivered = Counter(to for to, _ in inbox.taken)
    assert Counter(message_id for _, message_id in inbox.taken).most_common(1)[0][1] == 1
    # The newcomers of the first hours have waited longer than their link lives.
    confirmable = {f"new{number}@example.com" for number in range(1, people)}
    assert {to for to in delivered if to.startswith("new")} == confirmable
    assert max(delivered[to] for to in confirmable) == 1
    expired = service.queue(MessageStatus.EXPIRED)
    kinds = Counter(str(entry.message.kind) for entry in expired)
    assert kinds["verify_email"] == 1
    assert kinds["reset_password"] > 0
    sent = {str(entry.message.id) for entry in service.queue(MessageStatus.SENT)}
    assert not {str(entry.message.id) for entry in expired} & sent
    assert all(entry.message.sealed_secret is None for entry in expired)
    # Notices have no end of their own: each of them arrived.
    notices = [entry for entry in service.queue(MessageStatus.SENT)
               if entry.message.kind == ADDRESS_IN_USE]  # fmt: skip
    assert len(notices) == people
    mailed = [entry for entry in service.queue(MessageStatus.SENT) if entry.message.kind in MAILS]
    assert len(inbox.taken) == len(mailed)
