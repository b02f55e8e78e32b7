"""What a connection may do to us: how slowly it may ask, and how slowly read (IN-2, IN-3, HD-5).

uvicorn waits for ever for the first byte, for the end of the headers, for the rest of a body
after its answer, and for a client that does not read; and it queues what is pipelined without an
end. Here each of these has a limit. A body's time is limited by
:mod:`entrypoints.http.edge.body`, an idle connection's by ``KEEP_ALIVE_SECONDS``.

What cannot be read as HTTP is answered by the application as well, so that this refusal, too, has
an envelope, a request id, a line in the log and headers for the page that asked. So the rest of a
head that is too long, or no HTTP from some line on, is looked through for its ``Origin``
(:mod:`entrypoints.http.edge.skimming`). Where none comes, because the head has no end or does not
begin as HTTP does, there is no page that could be allowed anything.
"""

import asyncio
from typing import Final
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from entrypoints.http.edge.body import ALL_THERE
from entrypoints.http.edge.connection import NO_TRAILERS, HeldFlow, Lingering, complete_request
from entrypoints.http.edge.skimming import RestOfHead
from entrypoints.http.edge.stalling import WatchesReaders
from entrypoints.http.edge.unreadable import is_unambiguous, mark_unreadable

HEADER_SECONDS: Final = 10.0
MAX_HEADER_BYTES: Final = 64 * 1024
MAX_FRAMING_BYTES: Final = 1024 * 1024
"""What a chunked body may need beside its content: sizes of chunks, extensions, trailers."""

LINGER_SECONDS: Final = 2.0
LINGER_BYTES: Final = 32 * 1024 * 1024
"""For how long, and of how much, the rest of a body is thrown away after its refusal.

So long, too, the rest of a head is looked through before its refusal, for the page that asked.
"""

_AT_A_TIME: Final = 4096


