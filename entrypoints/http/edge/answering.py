"""Answers to HTTP requests: the envelope, single resources with their ETag, pages of lists.

They are bytes made here and not models run through FastAPI, which would cost more than the use
case (``docs/performance.md``).
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from application.paging import Page
from entrypoints.http.edge.errors import request_id_of


def etag(representation: bytes) -> str:
    """Return a strong validator of a representation (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.blake2b(representation, digest_size=16).hexdigest()}"'


def answer(
    request: Request,
    data: Any,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Response:
    """Return the success envelope around ``data``."""
    content = {"data": data, "meta": {"request_id": request_id_of(request.scope), **(meta or {})}}
    return Response(orjson.dumps(content), status, headers, "application/json")


def single_answer(request: Request, body: dict[str, Any], status: int) -> Response:
    """Return a single resource with its ETag."""
    representation = orjson.dumps(body)  # once, for the body and for its ETag
    content = {
        "data": orjson.Fragment(representation),
        "meta": {"request_id": request_id_of(request.scope)},
    }
    headers = {"etag": etag(representation)}
    return Response(orjson.dumps(content), status, headers, "application/json")


def page_answer[T](
    request: Request, page: Page[T], body: Callable[[T], dict[str, Any]]
) -> Response:
    """Return a page of a list, with the number of all items where that was asked for."""
    meta: dict[str, Any] = {"next_cursor": page.next_cursor, "limit": page.limit}
    if page.count is not None:
        meta["count"] = page.count
    return answer(request, [body(item) for item in page.items], meta=meta)
