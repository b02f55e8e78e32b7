"""Mail through an SMTP server (RFC 5321), one connection per message (OB-3, OB-4)."""

import asyncio
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from adapters.mime.composer import MimeComposer
from application.mail.ports import Mail, Mailer, MailNotSent, MailRefused, MailServerAway

_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}
_FAREWELL_SECONDS = 2
_SHUTTING_DOWN = 421
_AUTHENTICATION_REQUIRED = 530

type StartTls = Literal["required", "auto", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail is handed over, and how the connection is protected."""

    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)
    implicit_tls: bool
    starttls: StartTls

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Read ``smtp://[user:password@]host[:port]`` or ``smtps://…``.

        ``smtps`` is TLS from the first byte (RFC 8314). ``smtp`` takes STARTTLS where it is
        offered; with ``?starttls=required`` it refuses to go on without, and with
        ``?starttls=never`` it does not ask for it. With credentials STARTTLS is always
        required, since a password must not travel in the clear, unless the server is on this
        machine. A certificate that does not verify is refused always.

        Raises ``ValueError``, whose text repeats nothing of the address.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
            options = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
        except ValueError:
            raise ValueError("the SMTP address cannot be read") from None
        if parts.scheme not in _DEFAULT_PORTS or not host or parts.path.strip("/"):
            raise ValueError("the SMTP address is not smtp://host or smtps://host")
        if (parts.username is None) != (parts.password is None):
            raise ValueError("the SMTP address has a user without a password")
        return cls(
            host=host,
            port=port or _DEFAULT_PORTS[parts.scheme],
            username=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            implicit_tls=parts.scheme == "smtps",
            starttls=_starttls(
                parts.scheme,
                options,
                exposed=parts.username is not None and not _is_loopback(host),
            ),
        )


class SmtpMailer(Mailer):
    """Hands each mail to one SMTP server, within ``timeout`` seconds for all of it.

    The server's answer decides (OB-4): a 5xx to the message itself will be a 5xx again. All
    else may pass: a 4xx, a lost connection, but also a refused sign-in to the server, which
    says something about our settings and nothing about the message. No error repeats an
    address, a secret or the server's words.
    """

    def __init__(self, *, url: str, composer: MimeComposer, timeout: float = 20) -> None:
        """Read the address; raise ``ValueError`` if it is none."""
        self._server = SmtpServer.parse(url)
        self._composer = composer
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"SmtpMailer({self._server.host}:{self._server.port})"

    async def send(self, mail: Mail) -> None:
        """Return once the server has taken the mail for its one recipient."""
        content = self._composer.compose(mail)
        client = self._client()
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
            raise _verdict(refusal.code) from None
        except aiosmtplib.SMTPResponseException as refusal:
            raise MailServerAway(f"the server answered {refusal.code}") from None
        except TimeoutError:
            raise MailServerAway("the server did not answer in time") from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as problem:
            raise MailServerAway(type(problem).__name__) from None
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.implicit_tls,
            start_tls={"required": True, "auto": None, "never": False}[server.starttls],
            # Without a name it would ask the DNS for its own, which can take its time.
            local_hostname=self._composer.domain,
            timeout=self._timeout,
        )


def _starttls(scheme: str, options: dict[str, list[str]], *, exposed: bool) -> StartTls:
    """Return when to change to TLS; ``exposed`` credentials would cross the network."""
    choice = options.pop("starttls", ["auto"])
    if options or (choice != ["auto"] and scheme != "smtp"):
        raise ValueError("the SMTP address has an option that does not go with it")
    match scheme, choice:
        case "smtps", _:
            return "never"  # it is TLS already
        case _, ["required"]:
            return "required"
        case _, ["auto"]:
            return "required" if exposed else "auto"
        case _, ["never"] if not exposed:
            return "never"
        case _, ["never"]:
            raise ValueError("the SMTP password would travel in the clear")
    raise ValueError("starttls is required, auto or never")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _verdict(code: int) -> MailRefused | MailNotSent:
    """Return what the server's answer to the message means."""
    if code in {_SHUTTING_DOWN, _AUTHENTICATION_REQUIRED}:
        return MailServerAway(f"the server answered {code}")
    if 500 <= code <= 599:
        return MailRefused(str(code))
    return MailNotSent(f"the server answered {code}")


async def _say_goodbye(client: aiosmtplib.SMTP) -> None:
    """End the session; the mail is accepted, so nothing that goes wrong here matters."""
    try:
        await client.quit(timeout=_FAREWELL_SECONDS)
    except (aiosmtplib.SMTPException, OSError):
        pass
