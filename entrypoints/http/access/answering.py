"""A role as an answer."""

import orjson
from fastapi import Request
from starlette.responses import Response

from domain.access.role import BuiltInRole, Role
from entrypoints.http.edge.answering import etag, single_answer
from entrypoints.representations.access import role_body


def etag_of_role(role: Role) -> str:
    """Return a strong validator of the role's representation."""
    return etag(orjson.dumps(role_body(role)))


def role_answer(request: Request, role: Role | BuiltInRole, *, status: int = 200) -> Response:
    """Return a single role with its ETag."""
    return single_answer(request, role_body(role), status)
