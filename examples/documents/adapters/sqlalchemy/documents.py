"""Documents in `documents`."""

from datetime import datetime

from sqlalchemy import Integer, bindparam, delete, func, or_, select

from adapters.sqlalchemy.execution import Execution
from adapters.sqlalchemy.statements import (
    AFTER_ALL,
    Row,
    Statement,
    Written,
    delete_some,
    insert_into,
    save_in,
)
from domain.errors import ConcurrentChange
from domain.identifiers import UserId
from examples.documents.adapters.sqlalchemy.tables import documents
from examples.documents.application.ports import DocumentRepository
from examples.documents.domain.document import Document
from examples.documents.domain.events import DocumentId

DOCUMENT = (
    documents.c.id,
    documents.c.user_id,
    documents.c.title,
    documents.c.text,
    documents.c.created_at,
    documents.c.updated_at,
    documents.c.expires_at,
    documents.c.version,
)


def document_from(row: Row) -> Document:
    """Return the document that a row of ``DOCUMENT`` tells of."""
    id_, user_id, title, text, created_at, updated_at, expires_at, version = row
    return Document(
        id=DocumentId(id_),
        user_id=UserId(user_id),
        title=title,
        text=text,
        created_at=created_at,
        updated_at=updated_at,
        expires_at=expires_at,
        version=version,
    )


def document_values(document: Document) -> Written:
    """Return all that is written of a document."""
    return {
        "id": document.id.value,
        "user_id": document.user_id.value,
        "title": document.title,
        "text": document.text,
        "created_at": document.created_at,
        "updated_at": document.updated_at,
        "expires_at": document.expires_at,
        "version": document.version,
    }


_BY_ID = documents.c.id == bindparam("id")
_BY_USER = documents.c.user_id == bindparam("user_id")
_LIVING = or_(documents.c.expires_at.is_(None), documents.c.expires_at > bindparam("now"))
_LIST = (
    select(*DOCUMENT)
    .where(_BY_USER, documents.c.id < bindparam("before"))
    .order_by(documents.c.id.desc())  # identifiers sort by birth
    .limit(bindparam("limit", type_=Integer))
)
_ADD = insert_into(documents)
_GET = Statement(select(*DOCUMENT).where(_BY_ID))
_LIST_LIVING = Statement(_LIST.where(_LIVING))
_COUNT_LIVING = Statement(select(func.count()).select_from(documents).where(_BY_USER, _LIVING))
_LIST_KEPT = Statement(_LIST)
_SAVE = Statement(save_in(documents, key="id"))
_REMOVE = Statement(delete(documents).where(_BY_ID))
_PURGE = delete_some(documents, documents.c.id, documents.c.expires_at <= bindparam("now"))


class SqlAlchemyDocumentRepository(DocumentRepository):
    """Documents in ``documents``; that their user is there is the database's word."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    async def add(self, document: Document) -> None:
        self._execution.write(_ADD, document_values(document))

    async def get(self, document_id: DocumentId) -> Document | None:
        row = await self._execution.first(_GET, id=document_id.value)
        return None if row is None else document_from(row)

    async def list_living(
        self, user_id: UserId, *, now: datetime, limit: int, before: DocumentId | None = None
    ) -> list[Document]:
        start = AFTER_ALL if before is None else before.value
        rows = await self._execution.all(
            _LIST_LIVING, user_id=user_id.value, now=now, limit=limit, before=start
        )
        return [document_from(row) for row in rows]

    async def count_living(self, user_id: UserId, *, now: datetime) -> int:
        return await self._execution.number(_COUNT_LIVING, user_id=user_id.value, now=now)

    async def list_kept(
        self, user_id: UserId, *, limit: int, before: DocumentId | None = None
    ) -> list[Document]:
        start = AFTER_ALL if before is None else before.value
        rows = await self._execution.all(
            _LIST_KEPT, user_id=user_id.value, limit=limit, before=start
        )
        return [document_from(row) for row in rows]

    async def save(self, document: Document) -> None:
        if not await self._execution.run(_SAVE, **document_values(document)):
            raise ConcurrentChange
        document.version += 1

    async def remove(self, document_id: DocumentId) -> bool:
        return bool(await self._execution.run(_REMOVE, id=document_id.value))

    async def purge(self, *, now: datetime, limit: int) -> int:
        return await self._execution.run(_PURGE, now=now, limit=limit)
