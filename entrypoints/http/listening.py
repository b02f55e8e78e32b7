"""Whether the service can listen where the settings say, asked before anything else is started.

A port that another process has would else be found out after the migrations, by a worker that
runs already.
"""

import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from entrypoints.lifecycle import StartRefused

_SPREADS = sys.platform == "linux"
"""Whether the system deals connections out to all sockets that listen with SO_REUSEPORT."""


def ensure_can_listen(host: str, port: int) -> None:
    """Return if this process could listen there now; nothing is listened on afterwards.

    Raises StartRefused, with the name of the setting to change: ``HOST`` or ``PORT``.
    """
    for place in _places(host, port):
        with _alone(place, port):
            pass


class Reservation:
    """A place to listen, kept for several processes from before the first of them is there.

    One socket for all would be simpler, but of processes that wait the one woken first takes
    nearly all connections, for as long as these are kept alive. With a socket for each the system
    deals them out (decision 39).
    """

    def __init__(self, host: str, port: int) -> None:
        """Keep it from now on. Raises StartRefused as :func:`ensure_can_listen` does."""
        self._held: list[socket.socket] = []
        for place in _places(host, port):
            with ExitStack() as until_held:
                only = until_held.enter_context(_alone(place, port))
                self._held.append(_shared(place, only) if _SPREADS else only.dup())

    def sockets(self) -> list[socket.socket]:
        """Return the sockets that this process is to listen on; to be called once in each.

        The place is theirs from then on.
        """
        held, self._held = self._held, []
        if not _SPREADS:
            return held
        own = []
        for each in held:
            own.append(_bound((each.family, each.proto, each.getsockname()), reuse_port=True))
            each.close()
        return own


type _Place = tuple[int, int, tuple[object, ...]]
"""An address with its family and protocol."""


def _places(host: str, port: int) -> list[_Place]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):  # an OSError, or a name that is none (RFC 5891)
        raise StartRefused(
            "HOST: no address of this machine has that name. Set HOST to 127.0.0.1 (only this"
            " machine can reach it), to 0.0.0.0 (others can), or to an address of this machine."
        ) from None
    return list(
        dict.fromkeys((family, protocol, address) for family, _, protocol, _, address in found)
    )


@contextmanager
def _alone(place: _Place, port: int) -> Iterator[socket.socket]:
    """Listen there, and let nobody else, while the block runs."""
    try:
        only = _bound(place)
        with only:
            only.listen()
            yield only
    except OSError as failure:
        raise StartRefused(_reason(failure, port)) from None


def _shared(place: _Place, only: socket.socket) -> socket.socket:
    """Return a socket that keeps the place for those with SO_REUSEPORT, once ``only`` is closed.

    It does not listen, so no connection is dealt to it. Without SO_REUSEADDR, which was needed to
    get the place, it is in the way of all who ask whether the place is free.
    """
    only.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, True)
    keeper = _bound(place, reuse_port=True)
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, False)
    return keeper


def _bound(place: _Place, *, reuse_port: bool = False) -> socket.socket:
    family, protocol, address = place
    made = socket.socket(family, socket.SOCK_STREAM, protocol)
    try:
        # As asyncio does it: what is left of connections that have ended is no obstacle.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, True)
        if reuse_port:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, True)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, True)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


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
