"""Errors as a client gets them.

The domain says of what *kind* a refusal is (:mod:`domain.errors`); ``STATUS_OF_KIND`` says what
that kind means in HTTP. All else of the contract stands on the error's class: the catalogue,
OpenAPI and the answers themselves are made from it, and
:mod:`entrypoints.http.edge.error_handlers` turns exceptions into answers. No answer
repeats anything that the caller sent (IN-4).
"""

import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson
from starlette.responses import Response
from starlette.types import Scope

from application.expectations import ChangedMeanwhile
from application.idempotency import IdempotencyKeyReused, RequestInProgress
from application.paging import InvalidCursor
from domain.assurance import StepUpRequired
from domain.errors import (
    ConcurrentChange,
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
    ServiceUnavailable,
    TooManyRequests,
    Unavailable,
    ValidationFailed,
    Violation,
)
from domain.principal import PermissionDenied
from entrypoints.http.edge.negotiation import prefers_problem_json
from entrypoints.http.edge.oauth_errors import oauth_error, scope_challenge, speaks_oauth
from entrypoints.representations.formats import instant

CATALOGUE_PATH: Final = "/api/v1/errors"


class MalformedRequest(DomainError):
    """The request cannot be read: no JSON, a bad encoding, too many headers (IN-1, IN-2)."""

    code = "MALFORMED_REQUEST"
    message = "The request cannot be read."
    meaning = "The request is no JSON or badly encoded."

    @classmethod
    def of(cls, field: str, code: str, message: str) -> "MalformedRequest":
        """Return the error with the reason why."""
        return cls(details=[Violation(field, code, message)])


class MultipleCredentials(MalformedRequest):
    """The caller sent credentials in more than one way (TK-6)."""

    code = "MULTIPLE_CREDENTIALS"
    message = "Send one kind of credentials, not several."
    meaning = "Credentials came in more than one way."


class NotSignedIn(NotAuthenticated):
    """The route needs a signed-in caller and there are no credentials."""

    code = "NOT_AUTHENTICATED"
    message = "Sign in first."
    meaning = "The request came without credentials."


class CsrfFailed(Forbidden):
    """An unsafe request with a cookie came without its token or from a foreign page (SE-6)."""

    code = "CSRF_FAILED"
    message = "The request did not prove that it comes from your own page."
    meaning = "The CSRF token or the Origin is missing or wrong."


class RouteNotFound(NothingThere):
    """There is nothing at this path."""


class MethodNotAllowed(DomainError):
    """The path exists and does not know the method (HD-3)."""

    code = "METHOD_NOT_ALLOWED"
    message = "This method cannot be used here."
    meaning = "The path does not know this method."


class PayloadTooLarge(DomainError):
    """The body is larger than the limit (IN-2)."""

    code = "PAYLOAD_TOO_LARGE"
    message = "The body is too large."
    meaning = "The body is over the limit."


