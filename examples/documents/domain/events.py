"""What can happen to a document. The names are append-only: audit rows hold them."""

from dataclasses import dataclass

from domain.events import DomainEvent
from domain.identifiers import Identifier, UserId


class DocumentId(Identifier):
    """Identifies a document."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEvent(DomainEvent):
    """Something happened to a document; never what stands in it."""

    about = ("document_id", "document")
    document_id: DocumentId
    user_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCreated(DocumentEvent):
    """A document was written."""

    name = "document.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentChanged(DocumentEvent):
    """A document has another title or another text."""

    name = "document.changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRemoved(DocumentEvent):
    """A document was removed."""

    name = "document.removed"
