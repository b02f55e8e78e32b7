"""Every error that a client can get: one table, and the answers made from it.

The domain says of what *kind* a refusal is (:mod:`domain.errors`); ``STATUS_OF_KIND`` says what
that kind means in HTTP. ``CATALOGUE`` names every code of the contract. ``GET /api/v1/errors``,
OpenAPI and the answers themselves all come from these two, and
:mod:`entrypoints.http.error_handlers` turns exceptions into them. No answer repeats anything
that the caller sent (IN-4).
"""

import math
import secrets
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson
from starlette.responses import Response
from starlette.types import Scope

from domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    InvalidInput,
    InvalidSecret,
    LimitExceeded,
    NotAuthenticated,
    NotFound,
    NothingThere,
    PreconditionFailed,
    Unavailable,
    Violation,
)
from entrypoints.http.negotiation import prefers_problem_json

CATALOGUE_PATH: Final = "/api/v1/errors"
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class MalformedRequest(DomainError):
    """The request cannot be read: no JSON, a bad encoding, too many headers (IN-1, IN-2)."""

    code = "MALFORMED_REQUEST"
    message = "The request cannot be read."

    @classmethod
    def of(cls, field: str, code: str, message: str) -> "MalformedRequest":
        """Return the error with the reason why."""
        return cls(details=[Violation(field, code, message)])


class MultipleCredentials(MalformedRequest):
    """The caller sent credentials in more than one way (TK-6)."""

    code = "MULTIPLE_CREDENTIALS"
    message = "Send one kind of credentials, not several."


class NotSignedIn(NotAuthenticated):
    """The route needs a signed-in caller and there are no credentials."""

    code = "NOT_AUTHENTICATED"
    message = "Sign in first."


class CsrfFailed(Forbidden):
    """An unsafe request with a cookie came without its token or from a foreign page (SE-6)."""

    code = "CSRF_FAILED"
    message = "The request did not prove that it comes from your own page."


class RouteNotFound(NothingThere):
    """There is nothing at this path."""


class MethodNotAllowed(DomainError):
    """The path exists and does not know the method (HD-3)."""

    code = "METHOD_NOT_ALLOWED"
    message = "This method cannot be used here."


class PayloadTooLarge(DomainError):
    """The body is larger than the limit (IN-2)."""

    code = "PAYLOAD_TOO_LARGE"
    message = "The body is too large."


class UnsupportedMediaType(DomainError):
    """The body is of a kind or an encoding that is not read here (IN-5)."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    message = "Send application/json in UTF-8, not compressed."


class InternalError(DomainError):
    """A mistake of ours."""

    code = "INTERNAL_ERROR"
    message = "Something went wrong on our side."


STATUS_OF_KIND: Final[dict[type[DomainError], int]] = {
    InvalidSecret: 400,
    MalformedRequest: 400,
    NotAuthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    Conflict: 409,
    PreconditionFailed: 412,
    PayloadTooLarge: 413,
    UnsupportedMediaType: 415,
    InvalidInput: 422,
    LimitExceeded: 429,
    InternalError: 500,
    Unavailable: 503,
}


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """A row of the contract. ``retryable``: the same request may succeed later."""

    code: str
    status: int
    meaning: str
    retryable: bool = False


CATALOGUE: Final[dict[str, ErrorCode]] = {
    row.code: row
    for row in (
        ErrorCode("MALFORMED_REQUEST", 400, "The request is no JSON or badly encoded."),
        ErrorCode("INVALID_TOKEN", 400, "The mailed token is wrong, used, old or replaced."),
        ErrorCode("INVALID_CURSOR", 400, "The cursor is not one that this query gave out."),
        ErrorCode("MULTIPLE_CREDENTIALS", 400, "Credentials came in more than one way."),
        ErrorCode("INVALID_CREDENTIALS", 401, "The address and the password do not fit."),
        ErrorCode("NOT_AUTHENTICATED", 401, "The request came without credentials."),
        ErrorCode("ACCESS_TOKEN_INVALID", 401, "The access token is not one of ours."),
        ErrorCode("ACCESS_TOKEN_EXPIRED", 401, "The access token is out of time: refresh it."),
        ErrorCode("REFRESH_TOKEN_INVALID", 401, "The refresh token is not one of ours."),
        ErrorCode("SESSION_ENDED", 401, "The session is over; details say why."),
        ErrorCode("PERMISSION_DENIED", 403, "The caller lacks the permission."),
        ErrorCode("WRONG_PASSWORD", 403, "The signed-in caller's current password is wrong."),
        ErrorCode("EMAIL_NOT_VERIFIED", 403, "The address has to be proven first."),
        ErrorCode("USER_SUSPENDED", 403, "The account is suspended."),
        ErrorCode("CSRF_FAILED", 403, "The CSRF token or the Origin is missing or wrong."),
        ErrorCode("NOT_FOUND", 404, "There is nothing at this path."),
        ErrorCode("USER_NOT_FOUND", 404, "There is no such user."),
        ErrorCode("SESSION_NOT_FOUND", 404, "There is no such session."),
        ErrorCode("ROLE_NOT_FOUND", 404, "There is no such role."),
        ErrorCode("METHOD_NOT_ALLOWED", 405, "The path does not know this method."),
        ErrorCode("EMAIL_ALREADY_REGISTERED", 409, "The address has an account."),
        ErrorCode("ROLE_ALREADY_EXISTS", 409, "There is a role of this name."),
        ErrorCode("ROLE_IN_USE", 409, "Somebody still has the role."),
        ErrorCode("LAST_ADMINISTRATOR", 409, "Nobody could administrate any more."),
        ErrorCode("CONFLICT", 409, "Somebody changed it first: read it again.", retryable=True),
        ErrorCode(
            "REQUEST_IN_PROGRESS", 409, "The request with this key still runs.", retryable=True
        ),
        ErrorCode("PRECONDITION_FAILED", 412, "It is not at the version in If-Match any more."),
        ErrorCode("PAYLOAD_TOO_LARGE", 413, "The body is over the limit."),
        ErrorCode("UNSUPPORTED_MEDIA_TYPE", 415, "The body is not application/json in UTF-8."),
        ErrorCode("VALIDATION_ERROR", 422, "Some fields are not valid; details name them."),
        ErrorCode("PASSWORD_REJECTED", 422, "The password cannot be used; details say why."),
        ErrorCode("IDEMPOTENCY_KEY_REUSED", 422, "The key stands for another request."),
        ErrorCode("TOO_MANY_REQUESTS", 429, "Too many attempts: come back later.", retryable=True),
        ErrorCode("INTERNAL_ERROR", 500, "A mistake on our side."),
        ErrorCode("SERVICE_UNAVAILABLE", 503, "A part that is needed is away.", retryable=True),
        ErrorCode("BUSY", 503, "Too much work at once: come back shortly.", retryable=True),
    )
}

_TOKEN_WAS_BAD = {"ACCESS_TOKEN_INVALID", "ACCESS_TOKEN_EXPIRED", "SESSION_ENDED"}
_CHALLENGE = 'Bearer realm="doorward"'


def catalogue() -> list[dict[str, Any]]:
    """Return the whole catalogue, as ``GET /api/v1/errors`` shows it."""
    return [asdict(row) for row in CATALOGUE.values()]


def status_of(error: DomainError | type[DomainError]) -> int:
    """Return the status of the error's kind: of its nearest ancestor in the table."""
    kind = error if isinstance(error, type) else type(error)
    return next((STATUS_OF_KIND[c] for c in kind.__mro__ if c in STATUS_OF_KIND), 500)


