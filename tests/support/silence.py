"""
A way to a database on which nothing arrives for a while: no answer, no refusal, no end.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import make_url


class Silence:
    """
    Passes bytes on to a server but for a time, in threads of its own.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._open = threading.Event()
        self._open.set()
        self.met = threading.Event()
        """
        Set as soon as bytes were held back.
        """
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def begin(self) -> None:
        """
        Hold everything back from now on; connections can still be made.
        """
        self._open.clear()

    def end(self) -> None:
        """
        Pass on what was held back, and what comes.
        """
        self._open.set()

    def close(self) -> None:
        """
        End every connection.
        """
        self._open.set()
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self._open.is_set():
                    self.met.set()
                    self._open.wait()
                sink.sendall(data)
            self._open.wait()
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def silence_before(url: str) -> Iterator[tuple[str, Silence]]:
    """
    Give the address of a way to that database, and what can silence it.
    """
    address = make_url(url)
    silence = Silence(str(address.host), address.port or 5432)
    try:
        there = address.set(host="127.0.0.1", port=silence.port)
        yield there.render_as_string(hide_password=False), silence
    finally:
        silence.close()
