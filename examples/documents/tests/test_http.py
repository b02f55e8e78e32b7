"""
Documents over HTTP, on memory and on a database. Every answer is held against OpenAPI as it comes.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.assurance import Method
from examples.documents.domain.permissions import DOCUMENTS_READ, DOCUMENTS_WRITE
from examples.documents.tests.api import DocumentsApi, running_documents
from tests.http.client import Tokens, data_of, refusal_of

MINE = "/api/v1/users/me/documents"


@pytest.fixture(params=["memory", "sqlite"])
def store_url(request: pytest.FixtureRequest) -> str:
    # Synchronous on purpose: an async fixture could not ask for another one by name.
    return "memory://" if request.param == "memory" else str(request.getfixturevalue("sqlite_url"))


@pytest.fixture
async def api(store_url: str) -> AsyncIterator[DocumentsApi]:
    async with running_documents(store_url) as api:
        yield api


@pytest.fixture
async def memory_api() -> AsyncIterator[DocumentsApi]:
    """
    For what has nothing to do with the store.
    """
    async with running_documents("memory://") as api:
        yield api


async def a_reader(api: DocumentsApi, root: Tokens) -> Tokens:
    """
    Define a role that reads documents, give it to a user, and sign them in.
    """
    role = {"name": "reader", "permissions": [DOCUMENTS_READ]}
    data_of(await api.post("/api/v1/roles", role, access=root.access), 201)
    user = (await api.verified_user("rob@example.com"))["id"]
    granted = await api.send("PUT", f"/api/v1/users/{user}/roles/reader", access=root.access)
    data_of(granted, 204)
    return await api.sign_in("rob@example.com")


async def test_a_document_is_written_read_changed_and_removed(api: DocumentsApi) -> None:
    ada = await api.signed_in_user()
    made = await api.write(ada, "Notes", text="Line one\nline two", expires_at=None)
    assert made["user_id"] == ada.user_id
    one = f"{MINE}/{made['id']}"

    shown = await api.get(one, access=ada.access)
    assert data_of(shown) == made
    body = {"title": "More notes", "text": ""}
    changed = await api.put(
        one, body, access=ada.access, headers={"if-match": shown.headers["etag"]}
    )
    assert data_of(changed)["title"] == "More notes"
    late = await api.put(one, body, access=ada.access, headers={"if-match": shown.headers["etag"]})
    assert refusal_of(late) == (412, "PRECONDITION_FAILED")
    assert await api.titles(ada) == ["More notes"]

    data_of(await api.delete(one, access=ada.access), 204)
    for again in (
        await api.delete(one, access=ada.access),
        await api.get(one, access=ada.access),
        await api.put(one, body, access=ada.access),
    ):
        assert refusal_of(again) == (404, "DOCUMENT_NOT_FOUND")
    types = [event.type for event in await api.audit(ada.user_id)]
    assert [each for each in types if each.startswith("document.")] == [
        "document.created",
        "document.changed",
        "document.removed",
    ]


async def test_a_list_is_read_page_by_page(api: DocumentsApi) -> None:
    ada = await api.signed_in_user()
    for number in range(3):
        await api.write(ada, f"Number {number}")
    first = (await api.get(f"{MINE}?limit=2&count=true", access=ada.access)).json()
    assert [each["title"] for each in first["data"]] == ["Number 2", "Number 1"]
    assert (first["meta"]["count"], first["meta"]["limit"]) == (3, 2)
    cursor = first["meta"]["next_cursor"]
    second = (await api.get(f"{MINE}?limit=2&cursor={cursor}", access=ada.access)).json()
    assert [each["title"] for each in second["data"]] == ["Number 0"]
    assert second["meta"]["next_cursor"] is None
    eve = await api.signed_in_user("eve@example.com")
    foreign = await api.get(f"{MINE}?cursor={cursor}", access=eve.access)
    assert refusal_of(foreign) == (400, "INVALID_CURSOR")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"title": " ", "text": ""}, "title"),
    ({"title": "T", "text": "\x1b[2J"}, "text"),
    ({"title": "T", "text": "", "expires_at": "2001-01-01T00:00:00Z"}, "expires_at"),
    ({"title": "T", "text": "", "expires_at": "tomorrow"}, "expires_at"),
    ({"title": "T"}, "text"),
    ({"title": 7, "text": ""}, "title"),
    ({"title": "T", "text": "", "owner": "eve"}, "owner"),
]


async def test_what_breaks_a_rule_is_refused_by_field(memory_api: DocumentsApi) -> None:
    ada = await memory_api.signed_in_user()
    for body, field in REFUSED:
        refused = await memory_api.post(MINE, body, access=ada.access)
        assert refusal_of(refused) == (422, "VALIDATION_ERROR"), body
        assert [detail["field"] for detail in refused.json()["error"]["details"]] == [field]
    assert await memory_api.titles(ada) == []


async def test_every_route_of_documents_needs_a_caller(memory_api: DocumentsApi) -> None:
    paths = memory_api.app.openapi()["paths"]
    routes = [
        (method.upper(), path) for path in paths if "documents" in path for method in paths[path]
    ]
    assert len(routes) == 7
    body = {"title": "T", "text": ""}
    for method, path in routes:
        answer = await memory_api.send(method, path, json=body if method != "GET" else None)
        assert refusal_of(answer) == (401, "NOT_AUTHENTICATED"), (method, path)


async def test_another_users_document_is_as_unknown_as_none(api: DocumentsApi) -> None:
    ada, eve = await api.signed_in_user(), await api.signed_in_user("eve@example.com")
    hers = await api.write(ada)
    unknown = [hers["id"], "019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a", "no-uuid"]
    answers = [
        await api.send(method, f"{MINE}/{each}", access=eve.access, **options)
        for each in unknown
        for method, options in (
            ("GET", {}),
            ("DELETE", {}),
            ("PUT", {"json": {"title": "Mine", "text": ""}}),
        )
    ]
    assert {refusal_of(answer) for answer in answers} == {(404, "DOCUMENT_NOT_FOUND")}
    assert await api.titles(ada) == ["Notes"]


async def test_other_users_documents_take_the_permission(api: DocumentsApi) -> None:
    ada, root = await api.signed_in_user(), await api.administrator()
    document = await api.write(ada)
    theirs = f"/api/v1/users/{ada.user_id}/documents"
    reader = await a_reader(api, root)

    for tokens in (ada, reader):
        denied = await api.delete(f"{theirs}/{document['id']}", access=tokens.access)
        assert refusal_of(denied) == (403, "PERMISSION_DENIED")
    assert refusal_of(await api.get(theirs, access=ada.access)) == (403, "PERMISSION_DENIED")
    (event,) = await api.audit(reader.user_id, "authorization.denied")
    assert event.data["missing"] == DOCUMENTS_WRITE

    assert data_of(await api.get(theirs, access=reader.access)) == [document]
    assert data_of(await api.get(theirs, access=root.access)) == [document]
    data_of(await api.delete(f"{theirs}/{document['id']}", access=root.access), 204)
    gone = await api.delete(f"{theirs}/{document['id']}", access=root.access)
    assert refusal_of(gone) == (404, "DOCUMENT_NOT_FOUND")
    assert await api.titles(ada) == []
    unknown = "/api/v1/users/019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a/documents"
    assert refusal_of(await api.get(unknown, access=root.access)) == (404, "USER_NOT_FOUND")


async def test_the_authorization_check_knows_the_permissions(memory_api: DocumentsApi) -> None:
    api = memory_api
    root = await api.administrator()
    reader = await a_reader(api, root)

    async def may(tokens: Tokens, permission: str) -> bool:
        question = {"subject_id": tokens.user_id, "permission": permission}
        answer = await api.post("/api/v1/authorization/check", question, access=root.access)
        return bool(data_of(answer)["allowed"])

    assert [await may(root, each) for each in (DOCUMENTS_READ, DOCUMENTS_WRITE)] == [True, True]
    assert [await may(reader, each) for each in (DOCUMENTS_READ, DOCUMENTS_WRITE)] == [True, False]


async def test_the_service_tells_of_documents_beside_all_of_doorward(
    memory_api: DocumentsApi,
) -> None:
    """
    OpenAPI, the catalogue of errors and the list of permissions are made of every room.
    """
    api = memory_api
    root = await api.administrator()
    rows = {row["code"]: row for row in data_of(await api.get("/api/v1/errors"))}
    assert rows["DOCUMENT_NOT_FOUND"] == {
        "code": "DOCUMENT_NOT_FOUND",
        "status": 404,
        "meaning": "The user has no such document.",
        "retryable": False,
    }
    assert "USER_NOT_FOUND" in rows

    answer = await api.get("/api/v1/permissions?limit=200", access=root.access)
    permissions = {each["name"]: each["built_in"] for each in data_of(answer)}
    own = {DOCUMENTS_READ, DOCUMENTS_WRITE, "users:read"}
    assert own <= {name for name, built_in in permissions.items() if built_in}
    role = data_of(await api.get("/api/v1/roles/administrator", access=root.access))
    assert own <= set(role["permissions"])

    document = api.app.openapi()
    assert f"{MINE}/{{document_id}}" in document["paths"]
    assert "/api/v1/users/me" in document["paths"]
    removal = document["paths"]["/api/v1/users/{user_id}/documents/{document_id}"]["delete"]
    assert {"204", "401", "403", "404", "default"} <= set(removal["responses"])
    assert "DOCUMENT_NOT_FOUND" in str(removal["responses"]["404"])
    assert removal["security"] == [{"bearer": []}, {"cookie": [], "csrf": []}]
    assert "Idempotency-Key" in [each["name"] for each in removal["parameters"]]


async def test_a_request_that_is_repeated_with_its_key_is_done_once(api: DocumentsApi) -> None:
    ada = await api.signed_in_user()
    key = {"idempotency-key": "7f1c"}
    body = {"title": "Once", "text": ""}
    first = data_of(await api.post(MINE, body, access=ada.access, headers=key), 201)
    again = data_of(await api.post(MINE, body, access=ada.access, headers=key), 201)
    assert first == again
    assert await api.titles(ada) == ["Once"]


async def test_export_shows_documents_and_erasure_removes_them(api: DocumentsApi) -> None:
    ada, eve = await api.signed_in_user(), await api.signed_in_user("eve@example.com")
    hers, other = await api.write(ada, "Hers"), await api.write(eve, "Another's")
    held = data_of(await api.get("/api/v1/users/me/export", access=ada.access))
    assert held["documents"] == [{name: hers[name] for name in hers if name != "user_id"}]
    assert held["user"]["email"] == "ada@example.com"
    data_of(await api.erase(ada), 204)
    root = await api.administrator()
    theirs = await api.get(f"/api/v1/users/{ada.user_id}/documents", access=root.access)
    assert refusal_of(theirs) == (404, "USER_NOT_FOUND")
    kept = data_of(await api.get(f"/api/v1/users/{eve.user_id}/documents", access=root.access))
    assert kept == [other]
    assert await api.kept(ada.user_id) == []
    assert len(await api.kept(eve.user_id)) == 1


async def test_a_permission_of_documents_sleeps_with_the_role_that_gives_it(
    api: DocumentsApi,
) -> None:
    """
    Routes of one's own need to do nothing for that but to ask for the permission.
    """
    root, ada = await api.administrator(), await api.signed_in_user()
    await api.write(ada)
    role = {"name": "reader", "permissions": [DOCUMENTS_READ], "required_acr": "aal2"}
    data_of(await api.post("/api/v1/roles", role, access=root.access), 201)
    user = (await api.verified_user("rob@example.com"))["id"]
    granted = await api.send("PUT", f"/api/v1/users/{user}/roles/reader", access=root.access)
    data_of(granted, 204)
    reader = await api.sign_in("rob@example.com")
    path = f"/api/v1/users/{ada.user_id}/documents"
    refused = await api.get(path, access=reader.access)
    assert refusal_of(refused) == (401, "STEP_UP_REQUIRED")
    assert refused.json()["error"]["step_up"] == {"acr": "aal2", "max_age": None}
    reader = await api.shows(reader, Method.OTP)
    assert len(data_of(await api.get(path, access=reader.access))) == 1
