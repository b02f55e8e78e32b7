"""
A tiny real FastAPI app behind the real edge, and a client for it.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any

import httpx
from fastapi import FastAPI, HTTPException, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp

from application.credentials.ports import Busy
from domain.errors import (
    ConcurrentChange,
    LimitExceeded,
    ServiceUnavailable,
    ValidationFailed,
    Violation,
)
from entrypoints.http.description import describe
from entrypoints.http.documentation import mount_documentation
from entrypoints.http.edge.body import BodyGate
from entrypoints.http.edge.error_handlers import install_error_handlers
from entrypoints.http.edge.errors import NotSignedIn, responses
from entrypoints.http.edge.methods import allowed_methods
from entrypoints.http.edge.middleware import RequestContext

PUBLIC_URL = "https://id.example.com"
BODY_LIMIT = 4096


class Slow(LimitExceeded):
    code = "TOO_MANY_REQUESTS"
    message = "Too many attempts."


class BadToken(NotSignedIn):
    code = "ACCESS_TOKEN_INVALID"
    message = "The access token is not one of ours."


class SignUp(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=256)]
    roles: list[str] = []


RAISED: dict[str, Exception] = {
    "conflict": ConcurrentChange(details=[Violation("name", "TAKEN", "Taken.")]),
    "limit": Slow(retry_after=timedelta(seconds=2.2)),
    "instant": Slow(retry_after=timedelta(0)),
    "away": ServiceUnavailable(),
    "nobody": NotSignedIn(),
    "token": BadToken(),
    "http": HTTPException(418, "tea of the caller", headers={"X-Secret": "1"}),
    "http5": HTTPException(502, "bad gateway to /srv/db"),
    "bug": RuntimeError("hunter2 at /srv/doorward.py"),
    "timeout": TimeoutError("not ours"),
}


def build_app() -> FastAPI:  # noqa: C901  # a list of routes, none of them with a branch
    app = FastAPI(title="Edge", openapi_url=None, docs_url=None, redoc_url=None)
    install_error_handlers(app)
    describe(app, public_url=PUBLIC_URL, public_routes={("POST", "/api/v1/users")})
    mount_documentation(app)

    @app.post("/api/v1/users", responses=responses(ValidationFailed, Busy))
    async def sign_up(body: SignUp) -> dict[str, Any]:
        return {"roles": len(body.roles)}

    @app.post("/echo")
    async def echo(request: Request) -> Response:
        return Response(await request.body(), media_type="application/json")

    @app.get("/raise/{what}")
    async def fail(what: str) -> None:
        raise RAISED[what].with_traceback(None)

    @app.get("/api/v1/things/{thing_id}")
    async def thing(
        request: Request,
        thing_id: Annotated[str, Path()],
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        sort: str = "name",
    ) -> dict[str, Any]:
        request.state.user_id = "0190"
        return {"id": thing_id, "limit": limit, "sort": sort, **request.scope["state"]}

    @app.delete("/api/v1/things/{thing_id}")
    async def remove(thing_id: str) -> Response:
        return Response(status_code=204)

    @app.get("/sleep")
    async def sleep() -> None:
        await asyncio.sleep(30)

    @app.get("/stream")
    async def stream() -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for part in (b"a", b"b", b"c"):
                await asyncio.sleep(0.15)
                yield part

        return StreamingResponse(parts(), headers={"cache-control": "public, max-age=1"})

    @app.get("/half")
    async def half() -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"a"
            raise RuntimeError("in the middle")

        return StreamingResponse(parts())

    return app


def behind_the_edge(
    app: ASGIApp, *, deadline: float = 5.0, body_seconds: float = 2.0, **options: Any
) -> RequestContext:
    gate = BodyGate(app, limit=BODY_LIMIT, seconds=body_seconds, form_paths={"/verify-email"})
    options.setdefault("public_url", PUBLIC_URL)
    if isinstance(app, FastAPI):
        options.setdefault("methods_of", lambda scope: allowed_methods(app.routes, scope))
    return RequestContext(gate, deadline=deadline, **options)


def client_of(app: ASGIApp, **options: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, **options)
    return httpx.AsyncClient(transport=transport, base_url="http://doorward.test")


def code_of(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])
