"""Clients that ask and do not read (IN-3).

Nothing is written past the flow control of a connection, so a client that does not read holds no
more than one answer. Here that, too, has an end.
"""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

STALL_SECONDS: Final = 20.0
"""How long a client may take not a single byte of an answer that waits for it."""


class WatchesReaders(HttpToolsProtocol):
    """uvicorn's HTTP protocol; cuts a client that takes nothing for :data:`STALL_SECONDS`."""

    _stalling: asyncio.TimerHandle | None = None
    _unsent = 0

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_watching()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to doubt that the client reads."""
        super().pause_writing()
        self.watch()

    def resume_writing(self) -> None:
        """Be content: it does."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_watching()

    def watch(self) -> None:
        """Cut the connection unless what waits to be written becomes less."""
        if self._stalling is None and (unsent := self.transport.get_write_buffer_size()):
            self._unsent = unsent
            self._stalling = self.loop.call_later(STALL_SECONDS, self._look)

    def _look(self) -> None:
        self._stalling = None
        if self.transport.get_write_buffer_size() >= self._unsent:
            self.transport.abort()
        else:
            self.watch()

    def _stop_watching(self) -> None:
        if self._stalling is not None:
            self._stalling.cancel()
            self._stalling = None

    def close(self) -> None:
        """Close when what was written is gone; a client that does not take it is cut."""
        if not self.transport.is_closing():
            self.transport.close()
            self.watch()
