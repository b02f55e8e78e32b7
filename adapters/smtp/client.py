"""The connection to a mail server, the same for a mail and for a look at the server."""

import aiosmtplib

from adapters.addresses.mail_server import SmtpServer

_START_TLS = {"required": True, "auto": None, "never": False}


def client_of(server: SmtpServer, *, own_name: str, timeout: float) -> aiosmtplib.SMTP:
    """Return a client that is not connected yet; ``timeout`` is in seconds, for each answer.

    ``own_name`` is what it greets with. Without a name the library would ask the DNS for this
    machine's, which can take its time.
    """
    return aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.username,
        password=server.password,
        use_tls=server.implicit_tls,
        start_tls=_START_TLS[server.starttls],
        local_hostname=own_name,
        timeout=timeout,
    )
