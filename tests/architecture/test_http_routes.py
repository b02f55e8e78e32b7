"""What the real service answers to, found by walking every route that it has (AZ-1).

The list of what needs no caller stands once more in ``vocabularies/``, on purpose: a change that
makes a route public says so in two places, and a reviewer sees it in a file about security.
"""

import ast
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from entrypoints.http.app import ROOMS, create_app
from entrypoints.http.edge.dependencies import SignedIn, caller_of, container_of, person_of, user_of
from entrypoints.http.mail.routes import DEVELOPMENT_ROOM
from entrypoints.http.testing.routes import TESTING_ROOM
from entrypoints.lifecycle import build_container, running
from entrypoints.settings import Settings
from tests.architecture import snapshots
from tests.architecture.source import files_of, place_of, tree_of

type Key = tuple[str, str]

PUBLIC: frozenset[Key] = snapshots.PUBLIC_ROUTES
DOCUMENTATION = frozenset({"/docs", "/docs/assets/{name}", "/openapi.json", "/redoc"})
"""Pages outside of the API, there only where ``DOCS`` is on; no use case stands behind them."""

ASKING = frozenset({caller_of, person_of, user_of})
"""What finds out who calls."""

DEVELOPMENT = frozenset(
    {"/dev/mailbox", "/dev/clock", "/dev/clock/advance", "/dev/users", "/dev/reset"}
)
"""Paths that do not exist in production."""

ROOT = "/"
"""Leads to the documentation, in development where that is there."""


@dataclass(frozen=True)
class Walked:
    """One method of one route of the service, with all that including routers added to it."""

    method: str
    path: str
    endpoint: Callable[..., Any]
    dependant: Dependant | None
    answers: Any
    status: int | None

    @property
    def key(self) -> Key:
        """The method and the path, as ``Room.public`` writes them."""
        return self.method, self.path

    @property
    def is_documentation(self) -> bool:
        """Whether it only serves a page of the documentation."""
        return self.path in DOCUMENTATION or self.path == ROOT

    def calls(self) -> list[Callable[..., Any]]:
        """Return every dependency, of whatever depth."""
        return list(_calls(self.dependant)) if self.dependant else []


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    for dependency in dependant.dependencies:
        if dependency.call is not None:
            yield dependency.call
        yield from _calls(dependency)


def routes_of(app: FastAPI) -> list[Walked]:
    """Return every route, flat; fail on anything that is not a plain route."""
    walked = []
    for context in iter_route_contexts(app.routes):
        is_api = isinstance(context.original_route, APIRoute)
        assert context.path is not None, f"{context.original_route} has no path"
        assert context.endpoint is not None, f"{context.path} has no endpoint"
        assert context.methods, f"{context.path} answers every method"
        walked += [
            Walked(
                method=method,
                path=context.path,
                endpoint=context.endpoint,
                dependant=context.dependant if is_api else None,
                answers=context.response_field if is_api else None,
                status=context.status_code if is_api else None,
            )
            for method in sorted(context.methods)
        ]
    return walked


def without_caller(routes: list[Walked]) -> set[Key]:
    """Return the routes that do not ask who calls."""
    return {route.key for route in routes if ASKING.isdisjoint(route.calls())}


def is_awaited(call: Callable[..., Any]) -> bool:
    """Tell whether FastAPI calls it on the event loop and not in a thread."""
    call = inspect.unwrap(call)
    if not inspect.isroutine(call):
        call = type(call).__call__ if not inspect.isclass(call) else call
    return inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call)


def synchronous(routes: list[Walked]) -> set[str]:
    """Return the endpoints and dependencies that would go through the thread pool."""
    calls = [call for route in routes for call in (route.endpoint, *route.calls())]
    return {f"{call.__module__}.{call!r}" for call in calls if not is_awaited(call)}


def generators(routes: list[Walked]) -> set[str]:
    """Return the dependencies with a ``yield``."""
    return {
        repr(call)
        for route in routes
        for call in route.calls()
        if inspect.isgeneratorfunction(inspect.unwrap(call))
        or inspect.isasyncgenfunction(inspect.unwrap(call))
    }


