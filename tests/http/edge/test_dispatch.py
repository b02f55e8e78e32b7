from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Body, Depends, FastAPI, Header, Query, Request, Response
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import BaseRoute, Mount

from domain.errors import ConcurrentChange
from entrypoints.http.app import create_app
from entrypoints.http.edge.body import BodyGate
from entrypoints.http.edge.dispatch import Dispatch
from entrypoints.http.edge.error_handlers import install_error_handlers
from entrypoints.http.edge.requests import StrictModel
from entrypoints.lifecycle import build_container
from tests.http.client import settings_for
from tests.http.edge.application import client_of

LONG = "by FastAPI"


class Thing(StrictModel):
    name: str


async def first(request: Request) -> str:
    request.state.order = ["first"]
    return "first"


async def second(request: Request) -> str:
    request.state.order.append("second")
    return "second"


async def of_the_query(request: Request, q: str = "") -> str:
    return q


def in_a_thread(request: Request) -> str:
    return "thread"


async def with_an_end(request: Request) -> AsyncIterator[str]:
    yield "end"


async def refuse(request: Request) -> None:
    raise ConcurrentChange


type Second = Annotated[str, Depends(second)]


def routes_of(
    handler: Callable[..., Any], path: str = "/it", method: str = "GET", **options: Any
) -> list[BaseRoute]:
    router = APIRouter()
    router.add_api_route(path, handler, methods=[method], **options)
    return list(router.routes)


def dispatching(routes: list[BaseRoute], service: FastAPI | None = None) -> httpx.AsyncClient:
    app = service or FastAPI()
    app.router.routes[:] = []
    install_error_handlers(app)
    dispatch = Dispatch(PlainTextResponse(LONG), service=app, routes=routes)
    return client_of(BodyGate(dispatch, limit=1000), raise_app_exceptions=True)


async def way_of(routes: list[BaseRoute], method: str = "GET", **asked: Any) -> str:
    async with dispatching(routes) as client:
        return (await client.request(method, "/it", **asked)).text


async def plain(request: Request) -> Response:
    return PlainTextResponse(request.url.path)


async def without_request() -> Response:
    return PlainTextResponse("nothing asked")


async def with_dependencies(request: Request, made: Second) -> JSONResponse:
    return JSONResponse([*request.state.order, made])


async def with_body(body: Thing, made: Annotated[str, Depends(first)]) -> Response:
    return PlainTextResponse(body.name + made)


async def with_optional_body(body: Thing | None = None) -> Response:
    return PlainTextResponse("no body" if body is None else body.name)


async def test_the_short_way_leads_to_the_handler_with_what_it_asks_for() -> None:
    assert await way_of(routes_of(plain)) == "/it"
    assert await way_of(routes_of(without_request)) == "nothing asked"
    ordered = routes_of(with_dependencies, dependencies=[Depends(first)])
    assert await way_of(ordered) == '["first","second","second"]'


async def test_a_body_is_what_the_handler_says_it_takes() -> None:
    asked = routes_of(with_body, method="POST")
    assert await way_of(asked, "POST", json={"name": "a"}) == "afirst"
    optional = routes_of(with_optional_body, method="POST")
    assert await way_of(optional, "POST", json={"name": "a"}) == "a"
    assert await way_of(optional, "POST") == "no body"


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"name":1}', b'{"name":"a","b":1}', b"[]"])
async def test_any_other_body_is_for_fastapi_to_refuse(body: bytes) -> None:
    asked = routes_of(with_body, method="POST")
    headers = {"content-type": "application/json"}
    assert await way_of(asked, "POST", content=body, headers=headers) == LONG


async def returns_a_model(request: Request) -> Thing:
    return Thing(name="a")


def runs_in_a_thread(request: Request) -> Response:
    return Response()


async def asks_the_query(request: Request, q: str = "") -> Response:
    return Response()


async def asks_an_annotated_query(q: Annotated[str, Query()] = "") -> Response:
    return Response()


async def asks_a_header(x: Annotated[str | None, Header()] = None) -> Response:
    return Response()


async def asks_for_an_answer(response: Response) -> Response:
    return response


async def asks_a_member(name: Annotated[str, Body(embed=True)] = "") -> Response:
    return Response()


async def asks_two_bodies(one: Thing, other: Thing) -> Response:
    return Response()


async def depends_on_more(q: Annotated[str, Depends(of_the_query)]) -> Response:
    return Response()


