"""Turning whatever a route raises into an answer from :mod:`entrypoints.http.edge.errors`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from domain.assurance import StepUpRequired
from domain.errors import DomainError, ServiceUnavailable, ValidationFailed, Violation
from domain.principal import PermissionDenied, PersonRequired
from domain.sessions.session import SessionIsOver
from entrypoints.container import Container
from entrypoints.http.edge.cookies import take_cookies_back
from entrypoints.http.edge.cors import is_preflight
from entrypoints.http.edge.dependencies import origin_of
from entrypoints.http.edge.errors import (
    InternalError,
    MalformedRequest,
    MethodNotAllowed,
    NotSignedIn,
    PayloadTooLarge,
    RouteNotFound,
    UnsupportedMediaType,
    error_response,
)
from entrypoints.http.edge.methods import allowed_methods
from entrypoints.logging import get_logger

_log = get_logger("doorward.http")
_OF_STATUS: dict[int, type[DomainError]] = {
    401: NotSignedIn,
    404: RouteNotFound,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    422: ValidationFailed,
    503: ServiceUnavailable,
}
_OWN_CODE = re.compile(r"[A-Z][A-Z0-9_]*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_PLACES = {"body", "query", "path", "header", "cookie"}

# Pydantic's names for what is wrong, and ours. The rest is INVALID.
_CODES: dict[str, tuple[str, str]] = {
    "missing": ("MISSING", "This field is required."),
    "extra_forbidden": ("UNKNOWN_FIELD", "There is no such field."),
    "string_too_long": ("TOO_LONG", "Use at most {max_length} characters."),
    "string_too_short": ("TOO_SHORT", "Use at least {min_length} characters."),
    "too_long": ("TOO_LONG", "Use at most {max_length} items."),
    "too_short": ("TOO_SHORT", "Use at least {min_length} items."),
    "greater_than": ("TOO_SMALL", "Use a number above {gt}."),
    "greater_than_equal": ("TOO_SMALL", "Use {ge} or more."),
    "less_than": ("TOO_LARGE", "Use a number below {lt}."),
    "less_than_equal": ("TOO_LARGE", "Use {le} or less."),
    "literal_error": ("NOT_ALLOWED", "Use one of {expected}."),
    "enum": ("NOT_ALLOWED", "Use one of {expected}."),
    "string_pattern_mismatch": ("INVALID_FORMAT", "This does not have the required form."),
}
_WRONG_TYPE = ("WRONG_TYPE", "This is of another type than required.")
_INVALID_FORMAT = ("INVALID_FORMAT", "This does not have the required form.")
_INVALID = ("INVALID", "This is not valid.")
_FORMATS = ("uuid", "date", "time", "timezone", "url", "ip_")
_TYPES = ("_type", "_parsing", "_attributes_type", "_instance_of")


def install_error_handlers(app: FastAPI) -> None:
    """Let the app answer every exception with the envelope.

    What none of them knows becomes ``INTERNAL_ERROR`` and goes on to the outermost middleware,
    which logs it.
    """
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(Exception, _bug)


async def _domain_error(request: Request, error: Exception) -> Response:
    if isinstance(error, PermissionDenied | StepUpRequired | PersonRequired):
        await _note_denial(request, error)
    if isinstance(error, ServiceUnavailable) and error.failure is not None:
        request.scope["state"]["unavailable"] = error.failure.name
    response = error_response(cast(DomainError, error), request.scope)
    if isinstance(error, SessionIsOver) and request.scope["state"].get("by_cookie"):
        take_cookies_back(response)  # they are of no use any more
    return response


async def _note_denial(
    request: Request, denied: PermissionDenied | StepUpRequired | PersonRequired
) -> None:
    principal = request.scope["state"].get("principal")
    if principal is None:
        return
    container: Container = request.app.state.container
    try:
        await container.service().audit.record_denial(
            principal=principal, denied=denied, origin=await origin_of(request)
        )
    except ServiceUnavailable:
        # The refusal stays one; that it was not written down must not turn it into anything else.
        _log.warning("denial not recorded")


async def _bug(request: Request, _error: Exception) -> Response:
    return error_response(InternalError(), request.scope)


async def _validation_error(request: Request, error: Exception) -> Response:
    problems = cast(RequestValidationError, error).errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return error_response(
            MalformedRequest.of("body", "INVALID_JSON", "The body is no JSON."), request.scope
        )
    details = [violation_of(problem) for problem in problems]
    return error_response(ValidationFailed(details=details), request.scope)


async def _http_exception(request: Request, raised: Exception) -> Response:
    error = cast(HTTPException, raised)
    if error.status_code < 400:
        return Response(status_code=error.status_code, headers=error.headers)
    if error.status_code == 405:
        return _not_this_method(request)
    unknown = InternalError if error.status_code >= 500 else MalformedRequest
    refusal = _OF_STATUS.get(error.status_code, unknown)()
    return error_response(refusal, request.scope)


def _not_this_method(request: Request) -> Response:
    """Return which methods the path knows; the framework names those of one route only.

    OPTIONS asks for just that. A preflight that comes to here is one from a page of others.
    """
    headers = {"allow": ", ".join(allowed_methods(request.app.routes, request.scope))}
    if request.method == "OPTIONS" and not is_preflight(request.scope):
        return Response(status_code=204, headers=headers)
    return error_response(MethodNotAllowed(), request.scope, headers=headers)


def violation_of(problem: Mapping[str, Any]) -> Violation:
    """Return what pydantic found wrong, without anything that the caller wrote (F3, IN-4).

    A schema may say more by raising ``PydanticCustomError`` with a code of its own in capitals:
    its code and message are then taken as they are.
    """
    field, kind = _field(problem["loc"]), str(problem["type"])
    if _OWN_CODE.fullmatch(kind):
        return Violation(field, kind, str(problem["msg"]))
    code, template = _code(kind)
    return Violation(field, code, template.format_map(problem.get("ctx") or {}))


def _code(kind: str) -> tuple[str, str]:
    if kind in _CODES:
        return _CODES[kind]
    if kind.startswith(_FORMATS):
        return _INVALID_FORMAT
    return _WRONG_TYPE if kind.endswith(_TYPES) else _INVALID


_FORMS = frozenset({"(one)", "(batch)", "(password)", "(challenge)"})
"""Tags of our schemas where one of several is meant."""


def _field(location: Sequence[int | str]) -> str:
    """Return the path to the field, with dots. A name that was made up by the caller stays out."""
    parts = location[1:] if len(location) > 1 and location[0] in _PLACES else location
    parts = [part for part in parts if part not in _FORMS] or location[:1]
    return ".".join(
        str(part) if isinstance(part, int) or _NAME.fullmatch(part) else "?" for part in parts
    )