def undeclared(routes: list[Walked]) -> set[Key]:
    """Return the routes that neither declare a model nor answer without a body."""
    return {route.key for route in routes if route.answers is None and route.status != 204}


# --- the service ------------------------------------------------------------------------------

MODES: dict[str, dict[str, Any]] = {
    "development": {"environment": "development"},
    "production": {"environment": "production", "public_url": "https://id.example.com"},
    "production with documentation": {"environment": "production", "docs": True, "metrics": True},
}


def service(**settings: Any) -> FastAPI:
    """Return the real service over memory, from these settings and nothing around us."""
    given = {
        "database_url": "memory://",
        "secret_key": "a secret for tests, of 32 bytes or more",
        "run_worker": False,
        **settings,
    }
    return create_app(build_container(Settings(_env_file=None, **given)))


@pytest.fixture(params=MODES)
def app(request: pytest.FixtureRequest) -> FastAPI:
    """The service, in each of the ways that it can be set."""
    return service(**MODES[request.param])


@pytest.fixture
def routes(app: FastAPI) -> list[Walked]:
    """Its routes."""
    return routes_of(app)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the service, which is started as a server would."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        running(app.state.container, with_worker=False),
        httpx.AsyncClient(transport=transport, base_url="http://doorward.test") as client,
    ):
        yield client


# --- what is declared -------------------------------------------------------------------------


def test_the_public_list_is_the_one_above() -> None:
    """AZ-1: a route becomes public in a change that touches this file."""
    declared = [key for room in (*ROOMS, DEVELOPMENT_ROOM, TESTING_ROOM) for key in room.public]
    assert sorted(declared) == sorted(PUBLIC)


def test_every_other_route_asks_who_calls(routes: list[Walked]) -> None:
    """AZ-1: a route that forgets to ask is not served to anybody unnoticed."""
    api = [route for route in routes if not route.is_documentation]
    assert without_caller(api) - PUBLIC == set()


def test_the_public_list_names_nothing_else(routes: list[Walked], app: FastAPI) -> None:
    """AZ-1: an entry without a route, or whose route asks for a caller, is a door left open."""
    settings: Settings = app.state.container.settings()
    expected = {
        key for key in PUBLIC
        if not (settings.in_production and key[1] in DEVELOPMENT)
        and (settings.metrics or key[1] != "/metrics")
    }  # fmt: skip
    assert without_caller(routes) & PUBLIC == expected


def test_what_is_for_development_is_not_in_production(app: FastAPI) -> None:
    """HD-4: no mailbox ever, and documentation only where it is switched on."""
    settings: Settings = app.state.container.settings()
    paths = {route.path for route in routes_of(app)}
    assert (paths >= DEVELOPMENT) is not settings.in_production
    assert paths & DOCUMENTATION == (DOCUMENTATION if settings.docs else set())
    assert (ROOT in paths) is (settings.docs and not settings.in_production)


def test_every_path_is_met_by_one_route(routes: list[Walked]) -> None:
    """A second route of the same method and path would never be reached."""
    keys = [route.key for route in routes]
    assert len(keys) == len(set(keys))


def test_nothing_goes_through_the_thread_pool(routes: list[Walked]) -> None:
    """A plain function costs a thread per request, and they run out."""
    assert synchronous(routes) == set()


def test_nothing_happens_after_the_answer(routes: list[Walked]) -> None:
    """DU-1: the code after a dependency's ``yield`` runs when the client has its 200 already."""
    assert generators(routes) == set()


def test_no_door_commits() -> None:
    """DU-1: only use cases do, before the answer is built."""
    commits = [
        f"{place_of(file)}:{node.lineno}"
        for file in files_of("entrypoints")
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Attribute) and node.attr in {"begin_nested", "commit"}
    ]
    assert commits == []


def test_every_route_declares_its_answer(routes: list[Walked]) -> None:
    """OpenAPI tells clients the whole truth only about what is declared."""
    assert undeclared([route for route in routes if not route.is_documentation]) == set()


# --- what is answered -------------------------------------------------------------------------

