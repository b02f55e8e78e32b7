"""Which methods a path knows: for ``Allow``, for preflights, and before anything is done (HD-3)."""

from collections.abc import Sequence
from typing import Final

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
    """Tell whether this method does something at this path."""
    asked = {key: scope[key] for key in ("type", "path", "headers")}
    asked |= {"root_path": scope.get("root_path", ""), "method": method}
    return any(route.matches(asked)[0] is Match.FULL for route in routes)
