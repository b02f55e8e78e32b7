"""Looking at the mail server: a session as for a mail, with no mail in it (RFC 5321)."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import aiosmtplib

from adapters.addresses.mail_server import SmtpServer
from adapters.addresses.url import is_loopback_host
from adapters.smtp.client import client_of
from adapters.smtp.failures import cause_of
from application.ports.inspection import Inspection, Observation

_PATIENCE_SECONDS = 10
_FAREWELL_SECONDS = 2


class MailServerInspection(Inspection):
    """Connects, turns TLS on, signs in and names the sender as the mailer does; sends nothing."""

    name = "mail server"

    def __init__(self, *, url: str, sender: str, timeout: float = _PATIENCE_SECONDS) -> None:
        """Read the address; raise ``ValueError`` if it is none. ``sender`` is a bare mailbox."""
        self._server, self._sender, self._timeout = SmtpServer.parse(url), sender, timeout

    async def observations(self) -> Sequence[Observation]:
        own_name = self._sender.rpartition("@")[2]
        client = client_of(self._server, own_name=own_name, timeout=self._timeout)
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect()
                is_secret = client.get_transport_info("sslcontext") is not None
                await client.mail(self._sender)
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=_FAREWELL_SECONDS)
        except (aiosmtplib.SMTPException, OSError, ValueError) as problem:
            return [Observation.of(cause_of(problem))]
        finally:
            client.close()
        return list(self._reached(is_secret=is_secret))

    def _reached(self, *, is_secret: bool) -> Sequence[Observation]:
        server = self._server
        place = f"{server.host}:{server.port}"
        signed_in = ", and takes the sign-in" if server.username is not None else ""
        over = "over TLS" if is_secret else "without TLS"
        found = [Observation(level="ok", message=f"{place} answers {over}{signed_in}.")]
        if not is_secret and not is_loopback_host(server.host):
            found.append(
                Observation(
                    level="warning",
                    message="Mails, and the links in them, cross the network unencrypted.",
                    cure="Turn STARTTLS on at the server, or use smtps://.",
                )
            )
        return found