NO_CALLER = {
    "nothing": {},
    "another scheme": {"authorization": "Basic YWRtaW46YWRtaW4="},
    "an empty token": {"authorization": "Bearer "},
    "no token of ours": {"authorization": "Bearer e30.e30.e30"},
    "a name": {"x-user-id": "1", "x-forwarded-user": "admin", "remote-user": "admin"},
    "a cookie": {"cookie": "session=1; access_token=e30.e30.e30"},
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "PROPFIND")


def filled(path: str) -> str:
    """Return the path with an identifier for every parameter."""
    return "/".join(
        "01930000-0000-7000-8000-00000000000a" if part.startswith("{") else part
        for part in path.split("/")
    )


def closed(routes: list[Walked]) -> list[Walked]:
    """Return the routes that need a caller."""
    found = [route for route in routes if route.key not in PUBLIC and not route.is_documentation]
    assert found
    return found


def variants_of(path: str) -> Iterator[str]:
    """Yield other ways to write the path that some servers take for the same."""
    first, *rest = path.strip("/").split("/")
    last = rest[-1]
    yield f"{path}/"
    yield f"{path}//"
    yield f"/{path}"
    yield path.replace("/", "//")
    yield path.upper()
    yield f"/{first.upper()}/{'/'.join(rest)}"
    yield path.removesuffix(last) + last.title()
    yield f"/%2e{path}"
    yield f"/{first}/%2e/{'/'.join(rest)}"
    yield f"/health/live/%2e%2e/%2e%2e{path}"
    yield f"/health/live/..%2f..{path}"
    yield path.replace("/", "%2f").replace("%2f", "/", 1)
    yield path.removesuffix(last) + "".join(f"%{ord(letter):02x}" for letter in last)
    yield f"{path};public=1"
    yield f"{path}.json"
    yield f"{path}%00"
    yield f"{path}%20"
    yield f"{path}%0a"
    yield f"/{quote(path.strip('/'), safe='')}"
    yield path.replace("/v1/", "/v2/")
    yield path.replace("/v1/", "/")
    yield path.replace("/v1/", "/v1/tenants/default/")


async def ask(client: httpx.AsyncClient, method: str, path: str, **given: Any) -> httpx.Response:
    """Send the path as it is written; httpx would tidy up dots and slashes."""
    raw = path.encode()
    url = client.base_url.copy_with(raw_path=raw)
    assert url.raw_path == raw
    return await client.request(method, url, **given)


@pytest.mark.parametrize("headers", NO_CALLER.values(), ids=NO_CALLER)
async def test_without_a_caller_every_other_route_answers_401(
    client: httpx.AsyncClient, routes: list[Walked], headers: dict[str, str]
) -> None:
    """AZ-1, and the answer says what would be right (RFC 6750)."""
    for route in closed(routes):
        answer = await ask(client, route.method, filled(route.path), headers=headers)
        assert answer.status_code == 401, route.key
        said = answer.json()["error"]
        if route.path.startswith("/oauth2/"):
            assert said == "invalid_token"
        else:
            assert said["code"] in {"NOT_AUTHENTICATED", "ACCESS_TOKEN_INVALID"}
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_the_answer_is_401_before_anything_is_read(
    client: httpx.AsyncClient, routes: list[Walked]
) -> None:
    """AZ-1: a caller who is not signed in does not learn whether a body or query would be valid."""
    for route in closed(routes):
        path = f"{filled(route.path)}?limit=-1&cursor=x"
        sent = "data" if route.path.startswith("/oauth2/") else "json"
        answer = await ask(client, route.method, path, **{sent: {"no": "field"}})
        assert answer.status_code == 401, route.key


async def test_no_variant_of_a_path_is_a_way_in(
    client: httpx.AsyncClient, routes: list[Walked]
) -> None:
    """AZ-1: it is unknown, or it is the same route and asks who calls."""
    for route in closed(routes):
        for variant in variants_of(filled(route.path)):
            answer = await ask(client, route.method, variant)
            assert answer.status_code in {400, 401, 404, 405}, (route.key, variant)


