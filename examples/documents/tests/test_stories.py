"""What users do with documents: the real wiring over memory, and a clock turned by hand."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.memory.clock import ManualClock
from adapters.memory.credentials.hashing import FastPasswordHasher
from application.accounts.export import AccountExport
from application.audit.ports import AuditQuery
from application.expectations import ChangedMeanwhile
from application.paging import InvalidCursor, PageRequest
from application.service import Service
from domain.errors import ValidationFailed
from domain.identifiers import UserId
from domain.origin import NOWHERE
from domain.principal import ANONYMOUS, OPERATOR, PermissionDenied, Principal
from domain.users.user import User, UserNotFound
from entrypoints.container import Container, close
from entrypoints.lifecycle import build_container, prepare
from examples.documents.application.service import DocumentsService, documents_in
from examples.documents.application.wiring import Documents
from examples.documents.domain.document import Document, DocumentNotFound
from examples.documents.domain.permissions import DOCUMENTS_READ, DOCUMENTS_WRITE
from examples.documents.entrypoints.container import DocumentsContainer
from examples.documents.tests.samples import DAY, SECOND, principal_of
from tests.http.client import settings_for

UNKNOWN = UserId.parse("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a")
ALL = PageRequest(limit=50, counted=True)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def service(clock: ManualClock) -> AsyncIterator[DocumentsService]:
    """What production runs, on memory."""
    container = build_container(settings_for("memory://"), DocumentsContainer)
    container.clock.override(clock)
    container.hasher.override(FastPasswordHasher())
    await prepare(container)
    service = container.service()
    assert isinstance(service, DocumentsService)
    yield service
    await close(container)


@pytest.fixture
def documents(service: DocumentsService) -> Documents:
    return service.documents


@pytest.fixture
async def ada(service: DocumentsService) -> User:
    return await made(service, "ada@example.com")


@pytest.fixture
async def eve(service: DocumentsService) -> User:
    return await made(service, "eve@example.com")


async def made(service: DocumentsService, email: str, *roles: str) -> User:
    """Return a user whom an operator made."""
    return await service.accounts.create_user(
        principal=OPERATOR,
        email=email,
        password=None,
        display_name=None,
        roles=roles,
        verified=True,
        origin=NOWHERE,
    )


async def written(documents: Documents, user: User, title: str = "Notes", **more: Any) -> Document:
    """Return a document that the user wrote."""
    return await documents.create(
        principal=principal_of(user), title=title, text="text", origin=NOWHERE, **more
    )


async def titles(documents: Documents, user: User) -> list[str]:
    """Return what the user finds, the newest first."""
    page = await documents.list(principal=principal_of(user), asked=ALL)
    assert page.count == len(page.items)
    return [document.title for document in page.items]


async def trail(service: DocumentsService, document: Document) -> list[str]:
    """Return what the audit trail has about the document, the newest first."""
    page = await service.audit.list_events(
        principal=OPERATOR, query=AuditQuery(target=str(document.id)), asked=PageRequest(limit=50)
    )
    return [event.type for event in page.items]


async def test_a_user_writes_reads_changes_and_removes_a_document(
    service: DocumentsService, documents: Documents, ada: User, clock: ManualClock
) -> None:
    document = await written(documents, ada)
    me = principal_of(ada)
    assert (await documents.show(principal=me, document_id=document.id)).title == "Notes"
    clock.advance(SECOND)
    changed = await documents.change(
        principal=me, document_id=document.id, title="More", text="", expected=None, origin=NOWHERE
    )
    assert (changed.title, changed.updated_at) == ("More", clock.now())
    assert await titles(documents, ada) == ["More"]
    clock.advance(SECOND)
    await documents.remove(principal=me, document_id=document.id, origin=NOWHERE)
    assert await titles(documents, ada) == []
    with pytest.raises(DocumentNotFound):
        await documents.show(principal=me, document_id=document.id)
    assert await trail(service, document) == [
        "document.removed",
        "document.changed",
        "document.created",
    ]


async def test_a_change_to_the_same_leaves_no_trace(
    service: DocumentsService, documents: Documents, ada: User
) -> None:
    document = await written(documents, ada)
    same = await documents.change(
        principal=principal_of(ada),
        document_id=document.id,
        title=document.title,
        text=document.text,
        expected=None,
        origin=NOWHERE,
    )
    assert (same.version, same.updated_at) == (document.version, document.updated_at)
    assert await trail(service, document) == ["document.created"]


async def test_a_change_of_another_state_than_the_callers_is_refused(
    documents: Documents, ada: User
) -> None:
    document = await written(documents, ada)
    with pytest.raises(ChangedMeanwhile):
        await documents.change(
            principal=principal_of(ada),
            document_id=document.id,
            title="Late",
            text="",
            expected=lambda present: present.title == "Another",
            origin=NOWHERE,
        )
    assert await titles(documents, ada) == ["Notes"]


async def test_what_breaks_a_rule_is_not_kept(documents: Documents, ada: User) -> None:
    with pytest.raises(ValidationFailed):
        await written(documents, ada, title="")
    document = await written(documents, ada)
    with pytest.raises(ValidationFailed):
        await documents.change(
            principal=principal_of(ada),
            document_id=document.id,
            title="",
            text="",
            expected=None,
            origin=NOWHERE,
        )
    assert await titles(documents, ada) == ["Notes"]


async def test_another_users_document_is_as_unknown_as_none(
    documents: Documents, ada: User, eve: User
) -> None:
    document = await written(documents, ada)
    her = principal_of(eve)
    with pytest.raises(DocumentNotFound):
        await documents.show(principal=her, document_id=document.id)
    with pytest.raises(DocumentNotFound):
        await documents.change(
            principal=her,
            document_id=document.id,
            title="Mine",
            text="",
            expected=None,
            origin=NOWHERE,
        )
    with pytest.raises(DocumentNotFound):
        await documents.remove(principal=her, document_id=document.id, origin=NOWHERE)
    assert await titles(documents, eve) == []
    assert await titles(documents, ada) == ["Notes"]


async def test_other_users_documents_take_the_permission(
    service: DocumentsService, documents: Documents, ada: User, eve: User
) -> None:
    document = await written(documents, ada)
    with pytest.raises(PermissionDenied) as denied:
        await documents.list(principal=principal_of(eve), user_id=ada.id, asked=ALL)
    assert denied.value.missing == DOCUMENTS_READ
    await service.access.define_role(
        principal=OPERATOR,
        name="reader",
        description=None,
        permissions=[DOCUMENTS_READ],
        origin=NOWHERE,
    )
    reader = principal_of(
        await found(service, (await made(service, "rob@example.com", "reader")).id)
    )
    page = await documents.list(principal=reader, user_id=ada.id, asked=ALL)
    assert [each.id for each in page.items] == [document.id]
    shown = await documents.show(principal=reader, user_id=ada.id, document_id=document.id)
    assert shown.text == "text"
    with pytest.raises(PermissionDenied) as denied:
        await documents.remove(
            principal=reader, user_id=ada.id, document_id=document.id, origin=NOWHERE
        )
    assert denied.value.missing == DOCUMENTS_WRITE
    with pytest.raises(PermissionDenied):
        await documents.create(
            principal=reader, user_id=ada.id, title="Hers", text="", origin=NOWHERE
        )
    assert await titles(documents, ada) == ["Notes"]


async def test_an_administrator_may_do_everything_with_them(
    service: DocumentsService, documents: Documents, ada: User
) -> None:
    root = await made(service, "root@example.com", "administrator")
    for principal in (OPERATOR, principal_of(root)):
        document = await documents.create(
            principal=principal, user_id=ada.id, title="Hers", text="", origin=NOWHERE
        )
        assert await titles(documents, ada) == ["Hers"]
        await documents.remove(
            principal=principal, user_id=ada.id, document_id=document.id, origin=NOWHERE
        )
    shown = await service.access.effective_permissions(principal=OPERATOR, user_id=root.id)
    assert {DOCUMENTS_READ, DOCUMENTS_WRITE} <= shown.granted_by.keys()


@pytest.mark.parametrize(("principal", "user_id"), [(OPERATOR, UNKNOWN), (ANONYMOUS, None)])
async def test_a_user_who_is_not_there_has_no_documents(
    documents: Documents, principal: Principal, user_id: UserId | None
) -> None:
    with pytest.raises(UserNotFound):
        await documents.list(principal=principal, user_id=user_id, asked=ALL)
    with pytest.raises(UserNotFound):
        await documents.create(
            principal=principal, user_id=user_id, title="T", text="", origin=NOWHERE
        )


async def test_a_list_is_read_page_by_page(
    documents: Documents, ada: User, eve: User, clock: ManualClock
) -> None:
    for number in range(3):
        clock.advance(SECOND)
        await written(documents, ada, f"Number {number}")
    me = principal_of(ada)
    first = await documents.list(principal=me, asked=PageRequest(limit=2))
    assert ([each.title for each in first.items], first.count) == (["Number 2", "Number 1"], None)
    behind = PageRequest(limit=2, cursor=first.next_cursor)
    second = await documents.list(principal=me, asked=behind)
    assert [each.title for each in second.items] == ["Number 0"]
    assert second.next_cursor is None
    for other in (principal_of(eve), OPERATOR):
        with pytest.raises(InvalidCursor):
            await documents.list(
                principal=other, user_id=ada.id if other is OPERATOR else None, asked=behind
            )


async def test_what_is_over_is_gone_for_its_user_and_purged_by_the_worker(
    service: DocumentsService, documents: Documents, ada: User, clock: ManualClock
) -> None:
    await written(documents, ada, "For good")
    short = await written(documents, ada, "For a day", expires_at=clock.now() + DAY)
    clock.advance(DAY - SECOND)
    assert (await service.purge_expired()).removed["documents"] == 0
    assert set(await titles(documents, ada)) == {"For good", "For a day"}
    clock.advance(SECOND)
    assert await titles(documents, ada) == ["For good"]
    with pytest.raises(DocumentNotFound):
        await documents.show(principal=principal_of(ada), document_id=short.id)
    assert len(await exported(service, ada)) == 2, "it is still held, so it is still shown"
    report = await service.purge_expired()
    assert (report.removed["documents"], report.failed) == (1, {})
    assert {"sessions", "rate limits"} <= report.removed.keys(), "Doorward's own are purged, too"
    assert [each["title"] for each in await exported(service, ada)] == ["For good"]


async def test_export_shows_documents_and_erasure_removes_them(
    service: DocumentsService, documents: Documents, ada: User, eve: User, clock: ManualClock
) -> None:
    document = await written(documents, ada, expires_at=clock.now() + DAY)
    await written(documents, eve, "Hers")
    assert await exported(service, ada) == [
        {
            "id": str(document.id),
            "title": "Notes",
            "text": "text",
            "created_at": clock.now(),
            "updated_at": clock.now(),
            "expires_at": clock.now() + DAY,
        }
    ]
    await service.accounts.erase_user(
        principal=OPERATOR, user_id=ada.id, expected=None, origin=NOWHERE
    )
    async with service.ports.units.read_only() as unit:
        assert await unit.documents.get(document.id) is None
    assert await titles(documents, eve) == ["Hers"]


async def test_a_long_list_is_exported_in_batches(
    service: DocumentsService, documents: Documents, ada: User
) -> None:
    for _ in range(1001):
        await written(documents, ada)
    assert len({each["id"] for each in await exported(service, ada)}) == 1001


def test_a_service_without_documents_says_so() -> None:
    """A container that was forgotten is named at once, and not by some AttributeError later."""
    ours: Service[Any] = Container(settings=settings_for("memory://")).service()
    with pytest.raises(TypeError, match="without documents"):
        documents_in(ours)


async def exported(service: DocumentsService, user: User) -> list[dict[str, Any]]:
    """Return the documents in the user's export."""
    export: AccountExport[Any] = await service.accounts.export_data(
        principal=OPERATOR, user_id=user.id, origin=NOWHERE
    )
    (held,) = [section for section in export.sections if section.section == "documents"]
    return [dict(record) async for record in held.records(export.owner)]


async def found(service: DocumentsService, user_id: UserId) -> User:
    """Return the user as every request sees them."""
    async with service.ports.units.read_only() as unit:
        user = await unit.users.get(user_id)
    assert user is not None
    return user
