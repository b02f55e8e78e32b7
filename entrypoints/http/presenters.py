"""Answers to HTTP requests, made of :mod:`entrypoints.representations`.

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
from application.token_grants import TokenGrant
from domain.access import BuiltInRole
from domain.role import Role
from domain.user import User
from entrypoints.http.cookies import give_cookies
from entrypoints.http.errors import request_id_of
from entrypoints.representations import role_body, token_body, user_body


def token_answer(
    request: Request,
    grant: TokenGrant,
    *,
    csrf: str | None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return both tokens in the body; or, with a CSRF token for the body, both in cookies."""
    body = token_body(grant)
    if csrf is None:
        return answer(request, body, status=status, headers=headers)
    del body["access_token"], body["refresh_token"]
    response = answer(request, {**body, "csrf_token": csrf}, status=status, headers=headers)
    give_cookies(
        response,
        access=grant.access_token,
        access_seconds=grant.expires_in,
        refresh=grant.refresh_token,
        refresh_seconds=grant.refresh_expires_in,
    )
    return response


def etag_of_role(role: Role) -> str:
    """Return a strong validator of the role's representation."""
    return _etag(orjson.dumps(role_body(role)))


def etag_of(user: User) -> str:
    """Return a strong validator of the user's representation (RFC 9110, section 8.8.3)."""
    return _etag(orjson.dumps(user_body(user)))


def _etag(representation: bytes) -> str:
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


def user_answer(request: Request, user: User, *, status: int = 200) -> Response:
    """Return a single user with its ETag."""
    return _single_answer(request, user_body(user), status)


def role_answer(request: Request, role: Role | BuiltInRole, *, status: int = 200) -> Response:
    """Return a single role with its ETag."""
    return _single_answer(request, role_body(role), status)


def _single_answer(request: Request, body: dict[str, Any], status: int) -> Response:
    representation = orjson.dumps(body)
    content = {
        "data": orjson.Fragment(representation),
        "meta": {"request_id": request_id_of(request.scope)},
    }
    headers = {"etag": _etag(representation)}
    return Response(orjson.dumps(content), status, headers, "application/json")


def page_answer[T](
    request: Request, page: Page[T], body: Callable[[T], dict[str, Any]]
) -> Response:
    """Return a page of a list, with the number of all items where that was asked for."""
    meta: dict[str, Any] = {"next_cursor": page.next_cursor, "limit": page.limit}
    if page.count is not None:
        meta["count"] = page.count
    return answer(request, [body(item) for item in page.items], meta=meta)
