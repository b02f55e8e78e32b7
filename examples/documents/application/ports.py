"""What documents need from outside: where they are kept."""

from abc import abstractmethod
from datetime import datetime
from typing import Protocol

from application.audit.ports import AuditUnit
from application.users.ports import UsersUnit
from domain.identifiers import UserId
from examples.documents.domain.document import Document
from examples.documents.domain.events import DocumentId


class DocumentRepository(Protocol):
    """Documents. Those of a user who is removed go too."""

    @abstractmethod
    async def add(self, document: Document) -> None:
        """Keep a new document; raise ConcurrentChange for a user who is gone."""

    @abstractmethod
    async def get(self, document_id: DocumentId) -> Document | None:
        """Return the document, also one whose time is over, or None."""

    @abstractmethod
    async def list_living(
        self, user_id: UserId, *, now: datetime, limit: int, before: DocumentId | None = None
    ) -> list[Document]:
        """Return up to that many of the user's documents that are not over, the newest first.

        ``before`` starts behind the one that it names, whether or not that one is still there.
        """

    @abstractmethod
    async def count_living(self, user_id: UserId, *, now: datetime) -> int:
        """Return how many documents of the user are not over."""

    @abstractmethod
    async def list_kept(
        self, user_id: UserId, *, limit: int, before: DocumentId | None = None
    ) -> list[Document]:
        """Return up to that many of the user's documents, over or not, the newest first.

        ``before`` starts behind the one that it names.
        """

    @abstractmethod
    async def save(self, document: Document) -> None:
        """Write every field; raise ConcurrentChange if it was saved or removed since loaded."""

    @abstractmethod
    async def remove(self, document_id: DocumentId) -> bool:
        """Remove the document and tell whether it was there: of two at once one is told so."""

    @abstractmethod
    async def purge(self, *, now: datetime, limit: int) -> int:
        """Remove up to that many documents that are over; return how many."""


class DocumentsUnit(UsersUnit, AuditUnit, Protocol):
    """What documents touch."""

    @property
    @abstractmethod
    def documents(self) -> DocumentRepository:
        """Documents."""
