"""Mail through an SMTP server (RFC 5321), one connection per message (OB-3, OB-4)."""

import asyncio
from contextlib import suppress

import aiosmtplib

from adapters.addresses.mail_server import SmtpServer
from adapters.mime.composer import MimeComposer
from adapters.smtp.client import client_of
from adapters.smtp.failures import cause_of
from application.mail.ports import Mail, Mailer, MailNotSent, MailRefused, MailServerAway

_FAREWELL_SECONDS = 2
_SHUTTING_DOWN = 421
_AUTHENTICATION_REQUIRED = 530
_AWAY = (aiosmtplib.SMTPException, OSError, ValueError)  # TimeoutError is an OSError


class SmtpMailer(Mailer):
    """Hands each mail to one SMTP server, within ``timeout`` seconds for all of it.

    The server's answer decides (OB-4): a 5xx to the message itself will be a 5xx again. All
    else may pass: a 4xx, a lost connection, but also a refused sign-in to the server, which
    says something about our settings and nothing about the message. No error repeats an
    address, a secret or the server's words.
    """

    def __init__(self, *, url: str, composer: MimeComposer, timeout: float = 20) -> None:
        """Read the address; raise ``ValueError``, which repeats nothing of it, if it is none."""
        self._server = SmtpServer.parse(url)
        self._composer = composer
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"SmtpMailer({self._server.host}:{self._server.port})"

    async def send(self, mail: Mail) -> None:
        """Return once the server has taken the mail for its one recipient."""
        content = self._composer.compose(mail)
        client = client_of(self._server, own_name=self._composer.domain, timeout=self._timeout)
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect()
                # Not sendmail(): it sends a RSET behind a refusal, and a server that never
                # answers that would turn the refusal into a timeout.
                await client.mail(self._composer.sender)
                await client.rcpt(mail.to)
                await client.data(content)
            await _say_goodbye(client)
        # The causes hold addresses and the server's own words: they go no further.
        except (
            aiosmtplib.SMTPSenderRefused,
            aiosmtplib.SMTPRecipientRefused,
            aiosmtplib.SMTPDataError,
        ) as refusal:
            raise _verdict(refusal) from None
        except _AWAY as problem:
            raise MailServerAway(_told(problem), cause_of(problem)) from None
        finally:
            client.close()


def _verdict(refusal: aiosmtplib.SMTPResponseException) -> MailRefused | MailNotSent:
    """Return what the server's answer to the message means."""
    code, failure = refusal.code, cause_of(refusal)
    if code in {_SHUTTING_DOWN, _AUTHENTICATION_REQUIRED}:
        return MailServerAway(_told(refusal), failure)
    if 500 <= code <= 599:
        return MailRefused(str(code), failure)
    return MailNotSent(_told(refusal), failure)


def _told(problem: Exception) -> str:
    """Return what happened in a few words that hold no address and none of the server's words."""
    if isinstance(problem, aiosmtplib.SMTPResponseException):
        return f"the server answered {problem.code}"
    if isinstance(problem, TimeoutError):
        return "the server did not answer in time"
    return type(problem).__name__


async def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    """End the session; the mail is accepted, so nothing that goes wrong here matters."""
    with suppress(Exception):
        await client.quit(timeout=_FAREWELL_SECONDS)
