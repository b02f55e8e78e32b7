"""What a request sees of its connection, where uvicorn would show it too much."""

import asyncio
from collections.abc import Callable
from typing import Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


class HeldFlow(FlowControl):
    """uvicorn's switches of a connection; one request's wish to read does not move a held one."""

    is_held = False

    def hold(self) -> None:
        """Read no more for now, whichever request asks for its body."""
        self.is_held = True
        self.pause_reading()

    def resume_reading(self) -> None:
        """Read on, unless the connection is held."""
        if not self.is_held:
            super().resume_reading()


class Lingering(asyncio.Transport):
    """The transport as a request sees it whose answer is the last one: closing it lingers."""

    def __init__(self, transport: asyncio.Transport, linger: Callable[[], None]) -> None:
        super().__init__()
        self._transport, self._linger = transport, linger

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write to the client."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Tell whether there is any point in writing."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Say that this was all, and close when the client has had time to read it."""
        self._linger()


class _NoTrailers(list[tuple[bytes, bytes]]):
    """Takes headers down that nothing shall see."""

    def append(self, header: tuple[bytes, bytes]) -> None:
        """Forget it."""


NO_TRAILERS: Final = _NoTrailers()


def complete_request(protocol: HttpToolsProtocol) -> RequestResponseCycle:
    """Return a request of the protocol's present scope, of which nothing more is to come."""
    request = RequestResponseCycle(
        scope=protocol.scope,
        transport=protocol.transport,
        flow=protocol.flow,
        logger=protocol.logger,
        access_logger=protocol.access_logger,
        access_log=protocol.access_log,
        default_headers=protocol.server_state.default_headers,
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=False,
        on_response=protocol.on_response_complete,
    )
    request.more_body = False
    request.message_event.set()
    return request
