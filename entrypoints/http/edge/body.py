"""The gate that every request passes as bytes, before anything interprets it (IN-1, IN-2, F4).

What comes out on the other side is a path and a query in clean UTF-8 and a body that is absent
or JSON of one meaning only. Whatever is not, is answered here with one of three refusals and
never with a 5xx.
"""

import asyncio
from collections.abc import Collection
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from domain.errors import DomainError
from entrypoints.http.edge.errors import (
    FormRequired,
    MalformedRequest,
    PayloadTooLarge,
    UnsupportedMediaType,
    error_response,
)
from entrypoints.http.edge.json_bytes import read_json
from entrypoints.http.edge.unreadable import is_unreadable

MAX_BODY_SECONDS: Final = 20.0
JSON_BODY: Final = "json_body"
"""Under this name a scope's ``state`` has what the body says, if there is one and it is JSON."""

OPEN_FORM: Final = "open_form"
"""And under this one the bytes of a form that is taken as it comes, if one was sent."""
ALL_THERE: Final = "all_there"
"""And this stands there, set by the server, once nothing of the body is missing."""

_SHARE: Final = 0.8
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


class BodyGate:
    """ASGI middleware that reads the whole body within a limit of bytes and of time.

    ``seconds`` is what the request has in all; the body has to be there while some of it is
    left, so that a slow client gets the blame and not the service. ``form_paths`` are the pages
    of ours whose buttons send a form; everything else takes JSON alone (IN-5), so that no page
    of others can make a browser send it (SE-6). ``open_form_paths`` take a form, too, of which any
    bytes come through: there a value that is none of ours has an answer of its own.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: int,
        seconds: float = MAX_BODY_SECONDS,
        form_paths: Collection[str] = (),
        open_form_paths: Collection[str] = (),
    ) -> None:
        self._app = app
        self._limit = limit
        self._seconds = min(seconds * _SHARE, MAX_BODY_SECONDS)
        self._form_paths = frozenset(form_paths)
        self._open_form_paths = frozenset(open_form_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through with its body in one piece, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_target(scope)
            framing = _Framing(scope)
            if not framing.may_have_body:
                await self._app(scope, receive, send)
                return
            is_all_there = ALL_THERE in scope.get("state", ())
            body = await self._read(framing, receive, is_all_there=is_all_there)
            if is_unreadable(scope):
                raise MalformedRequest.of("body", "INVALID_FRAMING", "The body has no clear end.")
            if body:
                self._check_body(scope, framing, body)
        except _Unread as unread:
            # The server lingers; see entrypoints.http.edge.patience.
            answer = error_response(unread.refusal, scope, headers={"connection": "close"})
            await answer(scope, receive, send)
            return
        except DomainError as refusal:
            await error_response(refusal, scope)(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    async def _read(self, framing: "_Framing", receive: Receive, *, is_all_there: bool) -> bytes:
        """Return the body, or raise before more than the limit is held."""
        if framing.declared > self._limit:
            raise _Unread(PayloadTooLarge())
        if is_all_there:  # nearly always; then there is nothing to wait for, and no timer to set
            return await self._whole(receive)
        try:
            async with asyncio.timeout(self._seconds):
                return await self._whole(receive)
        except TimeoutError:
            slow = MalformedRequest.of("body", "TOO_SLOW", "The body did not arrive in time.")
            raise _Unread(slow) from None

    async def _whole(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise MalformedRequest.of("body", "INCOMPLETE", "The body ends too early.")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._limit:
                raise _Unread(PayloadTooLarge())
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _check_body(self, scope: Scope, framing: "_Framing", body: bytes) -> None:
        is_open = scope["path"] in self._open_form_paths
        takes_form = is_open or scope["path"] in self._form_paths
        refusal = FormRequired if takes_form else UnsupportedMediaType
        if framing.is_encoded:
            raise refusal
        if framing.content_type == b"application/json" and not takes_form:  # nearly always
            scope.setdefault("state", {})[JSON_BODY] = read_json(body)
            return
        media_type = _media_type(framing.content_type)
        if media_type != (_FORM if takes_form else _JSON):
            raise refusal
        if is_open:
            scope.setdefault("state", {})[OPEN_FORM] = body
            return
        if takes_form:
            _check_encoded(body.replace(b"+", b" "), "body")
        else:
            scope.setdefault("state", {})[JSON_BODY] = read_json(body)


class _Unread(Exception):
    """A refusal while the client may still be sending."""

    def __init__(self, refusal: DomainError) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class _Framing:
    """What the headers say about the body."""

    __slots__ = ("content_type", "declared", "is_encoded", "may_have_body")

    def __init__(self, scope: Scope) -> None:
        self.may_have_body = scope["method"] not in _BODILESS
        self.content_type = b""
        self.declared = 0
        self.is_encoded = False
        for name, value in scope["headers"]:
            if name == b"content-type":
                # Two of them are as good as none: it is not known which one counts.
                self.content_type = b"," if self.content_type else value
            elif name == b"content-length":
                self.declared = _length(value)
                self.may_have_body = True
            elif name == b"transfer-encoding":
                self.may_have_body = True
            elif name == b"content-encoding":
                self.is_encoded = value.strip().lower() not in {b"", b"identity"}


def _length(value: bytes) -> int:
    if not value.isdigit() or len(value) > 18:
        raise MalformedRequest.of("content-length", "INVALID", "This is no length.")
    return int(value)


def _media_type(content_type: bytes) -> str:
    """Return the type in lower case; empty if its charset is any but UTF-8."""
    kind, *parameters = content_type.decode("latin-1").lower().split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in {"utf-8", "utf8"}:
            return ""
    return kind.strip()


def _check_target(scope: Scope) -> None:
    """Refuse a path or a query that is not percent-encoded UTF-8, or has a NUL in it."""
    path = scope.get("raw_path") or b""
    query = scope["query_string"]
    if b"%" in path or not path.isascii():
        _check_encoded(path, "path")
    if query and (b"%" in query or not query.isascii()):
        _check_encoded(query, "query")
    if "\0" in scope["path"]:
        raise MalformedRequest.of("path", "INVALID_ENCODING", "NUL cannot be used.")


def _check_encoded(encoded: bytes, field: str) -> None:
    refusal = MalformedRequest.of(field, "INVALID_ENCODING", "This is not percent-encoded UTF-8.")
    if not encoded.isascii():
        raise refusal
    for escape in encoded.split(b"%")[1:]:
        if len(escape) < 2 or escape[0] not in _HEX or escape[1] not in _HEX:
            raise refusal
    decoded = unquote_to_bytes(encoded)
    try:
        decoded.decode()
    except UnicodeDecodeError:
        raise refusal from None
    if b"\0" in decoded:
        raise refusal


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives the body once and then what really comes."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed
