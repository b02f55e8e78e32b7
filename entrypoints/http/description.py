"""What OpenAPI 3.1 says about the service: made of the rooms' routes when it is first asked for.

FastAPI writes the first draft. Here it gets what all operations have in common (refusals, headers,
credentials), and its schemas are put in the form that generators of clients agree on:
``docs/decisions/0034-a-description-for-generators.md`` says which, and why.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from entrypoints.http.edge.cookies import ACCESS_COOKIE
from entrypoints.http.edge.errors import MalformedRequest, responses
from entrypoints.http.edge.headers import HEADERS, RATE_LIMIT, headers
from entrypoints.http.edge.idempotency import IGNORED
from entrypoints.http.room import Tag
from entrypoints.http.schemas import REFERENCE, Schema, simplified, simplify_operation, tidied

BEARER: Final = "bearer"
COOKIE: Final = "cookie"
CSRF: Final = "csrf"
_SAFE: Final = frozenset({"get", "head"})

INTRODUCTION: Final = """\
Accounts, sign-in, tokens and sessions for your product, as plain JSON.

**Answers.** A success is `{"data": …, "meta": {"request_id": …}}`; 204 has no body. A refusal is
`{"error": {"code", "message", "request_id", "retryable", "retry_after", "details"}}`, or RFC 9457
with `Accept: application/problem+json`. Decide by `code`, which never changes its meaning:
`GET /api/v1/errors` lists every one. `details` names the fields that are wrong.

**Who calls.** Sign in with `POST /api/v1/sessions`. With `transport: bearer` the answer holds an
access token for `Authorization: Bearer` and a refresh token for `POST /api/v1/sessions/refresh`,
which is good for one use and gives the next one. With `transport: cookie`, for browsers, both
travel in cookies that no script can read, and the answer holds a `csrf_token` for `X-CSRF-Token`,
which all methods but GET and HEAD need. Operations with `security: []` are open to anyone.

**Lists** come in pages: `limit` says how many, `cursor` takes the `meta.next_cursor` of the page
before, and null ends the list. `count=true` adds `meta.count`.

**Trying again.** An `Idempotency-Key` makes a change safe to repeat: the same request with the
same key gets the same answer for 24 hours. `If-Match` with an `ETag` changes a thing only if it
is still what was read.

Ids are UUIDs, times are RFC 3339 in UTC, durations are whole seconds. A request with a field that
is not described here is refused.
"""


def describe(
    app: FastAPI,
    *,
    public_url: str,
    public_routes: Collection[tuple[str, str]] = (),
    tags: Sequence[Tag] = (),
) -> None:
    """Make ``app.openapi()`` return the whole truth about the API, made once.

    ``public_routes`` are the ``(method, path)`` that need no caller; every other route is
    declared to need a bearer token or a cookie unless it says itself what it needs.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, public_url, frozenset(public_routes), tags)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI itself names


def operation_id(route: Any) -> str:
    """Return the name of an operation: its function's, as clients write it (``signUp``)."""
    first, *rest = str(route.name).split("_")
    return first + "".join(word.capitalize() for word in rest)


def _document(
    app: FastAPI,
    public_url: str,
    public_routes: frozenset[tuple[str, str]],
    tags: Sequence[Tag],
) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        summary=app.summary,
        description=app.description or INTRODUCTION,
        routes=app.routes,
        tags=[{"name": tag.name, "description": tag.description} for tag in tags],
        servers=[{"url": public_url}],
        contact={"name": "The operator of this service", "url": public_url},
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    components = document.setdefault("components", {})
    schemas: dict[str, Schema] = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)  # FastAPI's own shape, which we never answer with (F3)
    schemas.update(_SCHEMAS)
    components["headers"] = dict(HEADERS)
    components["securitySchemes"] = {**components.get("securitySchemes", {}), **_SECURITY}
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            needed = _credentials(method, is_public=(method.upper(), path) in public_routes)
            operation.setdefault("security", needed)
            _complete_answers(operation, is_ours=path.startswith("/api/"))
            if path.startswith("/api/") and method not in _SAFE and path not in IGNORED:
                operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
            simplify_operation(operation, schemas)
    for name, schema in schemas.items():
        schemas[name] = simplified(schema, schemas)
    return tidied(document)


