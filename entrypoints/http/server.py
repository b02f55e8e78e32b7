"""``doorward serve``: uvicorn, told what it must not believe and when to let go."""

import asyncio
import gc
from collections.abc import Sequence
from socket import socket
from types import FrameType

import uvicorn

from entrypoints.container import Container
from entrypoints.http.app import ROOMS, create_app
from entrypoints.http.banner import announce
from entrypoints.http.edge.middleware import Draining
from entrypoints.http.edge.patience import PatientProtocol
from entrypoints.http.listening import ensure_can_listen
from entrypoints.http.room import Room
from entrypoints.lifecycle import StartRefused, build_container
from entrypoints.settings import Settings

DRAIN_SECONDS = 0.5
IDLE_SECONDS = 60


class _Server(uvicorn.Server):
    """Says "not ready" before it stops listening, so that no request is sent here (DU-2).

    A second signal skips the politeness.
    """

    def __init__(self, config: uvicorn.Config, container: Container, draining: Draining) -> None:
        super().__init__(config)
        self._container, self._draining = container, draining

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Start, and say on a terminal where everything is."""
        await super().startup(sockets)
        await announce(self._container, host=self.config.host, port=self.config.port)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end. The signal is not raised again afterwards: a clean end exits with 0."""
        if self._draining or not self.started:
            self.should_exit = True
            self.force_exit = bool(self._draining)
            return
        self._draining.begin()
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, DRAIN_SECONDS, self._stop)

    def _stop(self) -> None:
        self.should_exit = True


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    container: type[Container] = Container,
    rooms: Sequence[Room] = ROOMS,
) -> None:
    """Serve until SIGTERM or SIGINT; requests that are running are finished first.

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
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=int(settings.request_deadline) + 5,
    )
    server = _Server(config, parts, app.state.draining)
    # What was imported stays; a collector that looks at it no more has a third of the work left.
    gc.collect()
    gc.freeze()
    try:
        server.run()
    except SystemExit:
        if not app.state.start_refused:
            _explain(host, port)
        raise SystemExit(1) from None  # uvicorn says 3, which means "not found" here
    if not server.started or app.state.start_refused:
        raise SystemExit(1)


def _explain(host: str, port: int) -> None:
    """End the process with the reason if the address was taken while the service started."""
    try:
        ensure_can_listen(host, port)
    except StartRefused as problem:
        raise SystemExit(f"doorward: {problem}") from None
