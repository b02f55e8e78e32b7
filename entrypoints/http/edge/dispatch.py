"""The short way from a request to the handler that answers it.

FastAPI tries one route after the other, and calls a handler through a tree of dependencies inside
two exit stacks. Most routes need neither (``docs/performance.md`` has what that costs): their path
has no parameter, and all that they ask for is the request, a body, and what dependencies make of
the request alone. The way to such a handler is worked out once, from its own signature, when it is
first asked for.

Everything else is left to FastAPI, which is asked about the same routes: other paths and methods,
other handlers, and every body that is not what the handler takes.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Annotated, Any, Final, TypeAliasType, cast, get_args, get_origin, get_type_hints

from fastapi import FastAPI, Request, Response, params
from fastapi.routing import APIRoute
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.routing import BaseRoute, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from entrypoints.http.edge.body import JSON_BODY

type Dependency = Callable[[Request], Awaitable[Any]]
type _Key = tuple[str, str]  # method and path

_ABSENT: Final = object()
# In the scope while FastAPI's own telemetry watches a request: it wants to see each step.
_WATCHED: Final = "fastapi.telemetry"


class Dispatch:
    """ASGI middleware, the innermost: takes the short way where there is one.

    ``routes`` are those that FastAPI tries first, in its order. They are declared as any other,
    and what answers a request is the same on both ways: the handler, its dependencies in their
    order, and the handlers of exceptions that ``service`` has.
    """

    def __init__(self, app: ASGIApp, *, service: FastAPI, routes: Sequence[BaseRoute]) -> None:
        self._app, self._service = app, service
        self._ways: dict[_Key, _ShortWay] = {}
        self._untried = _declared(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        way = self._way_of(scope)
        if way is None:
            await self._app(scope, receive, send)
            return
        body = way.body_of(scope)
        if body is _ABSENT:
            await self._app(scope, receive, send)
            return
        scope.update(route=way.route, endpoint=way.route.endpoint, path_params={})
        try:
            response = await way.answer(Request(scope, receive, send), body)
        except Exception as failure:
            await self._refuse(failure, scope, receive, send)
            return
        await response(scope, receive, send)

    def _way_of(self, scope: Scope) -> "_ShortWay | None":
        if scope["type"] != "http":
            return None
        key = (scope["method"], scope["path"])
        way = self._ways.get(key)
        if way is None and key in self._untried:
            way = self._work_out(key)
        if way is None or scope.get("root_path") or _WATCHED in scope:
            return None
        return None if self._service.dependency_overrides else way

    def _work_out(self, key: _Key) -> "_ShortWay | None":
        route, earlier = self._untried[key]
        way = None if any(_takes(other, *key) for other in earlier) else _short_way(route)
        del self._untried[key]  # not before: what is wrong about a route is told each time
        if way is not None:
            self._ways[key] = way
        return way

    async def _refuse(self, failure: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        async def fail(_scope: Scope, _receive: Receive, _send: Send) -> None:
            raise failure

        handlers = self._service.exception_handlers
        known = {kind: handler for kind, handler in handlers.items() if kind is not Exception}
        await ExceptionMiddleware(fail, handlers=known)(scope, receive, send)


class _ShortWay:
    """A handler with all that it asks for."""

    __slots__ = ("_body", "_made", "_request", "_run_first", "route")

    def __init__(
        self,
        route: APIRoute,
        *,
        run_first: Sequence[Dependency],
        made: Sequence[tuple[str, Dependency]],
        request: str | None,
        body: inspect.Parameter | None,
    ) -> None:
        self.route = route
        self._run_first, self._made, self._request, self._body = run_first, made, request, body

    def body_of(self, scope: Scope) -> Any:
        """Return the body as the handler takes it, None if it takes none; or that it is wrong."""
        if self._body is None:
            return None
        given = scope.get("state", {}).get(JSON_BODY, _ABSENT)
        if given is _ABSENT:
            default = self._body.default
            return _ABSENT if default is inspect.Parameter.empty else default
        if given is None or self.route.body_field is None:
            return _ABSENT
        body, problems = self.route.body_field.validate(given, {}, loc=("body",))
        return _ABSENT if problems else body

    async def answer(self, request: Request, body: Any) -> Response:
        """Return the handler's answer."""
        for depend in self._run_first:
            await depend(request)
        arguments = {name: await depend(request) for name, depend in self._made}
        if self._request is not None:
            arguments[self._request] = request
        if self._body is not None:
            arguments[self._body.name] = body
        return cast(Response, await self.route.endpoint(**arguments))


def _declared(routes: Iterable[BaseRoute]) -> dict[_Key, tuple[APIRoute, Sequence[APIRoute]]]:
    """Return the first route of each method and path, with those before it that may take both."""
    declared: dict[_Key, tuple[APIRoute, Sequence[APIRoute]]] = {}
    patterns: list[APIRoute] = []
    for route in routes:
        if not isinstance(route, APIRoute):
            break  # it is not known what it, or anything behind it, is asked for first
        if "{" in route.path:
            patterns.append(route)
            continue
        earlier = tuple(patterns)
        for method in route.methods or ():
            declared.setdefault((method, route.path), (route, earlier))
    return declared


def _takes(route: APIRoute, method: str, path: str) -> bool:
    beginning, _, _ = route.path.partition("{")
    if method not in (route.methods or ()) or not path.startswith(beginning):
        return False
    pattern, _, _ = compile_path(route.path)
    return pattern.match(path) is not None


def _short_way(route: APIRoute) -> _ShortWay | None:
    """Return the way to this handler; None if it asks for more than is known here."""
    run_first = [_dependency(each) for each in route.dependencies]
    made: list[tuple[str, Dependency | None]] = []
    request: str | None = None
    bodies: list[inspect.Parameter] = []
    kinds = _annotations(route.endpoint)
    if not _answers_itself(route.endpoint, kinds):
        return None
    for name, parameter in inspect.signature(route.endpoint).parameters.items():
        kind, *notes = _parts(kinds.get(name))
        if kind is Request and not notes:
            request = name
        elif any(isinstance(note, params.Depends) for note in notes):
            made.append((name, _dependency(*notes)))
        else:
            bodies.append(parameter)
            if any(isinstance(note, params.Param | params.Body) for note in notes):
                return None
    asked = [*run_first, *(depend for _, depend in made)]
    if None in asked or len(set(asked)) != len(asked):
        return None
    # FastAPI is only asked where there is a body: it reads all that the route was declared with.
    if bodies and [each.name for each in bodies] != _bodies_of(route):
        return None
    return _ShortWay(
        route,
        run_first=cast(list[Dependency], run_first),
        made=cast(list[tuple[str, Dependency]], made),
        request=request,
        body=bodies[0] if bodies else None,
    )


def _bodies_of(route: APIRoute) -> list[str]:
    return [] if route.body_field is None else [route.body_field.name]


def _answers_itself(endpoint: Callable[..., Any], kinds: dict[str, Any]) -> bool:
    returned = kinds.get("return")
    is_response = isinstance(returned, type) and issubclass(returned, Response)
    return is_response and inspect.iscoroutinefunction(endpoint)


def _dependency(*notes: object) -> Dependency | None:
    """Return what makes a value of the request alone; None if it may be anything else."""
    note = notes[0]
    if (
        len(notes) != 1
        or type(note) is not params.Depends
        or note != params.Depends(note.dependency)
    ):
        return None
    make = note.dependency
    if make is None or not inspect.iscoroutinefunction(make):
        return None
    parameters = list(inspect.signature(make).parameters.values())
    if len(parameters) != 1 or parameters[0].kind is not parameters[0].POSITIONAL_OR_KEYWORD:
        return None
    return make if _annotations(make).get(parameters[0].name) is Request else None


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError:
        return {}


def _parts(kind: Any) -> tuple[Any, ...]:
    """Return the type and the notes of ``Annotated``, if need be behind an alias."""
    while isinstance(kind, TypeAliasType):
        kind = kind.__value__
    return get_args(kind) if get_origin(kind) is Annotated else (kind,)
