"""Whether the service can listen where the settings say, asked before anything else is started.

A port that another process has would else be found out after the migrations, by a worker that
runs already.
"""

import errno
import socket

from entrypoints.lifecycle import StartRefused


def ensure_can_listen(host: str, port: int) -> None:
    """Return if this process could listen there now; nothing is listened on afterwards.

    Raises StartRefused, with the name of the setting to change: ``HOST`` or ``PORT``.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):  # an OSError, or a name that is none (RFC 5891)
        raise StartRefused(
            "HOST: no address of this machine has that name. Set HOST to 127.0.0.1 (only this"
            " machine can reach it), to 0.0.0.0 (others can), or to an address of this machine."
        ) from None
    for family, _, protocol, _, address in dict.fromkeys(found):
        _try(family, protocol, address, port)


def _try(family: int, protocol: int, address: tuple[object, ...], port: int) -> None:
    try:
        with socket.socket(family, socket.SOCK_STREAM, protocol) as probe:
            # As asyncio will do it: what is left of connections that have ended is no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, True)
            probe.bind(address)
            probe.listen()
    except OSError as failure:
        raise StartRefused(_reason(failure, port)) from None


def _reason(failure: OSError, port: int) -> str:
    match failure.errno:
        case errno.EADDRINUSE:
            return (
                f"PORT: {port} is in use by another process. End that one, or set PORT to a port"
                " that is free, as in: PORT=8001 doorward serve"
            )
        case errno.EACCES | errno.EPERM:
            return (
                f"PORT: this user may not listen on {port}. Set PORT to 1024 or more, and let a"
                " reverse proxy have the low ones."
            )
        case errno.EAFNOSUPPORT:
            return "HOST: this machine does not speak that kind of address. Set HOST to 127.0.0.1."
        case _:
            return (
                f"HOST: cannot be listened on ({failure.strerror}). Set HOST to 127.0.0.1, to"
                " 0.0.0.0, or to an address of this machine."
            )
