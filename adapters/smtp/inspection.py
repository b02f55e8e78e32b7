"""Looking at the mail server: a session as for a mail, with no mail in it (RFC 5321)."""

import asyncio
from collections.abc import Sequence

import aiosmtplib

from adapters.network.failures import Server, failure_of
from application.ports.inspection import Inspection, Observation
from domain.addresses.mail_server import SmtpServer
from domain.addresses.url import is_loopback_host

_NETWORK = Server(
    part="mail server",
    setting="SMTP_URL",
    trust="add the authority to those that this machine trusts",
)
_PATIENCE_SECONDS = 10
_AUTHENTICATION = {530, 534, 535, 538}


class MailServerInspection(Inspection):
    """Connects, turns TLS on and signs in as the mailer does, and ends the session."""

    name = "mail server"

    def __init__(self, *, url: str, domain: str, timeout: float = _PATIENCE_SECONDS) -> None:
        """Read the address; raise ``ValueError`` if it is none. ``domain`` is who we say we are."""
        self._server, self._domain, self._timeout = SmtpServer.parse(url), domain, timeout

    async def observations(self) -> Sequence[Observation]:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls={"required": True, "auto": None, "never": False}[server.starttls],
            local_hostname=self._domain,
            timeout=self._timeout,
        )
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect()
                is_secret = client.get_transport_info("sslcontext") is not None
                await client.noop()
                await client.quit()
        except (aiosmtplib.SMTPException, OSError, ValueError) as problem:
            return [self._failed(problem)]
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

    def _failed(self, problem: Exception) -> Observation:
        place = f"{self._server.host}:{self._server.port}"
        if isinstance(problem, aiosmtplib.SMTPResponseException) and problem.code > 0:
            if problem.code in _AUTHENTICATION:
                words = f"refuses the sign-in ({problem.code})"
                cure = "Look at the user and the password in SMTP_URL."
            else:
                words = f"answers {problem.code} instead of taking mail"
                cure = "Look at its log, and whether this machine may send through it."
            return _error(f"{place} {words}.", cure)
        # What aiosmtplib raises has the socket's or TLS' own error behind it.
        error: BaseException | None = problem
        while error is not None:
            if (failure := failure_of(error, _NETWORK)) is not None and failure.reason != (
                "connection_lost"
            ):
                return _error(f"{place}: {failure.what_happened}", failure.cure)
            error = error.__cause__ or error.__context__
        if isinstance(problem, aiosmtplib.SMTPTimeoutError):
            return _error(f"{place} does not answer in time.", _LOOK)
        if self._server.starttls == "required" and not isinstance(
            problem, aiosmtplib.SMTPServerDisconnected
        ):
            cure = "Turn STARTTLS on at the server, or use smtps:// where it speaks TLS at once."
            return _error(f"{place} offers no STARTTLS, which is required here.", cure)
        return _error(f"{place} ends the session ({type(problem).__name__}).", _LOOK)


_LOOK = "Look whether it runs, and at the host and the port in SMTP_URL."


def _error(message: str, cure: str) -> Observation:
    return Observation(level="error", message=message, cure=cure)