def _credentials(method: str, *, is_public: bool) -> list[dict[str, list[str]]]:
    if is_public:
        return []
    return [{BEARER: []}, {COOKIE: []} if method in _SAFE else {COOKIE: [], CSRF: []}]


# --- answers -------------------------------------------------------------------------------------


def _complete_answers(operation: dict[str, Any], *, is_ours: bool) -> None:
    answers: dict[str, Any] = operation.setdefault("responses", {})
    if "HTTPValidationError" in str(answers.get("422", {})):
        answers["422"] = _refusal("Some fields are not valid.")
    if not any(status.startswith("4") for status in answers):
        answers.update({str(status): each for status, each in responses(MalformedRequest).items()})
    if is_ours:
        answers.setdefault("default", _refusal("Any other refusal."))
    is_counted = any(RATE_LIMIT[0] in answer.get("headers", {}) for answer in answers.values())
    for status, answer in answers.items():
        content = answer.get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            example["value"]["error"].setdefault("retry_after", None)  # FastAPI drops what is null
        answer["headers"] = {
            **answer.get("headers", {}),
            **headers(*_common_headers(status), *(RATE_LIMIT if is_counted else ())),
        }


def _common_headers(status: str) -> Iterator[str]:
    yield "X-Request-ID"
    if status in {"401", "default"}:
        yield "WWW-Authenticate"
    if status in {"429", "503", "default"}:
        yield "Retry-After"


def _refusal(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/json": {"schema": {"$ref": f"{REFERENCE}ErrorEnvelope"}},
            "application/problem+json": {"schema": {"$ref": f"{REFERENCE}Problem"}},
        },
    }


# --- what all have in common ---------------------------------------------------------------------

_SECURITY: Final[dict[str, Any]] = {
    BEARER: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a token answer, or an API key.",
    },
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
    "details": {"type": "array", "items": {"$ref": f"{REFERENCE}ErrorDetail"}},
}


_NEXT: Final[dict[str, Any]] = {
    "challenge": {"$ref": f"{REFERENCE}Challenge"},
    "step_up": {"$ref": f"{REFERENCE}StepUp"},
}
"""What some refusals say beside that: what to do next."""


def _object(properties: dict[str, Any], optional: dict[str, Any] | None = None) -> Schema:
    return {
        "type": "object",
        "properties": {**properties, **(optional or {})},
        "required": list(properties),
        "additionalProperties": False,
    }


_SCHEMAS: Final[dict[str, Schema]] = {
    "ErrorDetail": _object({name: {"type": "string"} for name in ("field", "code", "message")}),
    "ErrorFacts": _object({**_FACTS, "message": {"type": "string"}}, _NEXT),
    "Challenge": _object(
        {
            "token": {
                "type": "string",
                "description": "Stands for what was shown; send it with a proof.",
            },
            "expires_at": {"type": "string", "format": "date-time"},
            "methods": {
                "type": "array",
                "items": {"type": "string"},
                "description": "What may answer it: members of `proof`.",
            },
        },
        {
            "passkey_options": {
                "type": "object",
                "additionalProperties": True,
                "description": "For `PublicKeyCredential.parseRequestOptionsFromJSON`.",
            }
        },
    ),
    "StepUp": _object(
        {
            "acr": {"type": "string", "description": "The level to reach: `aal1`, `aal2`, `phr`."},
            "max_age": {
                "type": ["integer", "null"],
                "description": "Within how many seconds it has to be shown; null: at any time.",
            },
        }
    ),
    "ErrorEnvelope": _object({"error": {"$ref": f"{REFERENCE}ErrorFacts"}}),
    "Problem": _object(
        {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            **_FACTS,
        },
        _NEXT,
    ),
}
