"""The address of the OpenAPI document and the pages that show it, with assets served by us.

The pages run no inline script and load nothing from anywhere else, and their
Content-Security-Policy holds them to it. ``assets/README.md`` says where the files come from.
"""

import hashlib
from collections.abc import Awaitable, Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

import orjson
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from entrypoints.http.edge.errors import RouteNotFound, error_response

_ASSETS: Final = Path(__file__).parent / "assets"
_MEDIA_TYPES: Final = {
    "redoc.standalone.js": "text/javascript",
    "redoc.standalone.js.LICENSE.txt": "text/plain",
    "swagger-init.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-bundle.js.LICENSE.txt": "text/plain",
    "swagger-ui.css": "text/css",
}
# Both pages write style elements of their own; Redoc searches in a worker that it makes itself.
_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SWAGGER: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Doorward API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/swagger-init.js"></script>
</body>
</html>
"""
_REDOC: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Doorward API</title>
<link rel="icon" href="data:,">
</head>
<body>
<redoc spec-url="/openapi.json"></redoc>
<script src="/docs/assets/redoc.standalone.js"></script>
</body>
</html>
"""

type Endpoint = Callable[[Request], Awaitable[Response]]


def mount_documentation(app: FastAPI, *, at_root: bool = False) -> None:
    """Answer ``/openapi.json``, ``/docs``, ``/redoc`` and their assets.

    With ``at_root``, ``/`` leads to ``/docs``: a browser that opens a new service has nothing
    else to go by.

    To be called only where ``DOCS`` is on: otherwise none of these paths exists (HD-4). Build
    the app with ``openapi_url=None``, so that FastAPI adds none of its own.
    """

    async def openapi(request: Request) -> Response:
        return _answer(request, orjson.dumps(app.openapi()), "application/json", {})

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _MEDIA_TYPES:
            return error_response(RouteNotFound(), request.scope)
        cached = {"cache-control": "public, max-age=86400"}
        return _answer(request, _content(name), _MEDIA_TYPES[name], cached)

    async def root(_: Request) -> Response:
        return RedirectResponse("/docs")

    if at_root:
        app.router.add_route("/", root, methods=["GET"], include_in_schema=False)
    for path, endpoint in (
        ("/openapi.json", openapi),
        ("/docs", _page(_SWAGGER)),
        ("/redoc", _page(_REDOC)),
        ("/docs/assets/{name}", asset),
    ):
        app.router.add_route(path, endpoint, methods=["GET"], include_in_schema=False)


def _page(html: str) -> Endpoint:
    async def page(request: Request) -> Response:
        return _answer(request, html.encode(), "text/html", {"content-security-policy": _CSP})

    return page


def _answer(request: Request, content: bytes, media_type: str, headers: dict[str, str]) -> Response:
    """Return the content, or 304 if the caller has it already (RFC 9110, section 13.1.2)."""
    tag = f'"{_digest(content)}"'
    headers = {"cache-control": "no-cache", **headers, "etag": tag}
    known = {
        each.strip().removeprefix("W/")
        for each in request.headers.get("if-none-match", "").split(",")
    }
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)


@cache
def _content(name: str) -> bytes:
    return (_ASSETS / name).read_bytes()


@lru_cache(maxsize=32)
def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
