"""What every request gets, whatever it asks for: a name, a deadline, headers, one log line.

Layers cost time, so this is one, in plain ASGI, and the outermost (after it comes
:class:`~entrypoints.http.edge.body.BodyGate`). Nothing passes it on the way out but an answer:
a bug inside becomes ``INTERNAL_ERROR`` with the request's id.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Any, Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.errors import ServiceUnavailable
from entrypoints.http.edge.client_address import Network, client_address
from entrypoints.http.edge.cors import Cors, is_preflight, preflight_answer
from entrypoints.http.edge.errors import (
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    RouteNotFound,
    error_response,
)
from entrypoints.http.edge.methods import METHODS
from entrypoints.http.edge.unreadable import is_unreadable
from entrypoints.logging import get_logger
from entrypoints.logging import request_id as logged_request_id

MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 32 * 1024

_HSTS: Final = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_CSP: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NO_STORE: Final = (b"cache-control", b"no-store")
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_MOST_SEGMENTS: Final = 12
_KNOWN_METHODS: Final = frozenset({*METHODS, "TRACE", "CONNECT"})
UNKNOWN: Final = "{unknown}"
"""Stands for every part of a path that no route has a name for."""
_NEEDS_KEYS: Final = ("/api/", "/oauth2/")
_NEVER: Final = frozenset({"TRACE", "CONNECT"})
_NO_HTTP: Final = MalformedRequest.of("request", "NO_HTTP", "This is not HTTP/1.1.")
_TOO_LARGE: Final = MalformedRequest.of("headers", "TOO_LARGE", "There are too many headers.")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_log = get_logger("doorward.http")


type Observe = Callable[[Scope, int, float], None]
"""Is told of every request: its scope, its status, and how many seconds it took."""


type MethodsOf = Callable[[Scope], Sequence[str]]
"""Returns the methods that do something at the path of a scope; none if there is no such path."""


class Draining:
    """Whether the process is about to end; readiness says so before anything is closed (DU-2)."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun = False

    def begin(self) -> None:
        """Take no new work from now on."""
        self._begun = True

    def __bool__(self) -> bool:
        return self._begun


_CALLER = ("user_id", "service_account_id", "key_id")
"""What the log line says of a caller who is known: identifiers, never a key."""


