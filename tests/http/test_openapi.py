"""
The description of the API: complete, valid, and true. Every answer in every test of this folder
is held against it (tests/http/contract.py); here it is looked at itself, and attacked.
"""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from domain.api_keys.key_text import KeyText
from tests.http.client import PASSWORD, Api
from tests.http.contract import ContractBroken
from tests.support.processes import free_port, started, wait_for_status

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
async def document(api: Api) -> dict[str, Any]:
    """
    What any client can read.
    """
    answer = await api.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "$ref":
                yield member
            yield from _references(member)
    elif isinstance(value, list):
        for member in value:
            yield from _references(member)


async def test_it_is_openapi_3_1_and_every_reference_leads_somewhere(
    document: dict[str, Any],
) -> None:
    assert document["openapi"].startswith("3.1.")
    assert {"title", "version", "description", "contact"} <= set(document["info"])
    assert document["info"]["license"] == {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    for reference in set(_references(document)):
        assert reference.startswith("#/")
        target: Any = document
        for part in reference[2:].split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        assert target
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name
    used = {reference.rpartition("/")[2] for reference in _references(document)}
    assert set(document["components"]["schemas"]) - used == set(), "a schema that is not used"


async def test_every_operation_explains_itself(document: dict[str, Any], api: Api) -> None:
    """
    A name of its own, a summary, words, a tag, its path's parameters, and who may call it.
    """
    names = [operation["operationId"] for _, _, operation in _operations(document)]
    assert len(names) == len(set(names))
    for method, path, operation in _operations(document):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["tags"], where
        declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert declared == {part[1:-1] for part in path.split("/") if part.startswith("{")}, where
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), where
        assert any(status.startswith("2") for status in operation["responses"]), where
        is_public = (method, path) in api.app.state.public_routes
        by_cookie: dict[str, list[str]] = (
            {"cookie": []} if method == "GET" else {"cookie": [], "csrf": []}
        )
        asked = [] if is_public else [{"bearer": []}, by_cookie]
        if path in {"/oauth2/introspect", "/api/v1/access-tokens"}:
            asked = [{"bearer": []}]  # of an API key, which no browser sends by itself
        assert operation["security"] == asked, where


_KEYWORDS = {
    *("$ref", "additionalProperties", "anyOf", "const", "default", "description", "else", "enum"),
    *("examples", "format", "if", "items", "maximum", "maxItems", "maxLength", "minimum"),
    *("minLength", "pattern", "properties", "required", "then", "type"),
}
"""What may stand in a schema: all of JSON Schema that generators have to understand for ours."""


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    """
    Yield a schema and those within it.
    """
    yield value
    for name in ("items", "additionalProperties", "if", "then", "else"):
        if isinstance(value.get(name), dict):
            yield from _schemas(value[name])
    for each in (*value.get("anyOf", []), *value.get("properties", {}).values()):
        if isinstance(each, dict) and each != {"type": "null"}:
            yield from _schemas(each)


