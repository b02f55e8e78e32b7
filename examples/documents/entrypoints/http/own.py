"""The caller's own documents; they take no permission."""

from fastapi import Request, Response

from application.expectations import ChangedMeanwhile
from application.paging import InvalidCursor
from domain.errors import ConcurrentChange, ValidationFailed
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import Envelope, ListEnvelope
from entrypoints.http.edge.conditional import IfMatch, expected
from entrypoints.http.edge.dependencies import CALLER_ERRORS, Asked, From, SignedIn, identified
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.headers import ETAG, with_headers
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router
from examples.documents.domain.document import DocumentNotFound
from examples.documents.domain.events import DocumentId
from examples.documents.entrypoints.http.answers import DocumentOut, document_answer, etag_of
from examples.documents.entrypoints.http.dependencies import DocumentsUse
from examples.documents.entrypoints.http.requests import DocumentChangeRequest, DocumentRequest
from examples.documents.entrypoints.representation import document_body

router = Router(
    prefix="/api/v1/users/me/documents",
    tags=["My documents"],
    responses=responses(*CALLER_ERRORS),
)


@router.get(
    "",
    summary="My documents",
    response_model=ListEnvelope[DocumentOut],
    responses=responses(InvalidCursor, ValidationFailed),
)
async def list_my_documents(
    request: Request, caller: SignedIn, documents: DocumentsUse, asked: Asked
) -> Response:
    """Return the documents that are not over, the newest first."""
    page = await documents.list(principal=caller.principal, asked=asked)
    return page_answer(request, page, document_body)


@router.post(
    "",
    status_code=201,
    summary="Write a document",
    response_model=Envelope[DocumentOut],
    responses=responses(ValidationFailed) | with_headers(201, *ETAG),
)
async def create_my_document(
    request: Request,
    body: DocumentRequest,
    caller: SignedIn,
    documents: DocumentsUse,
    origin: From,
) -> Response:
    """Keep a document, for good or until it is over."""
    document = await documents.create(
        principal=caller.principal,
        title=body.title,
        text=body.text,
        expires_at=body.expires_at,
        origin=origin,
    )
    return document_answer(request, document, status=201)


@router.get(
    "/{document_id}",
    summary="One of my documents",
    response_model=Envelope[DocumentOut],
    responses=responses(DocumentNotFound) | with_headers(200, *ETAG),
)
async def read_my_document(
    request: Request, document_id: IdInPath, caller: SignedIn, documents: DocumentsUse
) -> Response:
    """Return one document, with an ETag; another user's is as unknown as none."""
    document = await documents.show(
        principal=caller.principal, document_id=identified(DocumentId, document_id)
    )
    return document_answer(request, document)


@router.put(
    "/{document_id}",
    summary="Change one of my documents",
    response_model=Envelope[DocumentOut],
    responses=responses(DocumentNotFound, ChangedMeanwhile, ValidationFailed, ConcurrentChange)
    | with_headers(200, *ETAG),
)
async def change_my_document(
    request: Request,
    document_id: IdInPath,
    body: DocumentChangeRequest,
    caller: SignedIn,
    documents: DocumentsUse,
    origin: From,
    if_match: IfMatch = None,
) -> Response:
    """Set title and text."""
    document = await documents.change(
        principal=caller.principal,
        document_id=identified(DocumentId, document_id),
        title=body.title,
        text=body.text,
        expected=expected(if_match, etag_of),
        origin=origin,
    )
    return document_answer(request, document)


@router.delete(
    "/{document_id}",
    status_code=204,
    summary="Remove one of my documents",
    response_class=Response,
    responses=responses(DocumentNotFound),
)
async def remove_my_document(
    document_id: IdInPath, caller: SignedIn, documents: DocumentsUse, origin: From
) -> Response:
    """Remove one document; it does not come back."""
    await documents.remove(
        principal=caller.principal, document_id=identified(DocumentId, document_id), origin=origin
    )
    return Response(status_code=204)