class RequestContext:
    """ASGI middleware around everything else.

    Leaves in ``scope["state"]``: ``request_id``, ``client_address`` (RL-3) and ``public_url``.
    The dependency that finds out who calls leaves ``user_id`` or ``service_account_id`` there, and
    ``key_id`` of a caller with an API key, for the log line; what every answer to this request has
    to carry, a refusal too, is left as ``answer_headers``.

    HEAD is asked as GET, of every route alike, and loses its body on the way out (RFC 9110, 9.3.2).
    ``methods_of`` tells which methods a path knows; ``cors`` is None where no other page may call.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        public_url: str,
        deadline: float,
        trusted_proxies: tuple[Network, ...] = (),
        is_ready: Callable[[], bool] = lambda: True,
        observe: Observe | None = None,
        cors: Cors | None = None,
        methods_of: MethodsOf = lambda _scope: (),
        words: frozenset[str] = frozenset({""}),
    ) -> None:
        """Take ``words``: what may be logged of a path that no route has (``literal_segments``)."""
        self._app = app
        self._words = words
        self._cors = cors
        self._methods_of = methods_of
        self._is_ready = is_ready
        self._observe = observe
        self._public_url = public_url
        self._deadline = deadline
        self._trusted = trusted_proxies
        self._headers = _ALWAYS + ((_HSTS,) if public_url.startswith("https://") else ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; return only when it is answered and logged."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        seen = _Headers(scope)
        state = scope.setdefault("state", {})
        state["request_id"] = seen.request_id
        state["public_url"] = self._public_url
        peer = scope.get("client")
        state["client_address"] = client_address(
            peer[0] if peer else None, seen.forwarded_for, self._trusted
        )
        token = logged_request_id.set(seen.request_id)
        answer = _Answer(send, self._headers, state)
        if self._cors is not None:
            answer.cors, answer.origin = self._cors, self._cors.named_origin(scope)
        is_head = scope["method"] == "HEAD"
        if is_head:
            # A copy, since the server looks at the method of its own.
            scope, answer.has_body = {**scope, "method": "GET"}, False
        try:
            if response := self._answer_at_once(scope, seen, answer.origin):
                await response(scope, receive, answer)
            else:
                await self._serve(scope, receive, answer)
        finally:
            if is_head:
                scope["method"] = "HEAD"
            seconds = perf_counter() - began
            _log_access(scope, state, answer.status, seconds, self._words)
            if self._observe is not None:
                self._observe(scope, answer.status, seconds)
            logged_request_id.reset(token)

    def _answer_at_once(
        self, scope: Scope, seen: "_Headers", origin: bytes | None
    ) -> Response | None:
        """Return what needs no look at the request: a refusal, or what a preflight asks for."""
        if is_unreadable(scope):
            return error_response(_NO_HTTP, scope)
        if seen.count > MAX_HEADERS or seen.size > MAX_HEADER_BYTES:
            return error_response(_TOO_LARGE, scope)
        method: str = scope["method"]
        if method in _NEVER:
            headers = {"allow": ", ".join(self._methods_of(scope))}
            return error_response(MethodNotAllowed(), scope, headers=headers)
        if origin is not None and method == "OPTIONS" and is_preflight(scope):
            methods = self._methods_of(scope)
            return preflight_answer(methods) if methods else error_response(RouteNotFound(), scope)
        if not self._is_ready() and scope["path"].startswith(_NEEDS_KEYS):
            # It needs schema and keys, and both are not known yet to be right (DB-5).
            return error_response(ServiceUnavailable(), scope)
        return None

    async def _serve(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        try:
            async with asyncio.timeout(self._deadline) as deadline:
                answer.deadline = deadline
                await self._app(scope, receive, answer)
                if not answer.status:
                    raise RuntimeError("the application ended without an answer")
        except Exception as failure:
            late = answer.deadline is not None and answer.deadline.expired()
            answer.deadline = None
            if late:
                _log.warning("request ran out of time")
            else:
                _log.error("request failed", exc_info=failure)
            if not answer.status:
                error = ServiceUnavailable() if late else InternalError()
                await error_response(error, scope)(scope, receive, answer)
            # Else the answer has begun: the server sees that it has no end, and hangs up.


class _Headers:
    """The few request headers that matter here, found in one pass."""

    __slots__ = ("count", "forwarded_for", "request_id", "size")

    def __init__(self, scope: Scope) -> None:
        self.count = self.size = 0
        self.forwarded_for: list[bytes] = []
        given: list[bytes] = []
        for name, value in scope["headers"]:
            self.count += 1
            self.size += len(name) + len(value)
            if name == b"x-request-id":
                given.append(value)
            elif name == b"x-forwarded-for":
                self.forwarded_for.append(value)
        if len(given) == 1 and _REQUEST_ID.fullmatch(given[0]):
            self.request_id = given[0].decode("ascii")
        else:
            self.request_id = secrets.token_hex(16)


class _Answer:
    """The way out: adds the headers that every answer has and remembers the status."""

    __slots__ = (
        "_headers",
        "_request_id",
        "_send",
        "_state",
        "cors",
        "deadline",
        "has_body",
        "origin",
        "status",
    )

    def __init__(
        self, send: Send, headers: tuple[tuple[bytes, bytes], ...], state: dict[str, Any]
    ) -> None:
        self._send = send
        self._headers = headers
        self._state = state
        self._request_id = (b"x-request-id", state["request_id"].encode("ascii"))
        self.status = 0
        self.deadline: asyncio.Timeout | None = None
        self.cors: Cors | None = None
        self.origin: bytes | None = None
        self.has_body = True

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._complete(message)
            if self.deadline is not None:
                # What is left is handing the bytes over, and a stream may take as long as it likes.
                self.deadline.reschedule(None)
        elif not self.has_body:
            message = {**message, "body": b""}
        await self._send(message)

    def _complete(self, message: Message) -> None:
        given = list(message.get("headers", ()))
        names = {name.lower() for name, _ in given}
        # A route that knows better, such as a page or the JWKS, keeps what it says.
        missing = [header for header in (*self._headers, _CSP, _NO_STORE) if header[0] not in names]
        asked_for = self._state.get("answer_headers", ())
        message["headers"] = headers = [*given, *missing, *asked_for, self._request_id]
        if self.cors is not None:
            self.cors.add_to(headers, self.origin)


def literal_segments(paths: Iterable[str]) -> frozenset[str]:
    """Return the words that route templates consist of, without their parameters."""
    return frozenset(
        segment for path in paths for segment in path.split("/") if not segment.startswith("{")
    )


def _log_access(
    scope: Scope, state: dict[str, Any], status: int, seconds: float, words: frozenset[str]
) -> None:
    """Write the one line about a request: nothing in it but the client is of the caller's making.

    No query, no Referer and no user agent, and of the path and the method only what the service
    itself has names for: any of them may hold an address or a secret (LG-1).
    """
    facts: dict[str, Any] = {
        "method": scope["method"] if scope["method"] in _KNOWN_METHODS else "other",
        "path": _template(scope, words),
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
        "client": state["client_address"],
    }
    if reason := state.get("unavailable"):
        facts["reason"] = reason
    facts |= {name: str(state[name]) for name in _CALLER if state.get(name)}
    _log.info("request", **facts)


def _template(scope: Scope, words: frozenset[str]) -> str:
    """Return the template of the route; without one, the path with ``{unknown}`` for each value."""
    route: object = getattr(scope.get("route"), "path", None)
    if isinstance(route, str):
        return route
    segments = scope["path"].split("/", _MOST_SEGMENTS + 1)[: _MOST_SEGMENTS + 1]
    return "/".join(each if each in words else UNKNOWN for each in segments)
