"""How a document looks from outside, at every door."""

from typing import Any

from entrypoints.representations.formats import instant
from examples.documents.domain.document import Document


def document_body(document: Document) -> dict[str, Any]:
    """Return a document as clients see it."""
    return {
        "id": str(document.id),
        "user_id": str(document.user_id),
        "title": document.title,
        "text": document.text,
        "created_at": instant(document.created_at),
        "updated_at": instant(document.updated_at),
        "expires_at": instant(document.expires_at),
    }
