"""``doorward serve``: uvicorn, told what it must not believe and when to let go."""

import asyncio
import gc
import os
import socket
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext, suppress

import uvicorn
from fastapi import FastAPI

from entrypoints.container import Container
from entrypoints.http.app import ROOMS, Part, create_app
from entrypoints.http.banner import announce
from entrypoints.http.edge.patience import PatientProtocol
from entrypoints.http.listening import Reservation, ensure_can_listen
from entrypoints.http.operations.counting import counting_together
from entrypoints.http.processes import Post, Supervisor
from entrypoints.http.room import Room
from entrypoints.lifecycle import StartRefused, build_container
from entrypoints.logging import get_logger, name_process
from entrypoints.settings import Settings
from entrypoints.settings.processes import of_process
from entrypoints.stop_signals import LEAVING_SECONDS, StopSignals, leave_within

DRAIN_SECONDS = 0.5
MOST_UNSENT_BYTES = 128 * 1024

log = get_logger("doorward")


class _Server(uvicorn.Server):
    """Says "not ready" before it stops listening, so that no request is sent here (DU-2)."""

    def __init__(
        self,
        config: uvicorn.Config,
        container: Container,
        app: FastAPI,
        signals: StopSignals,
        post: Post | None = None,
    ) -> None:
        super().__init__(config)
        self._container, self._app, self._signals, self._post = container, app, signals, post

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say on a terminal where everything is."""
        await super().startup(sockets)
        self._hand_little_to_the_system()
        if self._post is None or self._post.is_first:
            await announce(
                self._container,
                host=self.config.host,
                port=self.config.port,
                processes=1 if self._post is None else self._post.count,
            )

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
        if self._post is not None:
            loop.add_reader(self._post.lifeline, self._be_left_alone, self._post, loop)
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

    def _be_left_alone(self, post: Post, loop: asyncio.AbstractEventLoop) -> None:
        """End when the supervisor is gone: finish what runs, and make room for the next one."""
        loop.remove_reader(post.lifeline)
        log.error("supervisor_gone")
        self._app.state.draining.begin()
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
    parts, app = _built(settings, container, rooms)
    server = _Server(_config(app, settings, host=host, port=port), parts, app, signals)
    _keep_what_is_there()
    try:
        server.run()
    except SystemExit:
        if not app.state.start_refused:
            _explain(host, port)
        # uvicorn says 3, which means "not found" here
    raise SystemExit(server.exit_code)


def serve_together(
    count: int,
    settings: Settings,
    *,
    host: str,
    port: int,
    signals: StopSignals,
    container: type[Container] = Container,
    rooms: Sequence[Room] = ROOMS,
) -> None:
    """Do the same in several processes, until one of the signals to their supervisor.

    Raises StartRefused where the place is taken, or where nothing but one process can serve.
    """
    _ensure_common_store(count, settings)
    place = Reservation(host, port)
    with counting_together() if settings.metrics else nullcontext():
        # A service that is not used: it loads what all of them need, in memory once, and what
        # cannot be built is refused once.
        _built(settings, container, rooms)
        _keep_what_is_there()

        def serve_one(post: Post, signals: StopSignals) -> int:
            name_process(post.number)
            own = of_process(settings, post.number, post.count)
            parts, app = _built(own, container, rooms)
            app.state.part = part_of(post, own)
            if own.metrics:
                app.state.metrics.of_all(post.pids)
            server = _Server(_config(app, own, host=host, port=port), parts, app, signals, post)
            _keep_what_is_there()
            with suppress(SystemExit):  # uvicorn says 3, which means "not found" here
                server.run(place.sockets())
            return server.exit_code

        code = Supervisor(count, serve_one, signals).run()
    raise SystemExit(code)


def part_of(post: Post, settings: Settings) -> Part:
    """Return what the process at this post does of that which is done once."""
    return Part(
        has_worker=settings.run_worker and post.number == 1,
        has_warnings=post.is_first,
        when_ready=post.tell_ready,
    )


def _ensure_common_store(count: int, settings: Settings) -> None:
    if settings.in_memory:
        raise StartRefused(
            f"DATABASE_URL: memory:// is a store for one process, and {count} would know nothing of"
            " each other's accounts. Leave --workers out, or leave DATABASE_URL out for a file"
            " under var/."
        )


def _built(
    settings: Settings, container: type[Container], rooms: Sequence[Room]
) -> tuple[Container, FastAPI]:
    try:
        parts = build_container(settings, container)
        return parts, create_app(parts, rooms=rooms)
    except StartRefused as problem:
        raise SystemExit(f"doorward: {problem}") from None


def _config(app: FastAPI, settings: Settings, *, host: str, port: int) -> uvicorn.Config:
    return uvicorn.Config(
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


def _keep_what_is_there() -> None:
    # What was imported stays; a collector that looks at it no more has a third of the work left.
    gc.freeze()
    gc.enable()


def _explain(host: str, port: int) -> None:
    """End the process with the reason if the address was taken while the service started."""
    try:
        ensure_can_listen(host, port)
    except StartRefused as problem:
        raise SystemExit(f"doorward: {problem}") from None