def retry_after_of(error: DomainError, status: int) -> int | None:
    """Return after how many whole seconds to come back, never less than one; None if never."""
    if error.retry_after is not None:
        return max(1, math.ceil(error.retry_after.total_seconds()))
    return 1 if status in {429, 503} else None


def request_id_of(scope: Scope) -> str:
    """Return the request's id; a fresh one if no middleware has given it any."""
    state: dict[str, Any] = scope.setdefault("state", {})
    request_id = state.get("request_id") or state.setdefault("request_id", secrets.token_hex(16))
    return str(request_id)


def error_response(
    error: DomainError, scope: Scope, *, headers: dict[str, str] | None = None
) -> Response:
    """Return the answer to a refusal, as the envelope or as RFC 9457 if the caller asks for it.

    401 carries ``WWW-Authenticate`` (RFC 6750, section 3), 429 and 503 carry ``Retry-After``
    in whole seconds, never less than one.
    """
    status = status_of(error)
    row = CATALOGUE.get(error.code)
    retry_after = retry_after_of(error, status)
    facts: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "request_id": request_id_of(scope),
        "retryable": row.retryable if row else False,
        "retry_after": retry_after,
        "details": [asdict(violation) for violation in error.details],
    }
    extra = dict(headers or {})
    if status == 401:
        bad = error.code in _TOKEN_WAS_BAD
        extra["www-authenticate"] = f'{_CHALLENGE}, error="invalid_token"' if bad else _CHALLENGE
    if retry_after is not None:
        extra["retry-after"] = str(retry_after)
    if prefers_problem_json(scope):
        content, media_type = _problem(facts, status, scope), "application/problem+json"
    else:
        content, media_type = {"error": facts}, "application/json"
    return Response(orjson.dumps(content), status, extra, media_type)


def responses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Return what a route's ``responses=`` declares for these codes, with an example of each."""
    declared: dict[int | str, dict[str, Any]] = {}
    for row in sorted((CATALOGUE[code] for code in codes), key=lambda row: row.status):
        answer = declared.setdefault(row.status, _declaration())
        answer["description"] = f"{answer['description']} `{row.code}`: {row.meaning}".strip()
        answer["content"]["application/json"]["examples"][row.code] = {
            "summary": row.meaning,
            "value": _example(row),
        }
    return declared


def _declaration() -> dict[str, Any]:
    envelope = {"$ref": "#/components/schemas/ErrorEnvelope"}
    problem = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": "",
        "content": {
            "application/json": {"schema": envelope, "examples": {}},
            "application/problem+json": {"schema": problem},
        },
    }


def _example(row: ErrorCode) -> dict[str, Any]:
    return {
        "error": {
            "code": row.code,
            "message": row.meaning,
            "request_id": "0b5e7d1c8f4a4a0f9f5b1c2d3e4f5061",
            "retryable": row.retryable,
            "retry_after": 1 if row.status in {429, 503} else None,
            "details": [],
        }
    }


def _problem(facts: dict[str, Any], status: int, scope: Scope) -> dict[str, Any]:
    """Return the same facts with the names of RFC 9457."""
    public_url = scope["state"].get("public_url", "")
    return {
        "type": f"{public_url}{CATALOGUE_PATH}#{facts['code']}",
        "title": facts["code"].replace("_", " ").capitalize(),
        "status": status,
        "detail": facts["message"],
        **{name: value for name, value in facts.items() if name != "message"},
    }
