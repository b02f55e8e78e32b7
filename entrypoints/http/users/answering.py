"""A user as an answer."""

import orjson
from fastapi import Request
from starlette.responses import Response

from domain.users.user import User
from entrypoints.http.edge.answering import etag, single_answer
from entrypoints.representations.users import user_body


def etag_of(user: User) -> str:
    """Return a strong validator of the user's representation (RFC 9110, section 8.8.3)."""
    return etag(orjson.dumps(user_body(user)))


def user_answer(request: Request, user: User, *, status: int = 200) -> Response:
    """Return a single user with its ETag."""
    return single_answer(request, user_body(user), status)
