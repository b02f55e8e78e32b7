"""Reading documents."""

from application.paging import Cursors, Page, PageRequest
from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.users.lookup import existing_user
from domain.identifiers import UserId
from domain.principal import Principal
from examples.documents.application.lookup import document_of, owner_meant
from examples.documents.application.ports import DocumentsUnit
from examples.documents.domain.document import Document
from examples.documents.domain.events import DocumentId
from examples.documents.domain.permissions import DOCUMENTS_READ


class ListDocuments:
    """Show what a user wrote: to the user, and to a caller who may read documents."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[DocumentsUnit], clock: Clock, cursors: Cursors
    ) -> None:
        self._unit_of_work, self._clock, self._cursors = unit_of_work, clock, cursors

    async def __call__(
        self, *, principal: Principal, asked: PageRequest, user_id: UserId | None = None
    ) -> Page[Document]:
        """Return a page of documents, the newest first; the caller's own without ``user_id``.

        Raises PermissionDenied, UserNotFound, and InvalidCursor for a cursor that is not from
        this list of this caller.
        """
        owner = owner_meant(principal, user_id, DOCUMENTS_READ)
        query = f"documents of {owner} for {principal.user_id}"
        before = self._cursors.start(asked, query=query, place=DocumentId.parse)
        now = self._clock.now()
        async with self._unit_of_work.read_only() as unit:
            await existing_user(unit, owner)
            found = await unit.documents.list_living(
                owner, now=now, limit=asked.limit + 1, before=before
            )
            count = await unit.documents.count_living(owner, now=now) if asked.counted else None
        return self._cursors.page(
            found, asked, query=query, position=lambda each: str(each.id), count=count
        )


class ShowDocument:
    """Show one document."""

    def __init__(self, *, unit_of_work: UnitOfWorkFactory[DocumentsUnit], clock: Clock) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock

    async def __call__(
        self, *, principal: Principal, document_id: DocumentId, user_id: UserId | None = None
    ) -> Document:
        """Return the document; without ``user_id`` it is one of the caller's own.

        Raises PermissionDenied, UserNotFound and DocumentNotFound.
        """
        owner = owner_meant(principal, user_id, DOCUMENTS_READ)
        async with self._unit_of_work.read_only() as unit:
            await existing_user(unit, owner)
            return await document_of(unit, owner, document_id, now=self._clock.now())
