"""A user as an answer."""

from collections.abc import Callable

import orjson
from fastapi import Request
from starlette.responses import Response

from domain.principal import Principal
from domain.users.user import User
from entrypoints.http.edge.answering import etag, single_answer
from entrypoints.representations.users import own_user_body, user_body


def etag_of(user: User) -> str:
    """Return a strong validator of the user's representation (RFC 9110, section 8.8.3)."""
    return etag(orjson.dumps(user_body(user)))


def own_etag_of(principal: Principal) -> Callable[[User], str]:
    """Return what makes the validator of a user's own view, in the session of the principal."""
    return lambda user: etag(orjson.dumps(own_user_body(user, principal)))


def own_user_answer(request: Request, user: User, principal: Principal) -> Response:
    """Return the caller as they see themselves, with the ETag of that."""
    return single_answer(request, own_user_body(user, principal), 200)


def user_answer(request: Request, user: User, *, status: int = 200) -> Response:
    """Return a single user with its ETag."""
    return single_answer(request, user_body(user), status)
