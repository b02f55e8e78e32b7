"""How long a connection may take to say what it wants (IN-2, IN-3).

uvicorn waits for ever for the first byte and for the end of the headers. A body's time is
limited by :mod:`entrypoints.http.edge.body`, an idle connection's by uvicorn itself.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS: Final = 10.0
MAX_HEADER_BYTES: Final = 64 * 1024


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, with an end to its patience: ten seconds and 64 KiB of headers."""

    _waiting: asyncio.TimerHandle | None = None
    _header_bytes = 0

    # uvicorn narrows the type of asyncio's own protocol in the same way.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take what came; hang up on headers without an end."""
        super().data_received(data)
        if self._waiting is None:
            self._header_bytes = 0
            return
        self._header_bytes += len(data)
        if self._header_bytes > MAX_HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response("The headers are too large.")

    def on_message_begin(self) -> None:
        """Wait for the headers of the next request on this connection."""
        super().on_message_begin()
        if self._waiting is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Wait no longer: it is known what is wanted."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEADER_SECONDS, self.timeout_keep_alive_handler)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