async def test_no_other_method_is_a_way_in(client: httpx.AsyncClient, routes: list[Walked]) -> None:
    """AZ-1: nor is a header that asks for another one."""
    for path in {route.path for route in closed(routes)}:
        for method in METHODS:
            if (method.replace("HEAD", "GET"), path) in PUBLIC:
                continue
            headers = {"x-http-method-override": "GET"}
            answer = await ask(client, method, filled(path), headers=headers)
            tells = {204} if method == "OPTIONS" else set()
            assert answer.status_code in {400, 401, 404, 405} | tells, (method, path)
            assert not answer.content or answer.status_code != 204


# --- and the checks themselves can fail -------------------------------------------------------


async def _awaited(caller: SignedIn) -> None: ...


async def _forgetful() -> None: ...


def _plain() -> None: ...


def _plain_generator() -> Iterator[None]:
    yield


async def _generator() -> AsyncIterator[None]:
    yield


class _Called:
    def __call__(self) -> None: ...


class _Awaited:
    async def __call__(self) -> None: ...


def walked(*endpoints: Callable[..., Any], dependency: Callable[..., Any] = container_of,
           deep: bool = False) -> list[Walked]:  # fmt: skip
    """Return the routes of an app in which these endpoints stand, each behind the dependency."""

    async def outer(inner: Annotated[object, Depends(dependency)]) -> None: ...

    inner, app = APIRouter(prefix="/inner"), FastAPI(openapi_url=None)
    for endpoint in endpoints:
        inner.add_api_route(
            f"/{endpoint.__name__}",
            endpoint,
            response_model=None,
            dependencies=[Depends(outer if deep else dependency)],
        )
    middle = APIRouter(prefix="/middle")
    middle.include_router(inner)
    app.include_router(middle)
    return routes_of(app)


def test_a_route_that_does_not_ask_is_found() -> None:
    """However deep the router that holds it stands."""
    assert without_caller(walked(_awaited, _forgetful)) == {("GET", "/middle/inner/_forgetful")}


def test_a_caller_asked_for_by_the_router_counts() -> None:
    """And one that only a dependency of a dependency asks for."""
    assert without_caller(walked(_forgetful, dependency=caller_of)) == set()
    assert without_caller(walked(_forgetful, dependency=caller_of, deep=True)) == set()


@pytest.mark.parametrize("deep", [False, True], ids=["near", "deep"])
@pytest.mark.parametrize(
    "call",
    [_plain, _plain_generator, _Called, _Called()],
    ids=["function", "generator", "class", "object"],
)
def test_a_synchronous_dependency_is_found(call: Callable[..., Any], deep: bool) -> None:
    """A function, a generator, a class and an object that is called."""
    assert synchronous(walked(_awaited, dependency=call, deep=deep))


@pytest.mark.parametrize("call", [_awaited, _generator, _Awaited()], ids=["a", "b", "c"])
def test_an_awaited_dependency_is_let_pass(call: Callable[..., Any]) -> None:
    """Else the test above would say nothing."""
    assert synchronous(walked(_awaited, dependency=call)) == set()


def test_a_synchronous_endpoint_is_found() -> None:
    """The one among others that are not."""
    assert len(synchronous(walked(_awaited, _plain))) == 1


@pytest.mark.parametrize("deep", [False, True], ids=["near", "deep"])
@pytest.mark.parametrize("call", [_generator, _plain_generator])
def test_a_dependency_with_a_yield_is_found(call: Callable[..., Any], deep: bool) -> None:
    """Whether it commits there or not, it could."""
    assert generators(walked(_awaited, dependency=call, deep=deep))
    assert generators(walked(_awaited, deep=deep)) == set()


def test_an_undeclared_answer_is_found() -> None:
    """A route that hands out whatever it likes."""
    assert undeclared(walked(_awaited)) == {("GET", "/middle/inner/_awaited")}


async def test_an_open_route_is_found() -> None:
    """The walk meets a route that was added by hand, and the client is let in by it."""
    app = service()
    app.add_api_route("/api/v1/open", _forgetful, response_model=None)
    assert without_caller(closed(routes_of(app))) == {("GET", "/api/v1/open")}
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),  # before the keys are loaded, no token is accepted
        httpx.AsyncClient(transport=transport, base_url="http://doorward.test") as client,
    ):
        assert (await ask(client, "GET", "/api/v1/open")).status_code == 200
