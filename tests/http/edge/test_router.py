from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import FastAPIError
from fastapi.routing import APIRoute
from starlette.responses import HTMLResponse, PlainTextResponse

from entrypoints.http.app import ROOMS
from entrypoints.http.edge.dispatch import Dispatch
from entrypoints.http.edge.requests import StrictModel
from entrypoints.http.edge.router import Router
from entrypoints.http.mail.routes import DEVELOPMENT_ROOM
from entrypoints.http.testing.routes import TESTING_ROOM
from tests.http.edge.application import client_of


class Thing(StrictModel):
    name: str


async def admit(request: Request) -> None:
    pass


async def read(request: Request) -> Response:
    """Return a thing."""
    return PlainTextResponse("read")


async def change(thing_id: int, body: Thing, admitted: Annotated[None, Depends(admit)]) -> Response:
    return PlainTextResponse(f"{thing_id} {body.name}")


async def page(request: Request) -> Response:
    return HTMLResponse("page")


class Strange:
    pass


async def cannot_be(thing: Strange) -> Response:
    return Response()


def with_things(kind: type[APIRouter]) -> APIRouter:
    router = kind(prefix="/things", tags=["Things"], responses={404: {"description": "None."}})
    router.get("", summary="Read", response_model=Thing)(read)
    router.put("/{thing_id}", name="alter", dependencies=[Depends(admit)])(change)
    router.api_route("/page", methods=["get"], response_class=HTMLResponse)(page)
    return router


def routes_of(router: APIRouter) -> list[APIRoute]:
    return [route for route in router.routes if isinstance(route, APIRoute)]


def is_worked_out(route: APIRoute) -> bool:
    return "dependant" in vars(route)


def service_of(*routers: APIRouter) -> FastAPI:
    service = FastAPI()
    for each in routers:
        service.include_router(each)
    return service


def test_it_is_known_where_a_route_is_before_it_is_worked_out() -> None:
    service = service_of(router := with_things(Router))
    found = [(route.path, route.methods, route.endpoint, route.name) for route in routes_of(router)]
    assert found == [
        ("/things", {"GET"}, read, "read"),
        ("/things/{thing_id}", {"PUT"}, change, "alter"),
        ("/things/page", {"GET"}, page, "page"),
    ]
    assert not any(map(is_worked_out, routes_of(router)))
    service.openapi()
    assert all(map(is_worked_out, routes_of(router)))


def test_what_a_route_finds_out_is_what_fastapi_does() -> None:
    ours, theirs = (routes_of(with_things(kind)) for kind in (Router, APIRouter))
    assert ours == theirs
    for own, other in zip(ours, theirs, strict=True):
        assert own.unique_id == other.unique_id
        known = {name for name in vars(own) if not name.startswith("_others")}
        assert known == {*vars(other)}
        differing = {name for name in known if vars(own)[name] != vars(other)[name]}
        assert differing <= {"app", "body_field", "dependant", "response_field"}
        assert repr(own.dependant) == repr(other.dependant)
        assert own.description == other.description


def test_the_description_is_the_same() -> None:
    assert service_of(with_things(Router)).openapi() == service_of(with_things(APIRouter)).openapi()


async def test_requests_are_answered_alike() -> None:
    for kind in (Router, APIRouter):
        async with client_of(service_of(with_things(kind))) as client:
            changed = await client.put("/things/7", json={"name": "a"})
            assert (changed.status_code, changed.text) == (200, "7 a")
            assert (await client.put("/things/x", json={"name": "a"})).status_code == 422
            assert (await client.put("/things/page", json={})).status_code == 422
            assert (await client.delete("/things")).status_code == 405
            assert (await client.get("/things")).text == "read"


async def test_the_short_way_needs_nothing_worked_out_where_there_is_no_body() -> None:
    routes = routes_of(with_things(Router))
    dispatch = Dispatch(PlainTextResponse("by FastAPI"), service=FastAPI(), routes=routes)
    async with client_of(dispatch) as client:
        assert (await client.get("/things")).text == "read"
    assert not any(map(is_worked_out, routes))


def test_what_is_wrong_about_a_declaration_is_told_whenever_it_is_asked_about() -> None:
    router = Router()
    router.get("/wrong")(cannot_be)
    (route,) = routes_of(router)
    for _ in range(2):
        with pytest.raises(FastAPIError, match="Invalid args for response field"):
            _ = route.dependant


def test_an_attribute_that_no_route_has_is_missing() -> None:
    (route, *_) = routes_of(with_things(Router))
    assert not hasattr(route, "colour")
    assert not hasattr(route, "colour")


def test_every_room_has_such_routes() -> None:
    """One that has others would be read through at every start."""
    rooms = (*ROOMS, DEVELOPMENT_ROOM, TESTING_ROOM)
    routers = [router for room in rooms for router in room.routers]
    assert [router for router in routers if not isinstance(router, Router)] == []
