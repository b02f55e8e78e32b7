"""A document as OpenAPI tells it, and as an answer."""

import orjson
from fastapi import Request
from pydantic import Field
from starlette.responses import Response

from entrypoints.http.edge.answering import etag, single_answer
from entrypoints.http.edge.answers import AnswerModel
from entrypoints.http.edge.parameters import Identifier, Instant
from examples.documents.domain.document import Document
from examples.documents.entrypoints.representation import document_body


class DocumentOut(AnswerModel):
    """A document."""

    id: Identifier
    user_id: Identifier
    title: str = Field(examples=["On the Analytical Engine"])
    text: str = Field(examples=["It weaves algebraic patterns."])
    created_at: Instant
    updated_at: Instant
    expires_at: Instant | None


def etag_of(document: Document) -> str:
    """Return a strong validator of the document's representation."""
    return etag(orjson.dumps(document_body(document)))


def document_answer(request: Request, document: Document, *, status: int = 200) -> Response:
    """Return a single document with its ETag."""
    return single_answer(request, document_body(document), status)
