"""``Idempotency-Key``: the same request gets the same answer for a day, and is done once.

Stands behind :class:`~entrypoints.http.edge.body.BodyGate`, so that the whole body is there, and
costs a look at the headers where there is no key.
"""

import asyncio
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from application.idempotency import IdempotentRequests, Ticket
from domain.errors import DomainError, Unavailable, ValidationFailed
from entrypoints.container import Container
from entrypoints.http.edge.dependencies import caller_of
from entrypoints.http.edge.errors import error_response, request_id_of
from entrypoints.http.edge.methods import is_there
from entrypoints.logging import get_logger

_log = get_logger("doorward.http")

HEADER: Final = "idempotency-key"
IGNORED: Final = frozenset({"/api/v1/sessions", "/api/v1/sessions/refresh"})
OF_THE_SESSION: Final = frozenset(
    {
        "/api/v1/users/me/recovery-codes",
        "/api/v1/users/me/factors/totp",
        "/api/v1/users/me/factors/passkeys",
    }
)
"""Where the answer is repeated to the very session that got it, and to no other of the user.

So it is where an API key is made (:data:`_MAKES_A_KEY`). The answer holds what opens the account,
or what a second factor is set up with, which took a fresh proof to get.
"""
_MAKES_A_KEY: Final = re.compile(r"/api/v1/.+/api-keys(/[^/]+/rotate)?")
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")
_FORGETTING_SECONDS: Final = 1.0
_NOT_FOR_GOOD: Final = frozenset({401, 429})


class Idempotency:
    """Repeats answers to requests that come again with their key."""

    def __init__(self, app: ASGIApp, *, public_routes: Collection[tuple[str, str]]) -> None:
        self._app, self._public_routes = app, public_routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not _has_key(scope) or not _is_there(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        key = request.headers.getlist(HEADER)
        if len(key) != 1 or not _KEY.fullmatch(key[0]):
            message = "Use 1 to 200 visible ASCII characters, once."
            refusal = ValidationFailed.of(HEADER, "INVALID_FORMAT", message)
            await error_response(refusal, scope)(scope, receive, send)
            return
        try:
            caller = await self._caller(request)
        except Unavailable as refusal:
            # It is not known whose key it is; done without it, it could be done twice.
            await error_response(refusal, scope)(scope, receive, send)
            return
        except DomainError:
            await self._app(scope, receive, send)  # which says so itself; nothing is kept
            return
        body = await request.body()
        try:
            begun = await self._requests(scope).begin(
                caller=caller, key=key[0], request=_fingerprinted(scope, body)
            )
        except DomainError as refusal:
            await error_response(refusal, scope)(scope, receive, send)
            return
        if isinstance(begun, Ticket):
            await self._do(begun, scope, _again(body, receive), send)
        else:
            await _repeat(begun, scope, send)

    async def _caller(self, request: Request) -> str:
        """Return who asks. For a route that is for anyone, the key stands alone."""
        path = request.scope["path"]  # and not the URL's, into which the Host header goes
        if (request.method, path) in self._public_routes:
            return "anyone"
        caller = await caller_of(request)
        principal = caller.principal
        if principal.key_id is not None:
            # Of each key its own: another one may not be allowed what was answered to this one.
            return f"{principal.account_id} {principal.key_id}"
        if path in OF_THE_SESSION or _MAKES_A_KEY.fullmatch(path):
            return f"{principal.user_id} {principal.session_id}"
        return str(principal.user_id)

    async def _do(self, ticket: Ticket, scope: Scope, receive: Receive, send: Send) -> None:
        requests, answer = self._requests(scope), _Answer()
        try:
            await self._app(scope, receive, answer)
        finally:
            # The store may be why there is no answer: then the key frees itself in time.
            with _noted():
                if answer.is_for_good:
                    # Kept before the client hears of it: else a retry could come in between.
                    await requests.keep(ticket, answer.packed())
                else:
                    async with asyncio.timeout(_FORGETTING_SECONDS):
                        await requests.forget(ticket)
        for message in answer.messages:
            await send(message)

    def _requests(self, scope: Scope) -> IdempotentRequests:
        container: Container = scope["app"].state.container
        return container.service().kernel.idempotent_requests


@contextmanager
def _noted() -> Iterator[None]:
    """Leave a line in the log if the store is away; what was done is answered all the same."""
    try:
        yield
    except (Unavailable, TimeoutError):
        _log.warning("idempotency key not written")


class _Answer:
    """Takes an answer down instead of sending it."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def is_for_good(self) -> bool:
        """Whether the same request would be answered like that again."""
        if not self.messages or self.messages[-1].get("more_body", False):
            return False
        status: int = self.messages[0].get("status", 500)
        if status >= 500 or status in _NOT_FOR_GOOD:
            return False
        return status < 400 or not _is_retryable(self._body)

    @property
    def _body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    def packed(self) -> bytes:
        """Return the answer as bytes."""
        start = self.messages[0]
        return orjson.dumps(
            {
                "status": start["status"],
                "headers": [
                    [name.decode("latin-1"), value.decode("latin-1")]
                    for name, value in start["headers"]
                ],
                "body": b64encode(self._body).decode(),
            }
        )


def _has_key(scope: Scope) -> bool:
    if scope["method"] in _SAFE or not scope["path"].startswith("/api/"):
        return False
    if scope["path"] in IGNORED and scope["method"] == "POST":
        return False
    return any(name == b"idempotency-key" for name, _ in scope["headers"])


def _is_there(scope: Scope) -> bool:
    return is_there(scope["app"].routes, scope, scope["method"])


def _fingerprinted(scope: Scope, body: bytes) -> bytes:
    """Return all of the request that has to be the same."""
    parts = (scope["method"].encode(), scope["path"].encode(), scope["query_string"])
    return b"\n".join((*parts, body))


def _again(body: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed


async def _repeat(packed: bytes, scope: Scope, send: Send) -> None:
    """Send the answer of before, under the present request's id."""
    answer = orjson.loads(packed)
    body = _renamed(b64decode(answer["body"]), request_id_of(scope))
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in answer["headers"]
        if name != "content-length"
    ]
    headers.append((b"idempotency-replayed", b"true"))
    if body:
        headers.append((b"content-length", b"%d" % len(body)))
    start = {"type": "http.response.start", "status": answer["status"], "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _is_retryable(body: bytes) -> bool:
    """Tell whether a refusal says that the same request may succeed later."""
    content = orjson.loads(body)
    return bool(content.get("error", content).get("retryable", False))


def _renamed(body: bytes, request_id: str) -> bytes:
    if not body:
        return body
    content: dict[str, Any] = orjson.loads(body)
    for part in (content, content.get("meta"), content.get("error")):
        if isinstance(part, dict) and "request_id" in part:
            part["request_id"] = request_id
    return orjson.dumps(content)