class UnsupportedMediaType(DomainError):
    """The body is of a kind or an encoding that is not read here (IN-5)."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    message = "Send application/json in UTF-8, not compressed."
    meaning = "The body is not application/json in UTF-8."


class FormRequired(UnsupportedMediaType):
    """The body is no form, where nothing else is read."""

    message = "Send application/x-www-form-urlencoded, not compressed."


class InternalError(DomainError):
    """A mistake of ours."""

    code = "INTERNAL_ERROR"
    message = "Something went wrong on our side."
    meaning = "A mistake on our side."


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
    """A row of the catalogue. ``retryable``: the same request may succeed later."""

    code: str
    status: int
    meaning: str
    retryable: bool

    @classmethod
    def of(cls, error: type[DomainError]) -> "ErrorCode":
        """Return the row that the class of an error makes."""
        return cls(error.code, status_of(error), error.meaning, error.retryable)


EDGE_ERRORS: Final[Sequence[type[DomainError]]] = (
    MalformedRequest,
    MultipleCredentials,
    NotSignedIn,
    CsrfFailed,
    NothingThere,
    MethodNotAllowed,
    ConcurrentChange,
    RequestInProgress,
    ChangedMeanwhile,
    PayloadTooLarge,
    UnsupportedMediaType,
    ValidationFailed,
    IdempotencyKeyReused,
    InvalidCursor,
    TooManyRequests,
    InternalError,
    ServiceUnavailable,
)
"""What the edge and the kernel refuse with, whatever is asked for."""

_TOKEN_WAS_BAD = {
    "ACCESS_TOKEN_INVALID",
    "ACCESS_TOKEN_EXPIRED",
    "API_KEY_INVALID",
    "API_KEY_EXPIRED",
    "SESSION_ENDED",
}
_CHALLENGE = 'Bearer realm="doorward"'


def catalogue(errors: Iterable[type[DomainError]]) -> list[ErrorCode]:
    """Return the rows that the errors make, each code once, by status and code."""
    rows = {error.code: ErrorCode.of(error) for error in errors}
    return sorted(rows.values(), key=lambda row: (row.status, row.code))


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

    Below ``/oauth2/`` it has the shape of RFC 6749, whatever the caller asks for.

    401 carries ``WWW-Authenticate`` (RFC 6750, section 3), 429 and 503 carry ``Retry-After``
    in whole seconds, never less than one.
    """
    status = status_of(error)
    retry_after = retry_after_of(error, status)
    extra = dict(headers or {})
    if status == 401:
        extra["www-authenticate"] = _authenticate(error)
    if retry_after is not None:
        extra["retry-after"] = str(retry_after)
    if speaks_oauth(scope):
        if status == 403:
            extra["www-authenticate"] = scope_challenge(error)
        body = orjson.dumps(oauth_error(error, status))
        return Response(body, status, extra, "application/json")
    facts: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "request_id": request_id_of(scope),
        "retryable": error.retryable,
        "retry_after": retry_after,
        "details": [asdict(violation) for violation in error.details],
        **_written(error.members),
    }
    if prefers_problem_json(scope):
        content, media_type = _problem(facts, status, scope), "application/problem+json"
    else:
        content, media_type = {"error": facts}, "application/json"
    return Response(orjson.dumps(content), status, extra, media_type)


def _authenticate(error: DomainError) -> str:
    """Return the challenge of a 401: what is wrong with the token, or what it lacks (RFC 9470)."""
    if isinstance(error, StepUpRequired):
        age = "" if error.max_age is None else f", max_age={int(error.max_age.total_seconds())}"
        wanted = f'acr_values="{error.acr.value}"{age}'
        return f'Bearer error="insufficient_user_authentication", {wanted}'
    bad = error.code in _TOKEN_WAS_BAD
    return f'{_CHALLENGE}, error="invalid_token"' if bad else _CHALLENGE


def _written(members: Mapping[str, object]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in members.items()}


def _plain(value: object) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    return _written(value) if isinstance(value, Mapping) else value


def responses(*errors: type[DomainError]) -> dict[int | str, dict[str, Any]]:
    """Return what a route's ``responses=`` declares for these errors, with an example of each.

    A permission may be there and sleep in the caller's session, so that where PermissionDenied is
    declared StepUpRequired is as well.
    """
    declared: dict[int | str, dict[str, Any]] = {}
    refusals = dict.fromkeys(errors)
    if PermissionDenied in refusals:
        refusals[StepUpRequired] = None
    for row in sorted(map(ErrorCode.of, refusals), key=lambda row: row.status):
        answer = declared.setdefault(row.status, _declaration())
        answer["description"] = f"{answer['description']} `{row.code}`: {row.meaning}".strip()
        answer["content"]["application/json"]["examples"][row.code] = _example(row)
    return declared


_ENVELOPE = {"$ref": "#/components/schemas/ErrorEnvelope"}
_PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}


def _declaration() -> dict[str, Any]:
    return {
        "description": "",
        "content": {
            "application/json": {"schema": _ENVELOPE, "examples": {}},
            "application/problem+json": _PROBLEM,
        },
    }


@cache
def _example(row: ErrorCode) -> dict[str, Any]:
    """Return the example of an error: one for all routes, of which there are many."""
    error = {
        "code": row.code,
        "message": row.meaning,
        "request_id": "0b5e7d1c8f4a4a0f9f5b1c2d3e4f5061",
        "retryable": row.retryable,
        "retry_after": 1 if row.status in {429, 503} else None,
        "details": [],
    }
    return {"summary": row.meaning, "value": {"error": error}}


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
