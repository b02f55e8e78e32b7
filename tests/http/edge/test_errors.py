import json
import re
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.credentials.ports import Busy
from domain.errors import ConcurrentChange
from domain.users.user import EmailAlreadyRegistered
from entrypoints.http.edge.error_handlers import violation_of
from entrypoints.http.edge.errors import responses
from tests.http.edge.application import PUBLIC_URL, code_of


async def test_a_refusal_is_answered_with_the_envelope(client: httpx.AsyncClient) -> None:
    answer = await client.get("/raise/conflict", headers={"x-request-id": "abc"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "error": {
            "code": "CONFLICT",
            "message": "Another request changed this first. Read it again and retry.",
            "request_id": "abc",
            "retryable": True,
            "retry_after": None,
            "details": [{"field": "name", "code": "TAKEN", "message": "Taken."}],
        }
    }


async def test_the_same_facts_come_as_a_problem(client: httpx.AsyncClient) -> None:
    """
    RFC 9457, for a client that asks for it.
    """
    headers = {"accept": "application/problem+json", "x-request-id": "abc"}
    answer = await client.get("/raise/limit", headers=headers)
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "3"
    assert answer.json() == {
        "type": f"{PUBLIC_URL}/api/v1/errors#TOO_MANY_REQUESTS",
        "title": "Too many requests",
        "status": 429,
        "detail": "Too many attempts.",
        "code": "TOO_MANY_REQUESTS",
        "request_id": "abc",
        "retryable": True,
        "retry_after": 3,
        "details": [],
    }


@pytest.mark.parametrize(
    ("accept", "is_problem"),
    [
        ("application/problem+json", True),
        ("Application/Problem+JSON; q=0.5", True),
        ("application/problem+json, application/json", True),
        ("application/json, application/problem+json", False),
        ("application/json;q=0.5, application/problem+json", True),
        ("application/problem+json;q=0", False),
        ("application/problem+json;q=much", False),
        ("application/json", False),
        ("*/*", False),
    ],
)
async def test_accept_decides(client: httpx.AsyncClient, accept: str, is_problem: bool) -> None:
    answer = await client.get("/raise/nobody", headers={"accept": accept})
    assert ("problem" in answer.headers["content-type"]) is is_problem


@pytest.mark.parametrize(
    ("what", "challenge"),
    [
        ("nobody", 'Bearer realm="doorward"'),
        ("token", 'Bearer realm="doorward", error="invalid_token"'),
    ],
)
async def test_401_says_how_to_sign_in(
    client: httpx.AsyncClient, what: str, challenge: str
) -> None:
    """
    TK-6, RFC 6750 section 3.1: `invalid_token` only where a token was sent.
    """
    answer = await client.get(f"/raise/{what}")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)


@pytest.mark.parametrize(("what", "seconds"), [("limit", 3), ("instant", 1), ("away", 1)])
async def test_a_caller_who_has_to_wait_is_told_how_long(
    client: httpx.AsyncClient, what: str, seconds: int
) -> None:
    answer = await client.get(f"/raise/{what}")
    assert answer.headers["retry-after"] == str(seconds)
    assert answer.json()["error"]["retry_after"] == seconds


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("bug", 500, "INTERNAL_ERROR"),
        ("timeout", 500, "INTERNAL_ERROR"),
        ("http5", 500, "INTERNAL_ERROR"),
        ("http", 400, "MALFORMED_REQUEST"),
    ],
)
async def test_nothing_of_an_exception_gets_out(
    client: httpx.AsyncClient, what: str, status: int, code: str
) -> None:
    """
    IN-4: no paths, no class names, no words of the code that raised it.
    """
    answer = await client.get(f"/raise/{what}")
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert not re.search(r"hunter2|/srv|Error\b|tea", answer.text)
    assert "x-secret" not in answer.headers


