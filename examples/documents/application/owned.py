"""Documents in a user's export and erasure."""

from collections.abc import AsyncIterator

from application.owned_data import BATCH, OwnedData, Owner, Record, in_batches
from application.ports.unit_of_work import UnitOfWorkFactory
from examples.documents.application.ports import DocumentsUnit
from examples.documents.domain.document import Document
from examples.documents.domain.events import DocumentId


class DocumentsData(OwnedData[DocumentsUnit]):
    """Every document that is kept, also those that are over and not purged yet."""

    section, is_list = "documents", True

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[DocumentsUnit]) -> None:
        self._unit_of_work = unit_of_work

    async def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield the documents, the newest first."""

        async def read(before: DocumentId | None) -> list[Document]:
            async with self._unit_of_work.read_only() as unit:
                return await unit.documents.list_kept(owner.user_id, limit=BATCH, before=before)

        async for document in in_batches(read, lambda each: each.id):
            yield {
                "id": str(document.id),
                "title": document.title,
                "text": document.text,
                "created_at": document.created_at,
                "updated_at": document.updated_at,
                "expires_at": document.expires_at,
            }

    async def erase(self, unit: DocumentsUnit, owner: Owner) -> None:
        """Leave it to the user's row, with which the documents go."""