def _all_schemas(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for schema in document["components"]["schemas"].values():
        yield from _schemas(schema)
    for header in document["components"]["headers"].values():
        yield from _schemas(header["schema"])
    for _, _, operation in _operations(document):
        for parameter in operation.get("parameters", []):
            yield from _schemas(parameter["schema"])
        for each in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in each.get("content", {}).values():
                yield from _schemas(content["schema"])


async def test_schemas_have_the_form_that_generators_agree_on(document: dict[str, Any]) -> None:
    """
    Known keywords; null in a list of types; no union of objects, which nothing could tell apart;
    no property with a default, which some take for required; names for objects only.
    """
    found = list(_all_schemas(document))
    assert len(found) > 200
    for schema in found:
        assert set(schema) <= _KEYWORDS, schema
        assert schema.get("type") not in ("null", ["null"]), schema
        for each in schema.get("properties", {}).values():
            assert isinstance(each, bool) or (each != {"type": "null"} and "default" not in each)
        choices = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
        assert not choices or (len(choices) == 1 and "$ref" in choices[0]), schema
    for name, schema in document["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Z][A-Za-z]+", name)
        assert schema["type"] == "object", name


async def test_parameters_are_single_values_with_their_bounds(document: dict[str, Any]) -> None:
    """
    `If-Match` is one string; bounds are called as JSON Schema calls them; ids have their format.
    """
    parameters = [
        parameter
        for _, _, operation in _operations(document)
        for parameter in operation.get("parameters", [])
    ]
    assert {parameter["schema"]["type"] for parameter in parameters} == {
        *("string", "integer", "boolean"),
    }
    (if_match,) = {str(each["schema"]["type"]) for each in parameters if each["name"] == "If-Match"}
    assert if_match == "string"
    for each in parameters:
        if each["name"] == "limit":
            assert (each["schema"]["minimum"], each["schema"]["maximum"]) == (1, 200)
        if each["name"].endswith("_id"):
            assert each["schema"]["format"] == "uuid"


async def test_a_token_answer_is_one_object_with_either_kind_of_token(
    document: dict[str, Any], api: Api
) -> None:
    """
    Generated clients see optional fields; a validator still tells both shapes from any other.
    """
    grant = document["components"]["schemas"]["Token"]
    assert {"access_token", "refresh_token", "csrf_token"} & set(grant["required"]) == set()
    await api.verified_user("ada@example.com")
    body = {"email": "ada@example.com", "password": PASSWORD}
    bearer = (await api.post("/api/v1/sessions", body)).json()["data"]
    common = {name: each for name, each in bearer.items() if not name.endswith("s_token")}
    del common["refresh_token"]
    good = [bearer, {**common, "csrf_token": "x"}]
    wrong = [
        common,
        {**bearer, "csrf_token": "x"},
        {**common, "access_token": "x"},
        {**common, "refresh_token": "x", "csrf_token": "x"},
    ]
    validator = api.contract.validator({"$ref": "#/components/schemas/Token"})
    assert [validator.is_valid(each) for each in good] == [True, True]
    assert [validator.is_valid(each) for each in wrong] == [False] * 4


async def test_every_body_has_an_example_that_fits(document: dict[str, Any], api: Api) -> None:
    """
    What a reader copies from the description is accepted by its own schema.
    """
    for method, path, operation in _operations(document):
        body = operation.get("requestBody")
        if body is None:
            continue
        (schema,) = [content["schema"] for content in body["content"].values()]
        for reference in _references(schema):
            named = document["components"]["schemas"][reference.rpartition("/")[2]]
            assert named["additionalProperties"] is False, path
            example = {}
            of_another_shape = named.get("if", {}).get("required", [])
            for name, member in named["properties"].items():
                if name in of_another_shape:
                    continue
                resolved = member
                while "$ref" in resolved:
                    target = resolved["$ref"].rpartition("/")[2]
                    resolved = document["components"]["schemas"][target]
                assert resolved.get("examples") or "default" in member, f"{method} {path}: {name}"
                if resolved.get("examples"):
                    example[name] = resolved["examples"][0]
            assert set(named.get("required", [])) <= set(example), f"{method} {path}"
            api.contract.validator(schema).validate(example)


async def test_every_key_in_an_example_is_well_formed(document: dict[str, Any]) -> None:
    """
    With its checksum: readers learn the form from it, and scanners are tried on it.
    """
    shown = re.findall(r'"(dw[ks]_[^"]{9,})"', json.dumps(document))
    assert len(shown) >= 3
    for text in shown:
        assert str(KeyText.parse(text)) == text


async def test_every_refusal_has_an_example_that_fits(document: dict[str, Any], api: Api) -> None:
    """
    Each declared code is in the catalogue, under its status, with an example of the envelope.
    """
    seen = set()
    for method, path, operation in _operations(document):
        for status, answer in operation["responses"].items():
            if not status.startswith(("4", "5")) or path.startswith("/health"):
                continue
            content = answer["content"]["application/json"]
            if path.startswith("/oauth2/"):
                assert content["schema"] == {"$ref": "#/components/schemas/OAuthError"}
                continue
            assert "application/problem+json" in answer["content"]
            for code, example in content.get("examples", {}).items():
                seen.add(code)
                assert api.contract.catalogue[code].status == int(status), f"{method} {path}"
                assert example["value"]["error"]["code"] == code
                api.contract.validator(content["schema"]).validate(example["value"])
    assert len(seen) > 12


async def test_the_checker_notices_an_answer_that_is_not_declared(api: Api) -> None:
    """
    The check behind all tests of this folder can fail: another status, member, type or header.
    """
    good = await api.get("/api/v1/errors")
    api.contract.check(good)
    request = httpx.Request("GET", "http://doorward.test/api/v1/errors")
    headers = dict(good.headers)
    rows = good.json()["data"]
    meta = good.json()["meta"]
    wrong: list[tuple[int, Any, dict[str, str]]] = [
        (202, {"data": rows, "meta": meta}, headers),
        (200, {"data": rows, "meta": {}}, headers),
        (200, {"data": rows}, headers),
        (200, {"data": [{**rows[0], "status": "400"}], "meta": meta}, headers),
        (200, {"data": [{"code": "X"}], "meta": meta}, headers),
        (200, {"data": None, "meta": meta}, headers),
        (200, {"data": rows, "meta": {"request_id": "another"}}, headers),
        (200, {"data": rows, "meta": meta}, {**headers, "content-type": "text/plain"}),
        (200, {"data": rows, "meta": meta}, {k: v for k, v in headers.items() if k[0] != "x"}),
        (500, {"error": {}}, headers),
        (429, {"error": {"code": "TOO_MANY_REQUESTS"}}, headers),
    ]
    for status, body, sent in wrong:
        content = json.dumps(body).encode()
        sent = {**sent, "content-length": str(len(content))}
        answer = httpx.Response(status, headers=sent, content=content, request=request)
        with pytest.raises((ContractBroken, KeyError)):
            api.contract.check(answer)


async def test_every_operation_is_reached_by_some_test() -> None:
    """
    A new route shows up here until it has a story.
    """
    folder = Path(__file__).parent
    told = "".join(
        each.read_text() for each in folder.rglob("*.py") if each.name != "test_openapi.py"
    )
    document = json.loads(_description())
    for _, path, _ in _operations(document):
        # What follows the last identifier is what a story has to name.
        stem = re.sub(r"(/\{\w+\})+$", "", path).rpartition("}")[2]
        assert stem in told or stem.removeprefix("/api/v1/users/me") in told, path


def _description() -> str:
    from entrypoints.http.app import create_app
    from entrypoints.lifecycle import build_container
    from tests.http.client import settings_for

    return json.dumps(create_app(build_container(settings_for("memory://"))).openapi())


class _Served:
    """
    The real process, and a caller who is signed in.
    """

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"

    def ask(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.base + path, data, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())["data"]

    def come_in(self, email: str) -> str:
        """
        Make an account and sign in; return the access token.
        """
        account = {"email": email, "password": PASSWORD}
        self.ask("/api/v1/users", account)
        mail = next(mail for mail in self.ask("/dev/mailbox") if mail["to"] == email)
        self.ask("/api/v1/email-verifications/confirm", {"token": mail["token"]})
        return str(self.ask("/api/v1/sessions", account)["access_token"])


def test_generated_requests_find_no_answer_that_is_not_declared(
    postgres_url: str, tmp_path: Path
) -> None:
    """
    IN-1: Schemathesis, bounded and repeatable: never a 5xx, and every status, type and shape is
    one that OpenAPI promises.
    """
    port = free_port()
    chosen = {"RATE_LIMITS": "false", "SIGN_IN_ATTEMPTS": "0", "SESSIONS_PER_USER": "0"}
    with started(
        "serve", folder=tmp_path, DATABASE_URL=postgres_url, PORT=str(port), **chosen
    ) as process:
        service = _Served(port)
        wait_for_status(f"{service.base}/health/ready", 200, process)
        schema = schemathesis.openapi.from_url(f"{service.base}/openapi.json")
        operations = [
            result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)
        ]
        assert len(operations) >= 16
        for number, operation in enumerate(operations):
            # Each has a caller of its own: a fresh session is enough to erase an account.
            token = service.come_in(f"user{number}@example.com")
            _attack(operation, {"Authorization": f"Bearer {token}"})
    assert "request failed" not in (tmp_path / "log").read_text()


def _attack(operation: Any, headers: dict[str, str]) -> None:
    """
    Send some dozen made-up requests, signed in and not.
    """

    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def attack(case: Any) -> None:
        case.validate_response(case.call(headers=headers), checks=CHECKS)
        case.validate_response(case.call(), checks=CHECKS)

    attack()
