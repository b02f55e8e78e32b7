"""A document: a title and a text that belong to one user, for good or until a given time."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from domain.errors import NotFound, ValidationFailed
from domain.identifiers import Entropy, UserId
from examples.documents.domain.events import (
    DocumentChanged,
    DocumentCreated,
    DocumentId,
    DocumentRemoved,
)

MAX_TITLE = 200
MAX_TEXT = 20_000


class DocumentNotFound(NotFound):
    """The user has no document with this identifier, or its time is over."""

    code = "DOCUMENT_NOT_FOUND"
    message = "There is no such document."
    meaning = "The user has no such document."


@dataclass(slots=True, eq=False, kw_only=True)
class Document:
    """What a user wrote. ``version`` counts the saves; the repository raises it."""

    id: DocumentId
    user_id: UserId
    title: str
    text: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    version: int = 0

    @classmethod
    def write(
        cls,
        *,
        user_id: UserId,
        title: str,
        text: str,
        expires_at: datetime | None,
        now: datetime,
        entropy: Entropy,
    ) -> tuple["Document", DocumentCreated]:
        """Return a new document of this user. Raises ValidationFailed."""
        if expires_at is not None and expires_at <= now:
            raise ValidationFailed.of("expires_at", "IN_THE_PAST", "This time is over already.")
        document = cls(
            id=DocumentId.new(now, entropy),
            user_id=user_id,
            title=_title(title),
            text=_text(text),
            created_at=now,
            updated_at=now,
            expires_at=expires_at,
        )
        return document, DocumentCreated(document_id=document.id, user_id=user_id, occurred_at=now)

    def change(self, *, title: str, text: str, now: datetime) -> DocumentChanged | None:
        """Give it another title and text; None if they are the same. Raises ValidationFailed."""
        new = (_title(title), _text(text))
        if new == (self.title, self.text):
            return None
        (self.title, self.text), self.updated_at = new, now
        return DocumentChanged(document_id=self.id, user_id=self.user_id, occurred_at=now)

    def removed(self, *, now: datetime) -> DocumentRemoved:
        """Return the event of its removal; the repository removes the row."""
        return DocumentRemoved(document_id=self.id, user_id=self.user_id, occurred_at=now)

    def is_over(self, now: datetime) -> bool:
        """Tell whether its time has passed."""
        return self.expires_at is not None and self.expires_at <= now


def _title(given: str) -> str:
    title = unicodedata.normalize("NFC", given).strip()
    if not title or len(title) > MAX_TITLE or not title.isprintable():
        message = f"Use 1 to {MAX_TITLE} printable characters on one line."
        raise ValidationFailed.of("title", "INVALID_TITLE", message)
    return title


def _text(text: str) -> str:
    # Control characters cannot all be stored: PostgreSQL refuses a NUL.
    controls = any(unicodedata.category(c) == "Cc" and c not in "\t\r\n" for c in text)
    if len(text) > MAX_TEXT or controls:
        message = f"Use up to {MAX_TEXT} characters, and no control characters but line ends."
        raise ValidationFailed.of("text", "INVALID_TEXT", message)
    return text
