"""Documents over one memory transaction."""

from dataclasses import replace
from datetime import datetime
from itertools import islice

from adapters.memory.store import Table, Transaction
from adapters.memory.users.users import require_user
from domain.errors import ConcurrentChange
from domain.identifiers import UserId
from examples.documents.application.ports import DocumentRepository
from examples.documents.domain.document import Document
from examples.documents.domain.events import DocumentId

DOCUMENTS = Table[DocumentId, Document](
    "documents", replace, section="documents", owner=lambda document: document.user_id
)


class MemoryDocumentRepository(DocumentRepository):
    """Documents in a dictionary, found by user through an index."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._documents = transaction.table(DOCUMENTS)

    async def add(self, document: Document) -> None:
        await self._transaction.writing()
        require_user(self._transaction, document.user_id)
        self._documents.put(document.id, document)

    async def get(self, document_id: DocumentId) -> Document | None:
        await self._transaction.reading()
        return self._documents.get(document_id)

    async def list_living(
        self, user_id: UserId, *, now: datetime, limit: int, before: DocumentId | None = None
    ) -> list[Document]:
        await self._transaction.reading()
        kept = self._newest_first(user_id, before)
        return [document for document in kept if not document.is_over(now)][:limit]

    async def count_living(self, user_id: UserId, *, now: datetime) -> int:
        await self._transaction.reading()
        return sum(not document.is_over(now) for document in self._newest_first(user_id, None))

    async def list_kept(
        self, user_id: UserId, *, limit: int, before: DocumentId | None = None
    ) -> list[Document]:
        await self._transaction.reading()
        return self._newest_first(user_id, before)[:limit]

    async def save(self, document: Document) -> None:
        await self._transaction.writing()
        kept = self._documents.get(document.id)
        if kept is None or kept.version != document.version:
            raise ConcurrentChange
        document.version += 1
        self._documents.put(document.id, document)

    async def remove(self, document_id: DocumentId) -> bool:
        await self._transaction.writing()
        return self._documents.remove(document_id)

    async def purge(self, *, now: datetime, limit: int) -> int:
        await self._transaction.writing()
        over = self._documents.select(lambda document: document.is_over(now))
        return sum(self._documents.remove(key) for key in islice(over, limit))

    def _newest_first(self, user_id: UserId, before: DocumentId | None) -> list[Document]:
        found = self._documents.find(
            "owner", user_id, where=lambda document: before is None or document.id < before
        )
        return sorted(found, key=lambda document: document.id, reverse=True)
