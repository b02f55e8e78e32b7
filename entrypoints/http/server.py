"""``doorward serve``: uvicorn, told what it must not believe and when to let go."""

import asyncio
import gc
import os
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from entrypoints.container import Container
from entrypoints.http.app import ROOMS, create_app
from entrypoints.http.banner import announce
from entrypoints.http.edge.patience import PatientProtocol
from entrypoints.http.listening import ensure_can_listen
from entrypoints.http.room import Room
from entrypoints.lifecycle import StartRefused, build_container
from entrypoints.settings import Settings
from entrypoints.stop_signals import LEAVING_SECONDS, StopSignals, leave_within

DRAIN_SECONDS = 0.5
MOST_UNSENT_BYTES = 128 * 1024


class _Server(uvicorn.Server):
    """Says "not ready" before it stops listening, so that no request is sent here (DU-2)."""

    def __init__(
        self, config: uvicorn.Config, container: Container, app: FastAPI, signals: StopSignals
    ) -> None:
        super().__init__(config)
        self._container, self._app, self._signals = container, app, signals

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say on a terminal where everything is."""
        await super().startup(sockets)
        self._hand_little_to_the_system()
        await announce(self._container, host=self.config.host, port=self.config.port)

    def _hand_little_to_the_system(self) -> None:
        """Have answers that a client does not read wait here, where their wait is seen (IN-3).

        Left alone, the system takes megabytes of them for each connection, which inherits the
        option from the socket that listens.
        """
        if not hasattr(socket, "TCP_NOTSENT_LOWAT"):
            return
        for listener in (each for server in self.servers for each in server.sockets):
            with socket.socket(fileno=os.dup(listener.fileno())) as same:
                same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT_BYTES)

    @property
    def exit_code(self) -> int:
        """0 after a clean end, 1 if it never served or must not have."""
        return 0 if self.started and not self._app.state.start_refused else 1

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals to us: here the first one only begins the end."""
        loop = asyncio.get_running_loop()
        self._signals.when_told(lambda: loop.call_soon_threadsafe(self._drain))
        try:
            yield
        finally:
            leave_within(LEAVING_SECONDS, code=self.exit_code)

    def _drain(self) -> None:
        self._app.state.draining.begin()
        if self.started:
            asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._stop)
        else:
            self._stop()

    def _stop(self) -> None:
        self.should_exit = True


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    signals: StopSignals,
    container: type[Container] = Container,
    rooms: Sequence[Room] = ROOMS,
) -> None:
    """Serve until one of the signals; requests that are running are finished first.

    The caller has made sure that it can be listened there (``entrypoints.http.listening``).

    The socket's peer is the only address that is believed; ``TRUSTED_PROXIES`` is applied by
    our own middleware (RL-3). There is no access log but our own line per request.
    """
    try:
        parts = build_container(settings, container)
        app = create_app(parts, rooms=rooms)
    except StartRefused as problem:
        raise SystemExit(f"doorward: {problem}") from None
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=PatientProtocol,
        ws="none",
        proxy_headers=False,
        server_header=False,
        date_header=True,
        access_log=False,
        log_config=None,
        lifespan="on",
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=int(settings.request_deadline) + 5,
    )
    server = _Server(config, parts, app, signals)
    # What was imported stays; a collector that looks at it no more has a third of the work left.
    gc.freeze()
    gc.enable()
    try:
        server.run()
    except SystemExit:
        if not app.state.start_refused:
            _explain(host, port)
        # uvicorn says 3, which means "not found" here
    raise SystemExit(server.exit_code)


def _explain(host: str, port: int) -> None:
    """End the process with the reason if the address was taken while the service started."""
    try:
        ensure_can_listen(host, port)
    except StartRefused as problem:
        raise SystemExit(f"doorward: {problem}") from None
