"""Which methods a path knows: for ``Allow``, for preflights, and before anything is done (HD-3)."""

from collections.abc import Sequence
from typing import Final

from fastapi import Request
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Every method that is spoken here, on one path or another."""

_ROUTED: Final = tuple(method for method in METHODS if method not in {"HEAD", "OPTIONS"})


def allowed_methods(routes: Sequence[BaseRoute], scope: Scope) -> list[str]:
    """Return the methods that do something at this path, in a fixed order; none: no such path.

    HEAD is one of them wherever GET is. OPTIONS, which only tells of the others, is none.
    """
    allowed = [method for method in _ROUTED if is_there(routes, scope, method)]
    if "GET" in allowed:
        allowed.insert(1, "HEAD")
    return allowed


def is_there(routes: Sequence[BaseRoute], scope: Scope, method: str) -> bool:
    """Tell whether this method does something at this path.

    A path that a route has word for word is that route's alone, and no value of a parameter in
    the path of another.
    """
    path = scope["path"]
    own = [route.methods for route in iter_route_contexts(routes) if route.path == path]
    if own:
        return any(method in (methods or ()) for methods in own)
    asked = {key: scope[key] for key in ("type", "path", "headers")}
    asked |= {"root_path": scope.get("root_path", ""), "method": method}
    return any(route.matches(asked)[0] is Match.FULL for route in routes)


async def not_at_another_path(request: Request) -> None:
    """Refuse with 405 what is written like this route's path, and is another one word for word.

    A dependency of routes whose last parameter could be taken for such a word; the framework
    matches method and path together, so that it goes on to them.
    """
    if not is_there(request.app.routes, request.scope, request.method):
        raise HTTPException(405)
