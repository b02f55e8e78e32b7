"""The address of a mail server (RFC 5321, RFC 8314)."""

from dataclasses import dataclass, field
from typing import Literal

from adapters.addresses.url import Url, is_loopback_host

_DEFAULT_PORTS = {"smtp": 25, "smtps": 465}

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
    def parse(cls, text: str) -> "SmtpServer":
        """Read ``smtp://[user:password@]host[:port]`` or ``smtps://…``.

        ``smtps`` is TLS from the first byte (RFC 8314). ``smtp`` takes STARTTLS where it is
        offered; with ``?starttls=required`` it refuses to go on without, and with
        ``?starttls=never`` it does not ask for it. With credentials STARTTLS is always
        required, since a password must not travel in the clear, unless the server is on this
        machine. A certificate that does not verify is refused always.

        Raises ``ValueError``, whose text repeats nothing of the address.
        """
        if text.partition(":")[0].lower() not in _DEFAULT_PORTS:
            raise ValueError("is no mail server; write smtp://[user:password@]host[:port]")
        url = Url.parse(text)
        host, port = url.host_and_port()
        if url.path.strip("/"):
            raise ValueError("has a path; write smtp://host or smtps://host")
        if (url.user is None) != (url.password is None):
            raise ValueError("has a user without a password")
        return cls(
            host=host,
            port=port or _DEFAULT_PORTS[url.scheme],
            username=url.user,
            password=url.password,
            implicit_tls=url.scheme == "smtps",
            starttls=_starttls(url, exposed=url.user is not None and not is_loopback_host(host)),
        )


def _starttls(url: Url, *, exposed: bool) -> StartTls:
    """Return when to change to TLS; ``exposed`` credentials would cross the network."""
    options = dict(url.options)
    choice = options.pop("starttls", "auto")
    if options:
        raise ValueError("has an option that no mail server has; there is ?starttls=… only")
    if url.scheme == "smtps":
        if choice != "auto":
            raise ValueError("has starttls, which does not go with smtps: it is TLS already")
        return "never"
    match choice:
        case "required":
            return "required"
        case "auto":
            return "required" if exposed else "auto"
        case "never" if not exposed:
            return "never"
        case "never":
            raise ValueError("has starttls=never, and the password would travel in the clear")
    raise ValueError("has starttls that is none of required, auto and never")
