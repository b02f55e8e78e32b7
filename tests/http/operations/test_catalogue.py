"""
GET /api/v1/errors: the table that every refusal is answered from.
"""

from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain

from domain.errors import DomainError
from entrypoints.http.app import ROOMS
from entrypoints.http.edge.errors import EDGE_ERRORS, STATUS_OF_KIND, ErrorCode, status_of
from tests.http.client import Api, data_of

CONTRACT = """
    400 MALFORMED_REQUEST INVALID_TOKEN INVALID_CURSOR MULTIPLE_CREDENTIALS INVALID_CHALLENGE
    401 INVALID_CREDENTIALS NOT_AUTHENTICATED ACCESS_TOKEN_INVALID ACCESS_TOKEN_EXPIRED
    401 REFRESH_TOKEN_INVALID SESSION_ENDED SECOND_FACTOR_REQUIRED INVALID_PROOF STEP_UP_REQUIRED
    403 PERMISSION_DENIED WRONG_PASSWORD EMAIL_NOT_VERIFIED USER_SUSPENDED CSRF_FAILED
    403 SIGN_IN_METHOD_OFF
    404 NOT_FOUND USER_NOT_FOUND SESSION_NOT_FOUND ROLE_NOT_FOUND FACTOR_NOT_FOUND
    404 DEVICE_NOT_FOUND
    401 API_KEY_INVALID API_KEY_EXPIRED
    403 PERSON_REQUIRED
    404 API_KEY_NOT_FOUND
    405 METHOD_NOT_ALLOWED
    409 EMAIL_ALREADY_REGISTERED ROLE_ALREADY_EXISTS ROLE_IN_USE LAST_ADMINISTRATOR CONFLICT
    409 REQUEST_IN_PROGRESS FACTOR_ALREADY_ENROLLED TOO_MANY_FACTORS
    404 SERVICE_ACCOUNT_NOT_FOUND
    409 TOO_MANY_API_KEYS SERVICE_ACCOUNT_ALREADY_EXISTS
    412 PRECONDITION_FAILED
    413 PAYLOAD_TOO_LARGE
    415 UNSUPPORTED_MEDIA_TYPE
    422 VALIDATION_ERROR PASSWORD_REJECTED IDEMPOTENCY_KEY_REUSED
    429 TOO_MANY_REQUESTS
    500 INTERNAL_ERROR
    503 SERVICE_UNAVAILABLE BUSY
"""

OURS = {"domain", "application", "adapters", "entrypoints"}


def raised(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """
    Yield every error of ours with a code that the service and its routes have loaded.
    """
    for child in kind.__subclasses__():
        if hasattr(child, "code") and child.__module__.split(".")[0] in OURS:
            yield child
        yield from raised(child)


async def test_the_catalogue_is_the_contract(api: Api) -> None:
    """
    Adding or moving a code is a change of the product; this is where it becomes visible.
    """
    rows = data_of(await api.get("/api/v1/errors"))
    expected = {
        code: int(status)
        for status, *codes in (line.split() for line in CONTRACT.strip().splitlines())
        for code in codes
    }
    assert {row["code"]: row["status"] for row in rows} == expected
    assert len(rows) == len(expected)
    assert all(set(row) == {"code", "status", "meaning", "retryable"} for row in rows)


async def test_every_row_is_made_from_the_class_of_an_error(api: Api) -> None:
    """
    What a client reads in the table is what the answers are made of; nothing is written twice.
    """
    rows = data_of(await api.get("/api/v1/errors"))
    declared = [*EDGE_ERRORS, *chain.from_iterable(room.errors for room in ROOMS)]
    made = [asdict(ErrorCode.of(error)) for error in declared]
    assert sorted(rows, key=lambda row: row["code"]) == sorted(made, key=lambda row: row["code"])


async def test_every_error_is_answered_as_its_row_says(api: Api) -> None:
    """
    IN-4: every refusal has one stable code. The status of its kind and whether it may be tried
    again are those of the row, also for an error that has its code from another one.
    """
    rows = {row["code"]: row for row in data_of(await api.get("/api/v1/errors"))}
    wrong = {
        f"{error.__module__}.{error.__name__}"
        for error in raised()
        if rows[error.code]["status"] != status_of(error)
        or rows[error.code]["retryable"] is not error.retryable
    }
    assert not wrong
    assert {error.code for error in raised()} == rows.keys()
    assert set(STATUS_OF_KIND.values()) == {row["status"] for row in rows.values()}


async def test_no_route_declares_the_status_of_an_error_by_itself(api: Api) -> None:
    """
    A status is written once, for the error's kind: each that OpenAPI shows comes with the codes
    that it was made from. Readiness alone is no error: its 503 has a body of its own.
    """
    rows = {row["code"]: row for row in data_of(await api.get("/api/v1/errors"))}
    seen = 0
    for path, item in api.contract.document["paths"].items():
        for method, operation in item.items():
            for status, answer in operation["responses"].items():
                if status.startswith(("2", "3", "d")) or path == "/health/ready":
                    continue
                if path.startswith("/oauth2/"):
                    continue  # codes of the RFCs
                # The framework's own 422 has no example: a path that is not what it should be.
                own = {"VALIDATION_ERROR"} if status == "422" else set()
                codes = set(answer["content"]["application/json"].get("examples", own))
                assert {rows[code]["status"] for code in codes} == {int(status)}, (method, path)
                seen += 1
    assert seen > 100