async def depends_on_a_thread(q: Annotated[str, Depends(in_a_thread)]) -> Response:
    return Response()


async def depends_on_an_end(q: Annotated[str, Depends(with_an_end)]) -> Response:
    return Response()


async def depends_twice(
    a: Annotated[str, Depends(first)], b: Annotated[str, Depends(first)]
) -> Response:
    return Response()


async def depends_anew(a: Annotated[str, Depends(first, use_cache=False)]) -> Response:
    return Response()


async def depends_by_default(a: str = Depends(first)) -> Response:
    return Response()


@pytest.mark.parametrize(
    "handler",
    [
        returns_a_model,
        runs_in_a_thread,
        asks_the_query,
        asks_an_annotated_query,
        asks_a_header,
        asks_for_an_answer,
        asks_a_member,
        asks_two_bodies,
        depends_on_more,
        depends_on_a_thread,
        depends_on_an_end,
        depends_twice,
        depends_anew,
        depends_by_default,
    ],
)
async def test_a_handler_that_asks_for_more_is_left_to_fastapi(
    handler: Callable[..., Awaitable[Any]],
) -> None:
    assert await way_of(routes_of(handler)) == LONG
    assert await way_of(routes_of(handler, method="POST"), "POST", json={"name": "a"}) == LONG


async def test_so_is_a_route_with_such_a_dependency() -> None:
    assert await way_of(routes_of(plain, dependencies=[Depends(of_the_query)])) == LONG


async def test_so_are_other_paths_and_other_methods() -> None:
    async with dispatching(routes_of(plain)) as client:
        for method, path in (("POST", "/it"), ("OPTIONS", "/it"), ("GET", "/it/"), ("GET", "/")):
            assert (await client.request(method, path)).text == LONG
    async with dispatching(routes_of(plain, "/{it}")) as client:
        assert (await client.get("/it")).text == LONG


async def test_so_is_a_path_that_an_earlier_route_takes() -> None:
    async def any_of_them(name: str) -> Response:
        return PlainTextResponse(name)

    taken = [*routes_of(any_of_them, "/{name}"), *routes_of(plain)]
    assert await way_of(taken) == LONG
    assert await way_of([*routes_of(any_of_them, "/{name}", "PUT"), *routes_of(plain)]) == "/it"
    assert await way_of([Mount("/", app=PlainTextResponse("")), *routes_of(plain)]) == LONG


async def test_so_is_everything_while_a_dependency_is_overridden() -> None:
    app = FastAPI()
    async with dispatching(routes_of(plain), app) as client:
        assert (await client.get("/it")).text == "/it"
        app.dependency_overrides[second] = first
        assert (await client.get("/it")).text == LONG


async def test_a_refusal_is_answered_by_the_handlers_that_the_service_has() -> None:
    asked = routes_of(plain, dependencies=[Depends(refuse)])
    async with dispatching(asked) as client:
        answer = await client.get("/it")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "CONFLICT"


async def test_a_bug_goes_on_to_the_outside() -> None:
    async def fail(request: Request) -> Response:
        raise RuntimeError("a bug")

    async with dispatching(routes_of(fail)) as client:
        with pytest.raises(RuntimeError, match="a bug"):
            await client.get("/it")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/users/me", None, 401),
        ("GET", "/api/v1/users/me/export", None, 401),
        ("DELETE", "/api/v1/sessions/current", None, 401),
        ("POST", "/api/v1/sessions/refresh", {"refresh_token": "dwr_none"}, 401),
        ("POST", "/api/v1/authorization/check", {"subject_id": "a", "permission": "a:b"}, 401),
        ("GET", "/health/live", None, 200),
    ],
)
async def test_the_busy_routes_of_the_service_take_the_short_way(
    method: str, path: str, body: Any, status: int
) -> None:
    app = create_app(build_container(settings_for("memory://")))
    given: Any
    (given,) = [each.kwargs for each in app.user_middleware if "service" in each.kwargs]
    dispatch = Dispatch(PlainTextResponse(LONG), **given)

    async def with_app(scope: Any, receive: Any, send: Any) -> None:
        await dispatch({**scope, "app": app}, receive, send)

    async with client_of(BodyGate(with_app, limit=1000)) as client:
        answer = await client.request(method, path, json=body)
    assert answer.text != LONG
    assert answer.status_code == status
