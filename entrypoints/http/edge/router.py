"""Routes that FastAPI works out when one is first asked for more than where it is.

FastAPI reads a handler's signature, its dependencies' and its models when a route is declared, and
reads them again when the route is first compared with a request. There are more than a hundred, of
which a process needs few, and many processes never the rest: ``docs/performance.md`` has what that
costs. So a declared route is its path, methods and handler, and the first reading is left out until
the description, a request or a test asks for what it finds out.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import Enum
from typing import Any

from fastapi import APIRouter, Response  # noqa: TID251 - it is this one
from fastapi.datastructures import Default
from fastapi.params import Depends
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse
from starlette.routing import get_name


class Route(APIRoute):
    """A route that knows what it was declared with, and finds out the rest when asked for it.

    What is wrong about a declaration is raised then, and not where it is declared.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        methods: Collection[str] | None = None,
        name: str | None = None,
        dependencies: Sequence[Depends] | None = None,
        **others: Any,
    ) -> None:
        self.path, self.endpoint = path, endpoint
        self.methods = {"GET"} if methods is None else {each.upper() for each in methods}
        self.name = get_name(endpoint) if name is None else name
        self.dependencies = list(dependencies or ())
        self._others: Mapping[str, Any] | None = others

    def __getattr__(self, asked: str) -> Any:
        """Find out the rest; Python asks here for an attribute that there is not yet."""
        others = vars(self).get("_others")
        if others is None:
            raise AttributeError(asked, name=asked, obj=self)
        self._others = None
        try:
            super().__init__(
                self.path,
                self.endpoint,
                methods=self.methods,
                name=self.name,
                dependencies=self.dependencies,
                **others,
            )
        except BaseException:
            self._others = others  # who asks next is told the same
            raise
        return getattr(self, asked)


class Router(APIRouter):
    """FastAPI's router, whose routes are worked out when they are needed.

    Routes are declared on it as on FastAPI's own, which does as well, with all at once.
    """

    def __init__(
        self,
        *,
        prefix: str = "",
        tags: list[str | Enum] | None = None,
        dependencies: Sequence[Depends] | None = None,
        responses: dict[int | str, dict[str, Any]] | None = None,
        include_in_schema: bool = True,
        default_response_class: type[Response] = Default(JSONResponse),  # noqa: B008 - FastAPI's way
    ) -> None:
        super().__init__(
            prefix=prefix,
            tags=tags,
            dependencies=dependencies,
            responses=responses,
            include_in_schema=include_in_schema,
            default_response_class=default_response_class,
            route_class=Route,
        )
