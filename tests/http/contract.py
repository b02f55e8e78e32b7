"""
Holds every answer of a test against the contract: what OpenAPI declares, and what all answers
have in common.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpx
import jsonschema_rs

from entrypoints.http.edge.errors import ErrorCode

_DECLARED_BY_HTTP = {404, 405}  # a path or method that is not there has no operation
_PAGES = {  # for people; no client relies on them, so the description leaves them out
    *("/accept-invitation", "/confirm-email-change", "/reset-password", "/verify-email"),
}
_OF_TESTING = {201, 403, 404, 409, 422}  # for tests of products, described in docs/testing.md
_OF_PAGES = {409, 422, 429}
_DECLARED = {  # headers that no answer has without saying so
    *("etag", "location", "retry-after", "www-authenticate", "x-request-id"),
    *("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
}
_TOLERATED = {400, 413, 415, 500, 503}  # what the edge may answer on any route, with or without one


class ContractBroken(AssertionError):
    """
    An answer is not what the contract says. Never expected, whatever the test is about.
    """


class Contract:
    """
    An OpenAPI document, and a catalogue of errors, that answers can be held against.
    """

    def __init__(self, document: dict[str, Any], catalogue: Iterable[ErrorCode]) -> None:
        self.document = document
        self.catalogue = {row.code: row for row in catalogue}
        self._templates = sorted(
            ((_pattern(path), path) for path in document["paths"]),
            key=lambda pair: pair[1].count("{"),
        )
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """
        Return the name and the declaration of what the path and method ask for; HEAD asks as GET.
        """
        method = "GET" if method == "HEAD" else method
        for pattern, template in self._templates:
            if pattern.fullmatch(path):
                found = self.document["paths"][template].get(method.lower())
                if found is not None:
                    return f"{method} {template}", found
        return None

    def check(self, answer: httpx.Response) -> None:
        """
        Raise unless the answer is one that the contract allows.
        """
        _check_headers(answer)
        known = self.operation(answer.request.method, answer.request.url.path)
        if answer.request.url.path.startswith(("/api/", "/health/", "/.well-known/", "/dev/")):
            _check_envelope(answer, self.catalogue)
        if known is None:
            allowed = _DECLARED_BY_HTTP | _TOLERATED | {200, 204, 304}
            if answer.request.url.path in _PAGES:
                allowed |= _OF_PAGES
            if answer.request.url.path.partition("/account")[0] == "":
                allowed |= _OF_PAGES | {303, 403}
            if answer.request.url.path.startswith("/dev/"):
                allowed |= _OF_TESTING
            if answer.request.url.path == "/":
                allowed |= {307}  # in development, to the documentation
            if answer.status_code not in allowed:
                raise ContractBroken(f"{answer.status_code} from a route that is not declared")
            return
        name, operation = known
        declared = operation["responses"].get(str(answer.status_code))
        if declared is None:
            if "default" not in operation["responses"] or answer.status_code < 400:
                raise ContractBroken(f"{name} does not declare {answer.status_code}")
            declared = operation["responses"]["default"]
        self._check_declared_headers(name, answer, declared)
        self._check_content(name, answer, declared)

    def _check_declared_headers(
        self, name: str, answer: httpx.Response, declared: dict[str, Any]
    ) -> None:
        known = {
            each.lower(): self.document["components"]["headers"][each]
            for each in declared.get("headers", {})
        }
        unknown = _DECLARED & set(answer.headers) - set(known)
        if unknown:
            raise ContractBroken(f"{name}: {answer.status_code} does not declare {unknown}")
        for header, what in known.items():
            if header not in answer.headers and what.get("required"):
                raise ContractBroken(f"{name}: {answer.status_code} lacks {header}")

    def _check_content(self, name: str, answer: httpx.Response, declared: dict[str, Any]) -> None:
        content = declared.get("content")
        if answer.request.method == "HEAD":
            if answer.content:
                raise ContractBroken(f"{name}: HEAD with a body")
            return
        if not answer.content:
            if content:
                raise ContractBroken(f"{name}: {answer.status_code} without its body")
            return
        if not content:
            raise ContractBroken(f"{name}: {answer.status_code} must not have a body")
        media_type = answer.headers["content-type"].partition(";")[0]
        if media_type not in content:
            raise ContractBroken(f"{name} does not declare {media_type}")
        if media_type.endswith("json") and "schema" in content[media_type]:
            key = f"{name} {answer.status_code} {media_type}"
            validator = self._validators.get(key)
            if validator is None:
                validator = self._validators[key] = self.validator(content[media_type]["schema"])
            problems = [
                f"{error.instance_path}: {error.message}"
                for error in validator.iter_errors(answer.json())
            ]
            if problems:
                raise ContractBroken(f"{key}: {problems}")

    def validator(self, schema: dict[str, Any]) -> jsonschema_rs.Validator:
        """
        Return what tells whether a value fits one of the document's schemas.
        """
        whole = {**schema, "components": self.document["components"]}
        return jsonschema_rs.validator_for(whole, validate_formats=True)


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^/]+\\\}", "[^/]+", re.escape(template)))


def _check_headers(answer: httpx.Response) -> None:
    headers, status = answer.headers, answer.status_code
    if len(headers.get_list("x-request-id")) != 1:
        raise ContractBroken("an answer has exactly one X-Request-ID")
    if headers.get("x-content-type-options") != "nosniff" or "server" in headers:
        raise ContractBroken("an answer lacks its security headers, or names our software")
    if status == 401 and not headers.get("www-authenticate", "").startswith("Bearer"):
        raise ContractBroken("401 needs WWW-Authenticate: Bearer")
    if status in {429, 503} and not re.fullmatch("[1-9][0-9]*", headers.get("retry-after", "")):
        raise ContractBroken(f"{status} needs Retry-After")
    if status == 405 and "allow" not in headers:
        raise ContractBroken("405 needs Allow")
    if status == 204 and (answer.content or "content-type" in headers):
        raise ContractBroken("204 has no body")
    if status >= 500 and status != 503:
        raise ContractBroken(f"{status}: {answer.text}")


def _check_envelope(answer: httpx.Response, catalogue: dict[str, ErrorCode]) -> None:
    """
    Look at what every answer of ours has in common, but those with the shape of an RFC.
    """
    if not answer.content or "json" not in answer.headers["content-type"]:
        return
    body, path = answer.json(), answer.request.url.path
    named = answer.headers["x-request-id"]
    if answer.status_code >= 400 and not path.startswith("/health/"):
        facts = body.get("error", body)
        row = catalogue.get(facts.get("code"))
        if row is None or row.status != answer.status_code:
            raise ContractBroken(f"{facts.get('code')} is no code for {answer.status_code}")
        if facts["request_id"] != named or facts["retryable"] is not row.retryable:
            raise ContractBroken("an error's facts contradict the header or the catalogue")
        after = answer.headers.get("retry-after")
        if facts["retry_after"] != (int(after) if after else None):
            raise ContractBroken("retry_after and Retry-After differ")
    elif path.startswith("/api/"):
        if set(body) != {"data", "meta"} or body["meta"]["request_id"] != named:
            raise ContractBroken("a success is {data, meta: {request_id}}")
        if "cache-control" not in answer.headers:
            raise ContractBroken("an answer says how long it may be kept")
