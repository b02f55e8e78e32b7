"""OpenAPI 3.1 and the pages that show it, with every asset served by us.

The pages run no inline script and load nothing from anywhere else, and their
Content-Security-Policy holds them to it. ``assets/README.md`` says where the files come from.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from entrypoints.http.edge.cookies import ACCESS_COOKIE
from entrypoints.http.edge.errors import RouteNotFound, error_response
from entrypoints.http.edge.idempotency import IGNORED

BEARER: Final = "bearer"
COOKIE: Final = "cookie"
CSRF: Final = "csrf"
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


def describe(
    app: FastAPI, *, public_url: str, public_routes: Collection[tuple[str, str]] = ()
) -> None:
    """Make ``app.openapi()`` return the whole truth about the API, made once.

    ``public_routes`` are the ``(method, path)`` that need no caller; every other route under
    ``/api`` is declared to need a bearer token unless it says itself what it needs.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, public_url, frozenset(public_routes))
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI itself names


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


def _document(
    app: FastAPI, public_url: str, public_routes: frozenset[tuple[str, str]]
) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        servers=[{"url": public_url}],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)  # FastAPI's own shape, which we never answer with (F3)
    schemas.update(_SCHEMAS)
    document["components"].setdefault("securitySchemes", {})[BEARER] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a token answer.",
    }
    document["components"]["securitySchemes"] |= {
        COOKIE: {
            "type": "apiKey",
            "in": "cookie",
            "name": ACCESS_COOKIE,
            "description": "The same token in cookie mode.",
        },
        CSRF: {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "In cookie mode, on all methods but GET and HEAD: `csrf_token`.",
        },
    }
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            _complete(
                operation,
                is_public=(method.upper(), path) in public_routes,
                is_ours=path.startswith("/api/"),
                is_safe=method in {"get", "head"},
            )
            if path.startswith("/api/") and method not in {"get", "head"} and path not in IGNORED:
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    return document


def _complete(operation: dict[str, Any], *, is_public: bool, is_ours: bool, is_safe: bool) -> None:
    answers = operation.setdefault("responses", {})
    if "HTTPValidationError" in str(answers.get("422", {})):
        del answers["422"]
        answers["422"] = _refusal("Some fields are not valid.")
    for answer in answers.values():
        content = answer.get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            example["value"]["error"].setdefault("retry_after", None)  # FastAPI drops what is null
    if is_ours:
        answers.setdefault("default", _refusal("Any other refusal."))
        by_cookie: dict[str, list[str]] = {COOKIE: []} if is_safe else {COOKIE: [], CSRF: []}
        operation.setdefault("security", [] if is_public else [{BEARER: []}, by_cookie])


def _refusal(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}},
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }


_IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same request with the same key is done once and answered alike for a day.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"},
}
_FACTS: Final[dict[str, Any]] = {
    "code": {"type": "string", "description": "Stable; see GET /api/v1/errors."},
    "request_id": {"type": "string"},
    "retryable": {"type": "boolean", "description": "The same request may succeed later."},
    "retry_after": {"type": ["integer", "null"], "description": "Seconds to wait."},
    "details": {"type": "array", "items": {"$ref": "#/components/schemas/ErrorDetail"}},
}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_SCHEMAS: Final[dict[str, Any]] = {
    "ErrorDetail": _object(
        {name: {"type": "string"} for name in ("field", "code", "message")},
    ),
    "ErrorEnvelope": _object({"error": _object({**_FACTS, "message": {"type": "string"}})}),
    "Problem": _object(
        {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            **_FACTS,
        }
    ),
}