class PatientProtocol(WatchesReaders):
    """uvicorn's HTTP protocol, with an end to its patience.

    An answer that is given while the body is still under way carries ``Connection: close``. The
    connection is then closed for writing at once, and for reading when the client has seen it,
    or after :data:`LINGER_SECONDS` or :data:`LINGER_BYTES`: closing it while bytes are under way
    would reset it, and a reset makes the client's side throw the answer away unread.
    """

    flow: HeldFlow
    _waiting: asyncio.TimerHandle | None = None
    _header_bytes = 0
    _framing_bytes = 0
    _left_to_discard = 0
    _is_ending = False
    _is_deaf = False
    _is_lingering = False
    _waited_for_headers = False
    _held = b""
    _unfinished: "RequestResponseCycle | None" = None
    _would_be_kept = False
    _rest: RestOfHead | None = None

    # uvicorn narrows the type of asyncio's own protocol in the same way.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.flow = HeldFlow(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        self._held = b""
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Take no further request on this connection."""
        self._is_ending = True
        super().shutdown()

    # --- reading --------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Take what came, as far as it is wanted now."""
        if self._is_lingering:
            self._discard(len(data))
        elif self._is_deaf:
            pass
        elif self.flow.is_held:
            self._held += data
        elif self._rest is not None:
            self._look_through(self._rest, data)
        elif len(data) <= _AT_A_TIME:
            self._feed(data)
            if self.pipeline:
                self._hold(b"")
        else:
            self._feed_in_pieces(data)

    def _feed_in_pieces(self, data: bytes) -> None:
        """Parse until requests wait for their turn; keep the rest as bytes, which take less."""
        for start in range(0, len(data), _AT_A_TIME):
            if self._is_deaf:
                return
            if self._rest is not None:
                self._look_through(self._rest, data[start:])
                return
            if self.pipeline:
                self._hold(data[start:])
                return
            self._feed(data[start : start + _AT_A_TIME])
        if self.pipeline:
            self._hold(b"")

    def _feed(self, data: bytes) -> None:
        before = self.cycle
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            # Else there is an end of an earlier request in the data, and no one knows where.
            is_all_of_head = before is self.cycle and self._unfinished is None
            self._refuse(error, data if is_all_of_head else None)
            return
        except httptools.HttpParserUpgrade as upgrade:
            # To what is not spoken here: the request is answered as any other, and so is the next.
            if rest := data[upgrade.args[0] :]:
                self._feed(rest)
                return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.more_body:
            self._wait_for_body(cycle, len(data))
        elif self._unfinished is not None:
            self._body_is_there()
        if self._waiting is not None:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse(None, data)
        elif self.timeout_keep_alive_task is None and (cycle is None or cycle.response_complete):
            self._wait()  # an empty line before a request, and nothing after it

    def on_message_begin(self) -> None:
        """Wait for the headers of the next request on this connection."""
        super().on_message_begin()
        if self._waiting is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Wait no longer: it is known what is wanted; unless that could be read in two ways."""
        if not is_unambiguous(self.headers, self.parser.get_http_version()):
            raise ValueError("not to be read in one way")  # the parser stops, and it is refused
        self._stop_waiting()
        self._header_bytes = 0
        super().on_headers_complete()
        # What comes as a header after the body was seen by no proxy as one (RFC 9110, 6.5.1).
        self.headers = NO_TRAILERS

    def on_body(self, body: bytes) -> None:
        """Count the content, which has a limit of its own, out of the framing."""
        self._framing_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Say so to who reads the body: it need not wait for any of it."""
        super().on_message_complete()
        if not self.cycle.more_body:
            self.cycle.scope["state"][ALL_THERE] = True

    def _unanswered(self) -> RequestResponseCycle | None:
        """Return the request that came last, if its answer is not complete."""
        cycle: RequestResponseCycle | None = self.cycle
        return None if cycle is None or cycle.response_complete else cycle

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEADER_SECONDS, self.timeout_keep_alive_handler)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def timeout_keep_alive_handler(self) -> None:
        """Hang up on a client that asks nothing, or does not come to the end of its headers."""
        if self._rest is not None:
            self._refuse_head(self._rest)
            return
        cycle = self._unanswered()
        if cycle is None:
            self.close()
        else:  # what it asked before is answered first
            self._stop_listening()
            self._make_last(cycle)

    # --- requests that wait for their turn ------------------------------------------------------

    def _hold(self, rest: bytes) -> None:
        self._held = rest
        self.flow.hold()
        self._waited_for_headers = self._waiting is not None
        self._stop_waiting()  # it is not the client that is slow

    def on_response_complete(self) -> None:
        """Go on with what was pipelined, unless this was the last answer."""
        if self._is_lingering:
            self.server_state.total_requests += 1
            return
        super().on_response_complete()
        if self.transport.is_closing():
            self.watch()
        elif self.flow.is_held and not self.pipeline and not self._is_deaf:
            self._go_on()

    def _go_on(self) -> None:
        held, self._held = self._held, b""
        self.flow.is_held = False
        if self._waited_for_headers:
            self._wait()
        if held:
            self._feed_in_pieces(held)
        if not self.flow.is_held and not self._is_deaf:
            self.flow.resume_reading()

    # --- answering before the body is there -----------------------------------------------------

    def _wait_for_body(self, cycle: RequestResponseCycle, size: int) -> None:
        """See to it that an answer from now on is the last one."""
        if self._unfinished is not cycle:
            self._unfinished = cycle
            self._framing_bytes = 0
            self._would_be_kept = cycle.keep_alive
            self._make_last(cycle)
            return  # how much of it was headers is not known
        self._framing_bytes += size
        if self._framing_bytes > MAX_FRAMING_BYTES:
            self._refuse()

    def _body_is_there(self) -> None:
        cycle, self._unfinished = self._unfinished, None
        if cycle is not None and not cycle.response_started:
            cycle.keep_alive = self._would_be_kept and not self._is_ending
            cycle.transport = self.transport

    def _make_last(self, cycle: RequestResponseCycle) -> None:
        cycle.keep_alive = False
        cycle.transport = Lingering(self.transport, self.linger)

    def linger(self) -> None:
        """Say that nothing more will come; read on for a moment, and throw it away."""
        if self._is_lingering or self.transport.is_closing():
            return
        self._stop_listening()
        self._is_lingering = True
        self._left_to_discard = LINGER_BYTES
        self.flow.is_held = False
        self.flow.resume_reading()
        self._waiting = self.loop.call_later(LINGER_SECONDS, self.close)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _discard(self, size: int) -> None:
        self._left_to_discard -= size
        if self._left_to_discard <= 0:
            self.close()

    # --- what is no HTTP ------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        """Refuse what cannot be read, after whatever was asked before it."""
        self._refuse()

    def _refuse(self, error: Exception | None = None, data: bytes | None = None) -> None:
        """Have the application refuse the body that is under way, or else the head.

        ``data`` came last, and is of this head alone; None if that is not known. If only its method
        is not known, the application says what the path knows.
        """
        cycle = self._unanswered()
        if cycle is not None and cycle.more_body:
            self._stop_listening()
            if not cycle.response_started:
                mark_unreadable(cycle.scope["state"])
                self._make_last(cycle)
            cycle.more_body = False
            cycle.message_event.set()
            return
        begins = not self._header_bytes
        if data is None:
            self._refuse_head(RestOfHead(self.headers))
            return
        rest = RestOfHead() if begins else RestOfHead(self.headers)
        if begins and isinstance(error, httptools.HttpParserInvalidMethodError):
            rest.is_understood_from(data)
        self._rest = rest
        self._stop_waiting()
        self._waiting = self.loop.call_later(LINGER_SECONDS, self.timeout_keep_alive_handler)
        self._look_through(rest, data)

    @property
    def is_looking(self) -> bool:
        """Whether the head cannot be read, and its rest is looked through."""
        return self._rest is not None

    def _look_through(self, rest: RestOfHead, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if rest.is_over_with(data):
            self._refuse_head(rest)

    def _refuse_head(self, rest: RestOfHead) -> None:
        """Have the application answer what began as a request, the last on this connection."""
        self._rest = None
        if self._is_deaf or self.transport.is_closing():
            return
        self._stop_listening()
        HttpToolsProtocol.on_message_begin(self)
        self.headers += dict.fromkeys(rest.fields)  # of what came last, some had been read before
        if rest.asked is None:
            mark_unreadable(self.scope["state"])
        method, url = rest.asked or ("-", httptools.parse_url(b"/"))
        self.scope["method"] = method
        self.scope["path"] = unquote(url.path.decode())
        self.scope["raw_path"] = url.path
        self.scope["query_string"] = url.query or b""
        before = self._unanswered()
        self.cycle = cycle = complete_request(self)
        self._make_last(cycle)
        if before is None:
            self._start_asgi_task(cycle, self.app)
        else:
            self.pipeline.appendleft((cycle, self.app))

    def _stop_listening(self) -> None:
        self._stop_waiting()
        self._unset_keepalive_if_required()
        self._unfinished = None
        self._held = b""
        self._waited_for_headers = False
        self._is_deaf = True
        self.flow.hold()
