"""
A place that is kept for several processes, which have not begun to listen there.
"""

import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from entrypoints.http.listening import Reservation, ensure_can_listen
from entrypoints.lifecycle import StartRefused
from tests.support.processes import free_port


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    """
    Closes what is entered into it.
    """
    with ExitStack() as ends:
        yield ends


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "0.0.0.0"])
def test_what_is_kept_is_in_use_for_all_others(host: str, ends: ExitStack) -> None:
    """
    Also for another service of this kind, from the first moment on, and while it is listened there.
    """
    port = free_port()
    place = Reservation(host, port)
    with pytest.raises(StartRefused, match=f"PORT: {port} is in use"):
        ensure_can_listen(host, port)
    with pytest.raises(StartRefused, match=f"PORT: {port} is in use"):
        Reservation(host, port)
    for each in place.sockets():
        ends.enter_context(each).listen()
    with pytest.raises(StartRefused, match=f"PORT: {port} is in use"):
        Reservation(host, port)
    ends.close()
    ensure_can_listen(host, port)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, they share one")
def test_until_it_is_listened_there_nobody_is_let_in(ends: ExitStack) -> None:
    """
    A connection would wait for a process that is not there.
    """
    port = free_port()
    place = Reservation("127.0.0.1", port)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    (listener,) = place.sockets()
    ends.enter_context(listener).listen()
    ends.enter_context(socket.create_connection(("127.0.0.1", port)))


def test_what_is_left_of_connections_that_have_ended_is_no_obstacle(ends: ExitStack) -> None:
    """
    A service that is started anew.
    """
    port = free_port()
    for _ in range(2):
        with ExitStack() as ending:
            (listener,) = Reservation("127.0.0.1", port).sockets()
            ending.enter_context(listener).listen()
            client = ends.enter_context(socket.create_connection(("127.0.0.1", port)))
            listener.accept()[0].close()  # the side that closes first remembers it
            assert client.recv(1) == b""