async def test_unknown_paths_and_methods(client: httpx.AsyncClient) -> None:
    """
    HD-3: an unknown method is 405, and `Allow` names every method that the path knows.
    """
    answer = await client.get("/api/v1/nothing")
    assert (answer.status_code, code_of(answer)) == (404, "NOT_FOUND")
    for method in ("PUT", "FOO"):
        answer = await client.request(method, "/api/v1/things/1")
        assert (answer.status_code, code_of(answer)) == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "GET, HEAD, DELETE"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("email", "MISSING"), ("password", "MISSING")}),
        ({"email": "a", "password": 5}, {("password", "WRONG_TYPE")}),
        ({"email": "a", "password": True}, {("password", "WRONG_TYPE")}),
        ({"email": "a", "password": "S3cretPass" * 50}, {("password", "TOO_LONG")}),
        ({"email": "a", "password": "b", "is_admin": 1}, {("is_admin", "UNKNOWN_FIELD")}),
        ({"email": "a", "password": "b", "S3cret <b>": 1}, {("?", "UNKNOWN_FIELD")}),
        ({"email": "a", "password": "b", "roles": ["a", 1]}, {("roles.1", "WRONG_TYPE")}),
        (["S3cretPass"], {("body", "WRONG_TYPE")}),
        ("S3cretPass", {("body", "WRONG_TYPE")}),
    ],
)
async def test_invalid_fields_are_named_and_never_repeated(
    client: httpx.AsyncClient, body: Any, expected: set[tuple[str, str]]
) -> None:
    """
    IN-4, F3: the framework's own answer holds the whole body, password included.
    """
    answer = await client.post("/api/v1/users", json=body)
    assert (answer.status_code, code_of(answer)) == (422, "VALIDATION_ERROR")
    details = answer.json()["error"]["details"]
    assert {(detail["field"], detail["code"]) for detail in details} == expected
    assert "S3cret" not in answer.text


async def test_a_missing_body_and_a_bad_query_are_validation_errors(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/api/v1/users")
    assert answer.json()["error"]["details"][0]["code"] == "MISSING"
    for limit, code in (("0", "TOO_SMALL"), ("201", "TOO_LARGE"), ("ten", "WRONG_TYPE")):
        answer = await client.get("/api/v1/things/1", params={"limit": limit})
        detail = answer.json()["error"]["details"][0]
        assert (answer.status_code, detail["field"], detail["code"]) == (422, "limit", code)


@given(
    st.sampled_from(["uuid_parsing", "value_error", "datetime_from_date_parsing", "x", "too_long"]),
    st.lists(st.one_of(st.text(max_size=80), st.integers()), min_size=1, max_size=4),
)
def test_any_problem_becomes_a_plain_violation(kind: str, location: list[str | int]) -> None:
    """
    IN-1, IN-4: whatever pydantic finds, an answer can be made of it.
    """
    context = {"error": "S3cret", "max_length": 5}
    problem = {"type": kind, "loc": location, "msg": "S3cret", "input": "S3cret", "ctx": context}
    violation = violation_of(problem)
    assert re.fullmatch(r"[A-Z_]+", violation.code)
    assert "S3cret" not in violation.message
    json.dumps([violation.field, violation.message])


def test_a_schema_may_name_its_own_code() -> None:
    problem = {"type": "NOT_AN_ADDRESS", "loc": ("body", "email"), "msg": "Write a@b.c."}
    violation = violation_of(problem)
    assert (violation.field, violation.code, violation.message) == (
        "email",
        "NOT_AN_ADDRESS",
        "Write a@b.c.",
    )


def test_openapi_gets_one_answer_per_status_with_every_code() -> None:
    declared = responses(ConcurrentChange, EmailAlreadyRegistered, Busy)
    assert list(declared) == [409, 503]
    examples = declared[409]["content"]["application/json"]["examples"]
    assert set(examples) == {"CONFLICT", "EMAIL_ALREADY_REGISTERED"}
    assert examples["CONFLICT"]["value"]["error"]["retryable"] is True
