"""Other users' documents, for a caller with the permission."""

from fastapi import Request, Response

from application.paging import InvalidCursor
from domain.errors import ValidationFailed
from domain.identifiers import UserId
from domain.principal import PermissionDenied
from domain.users.user import UserNotFound
from entrypoints.http.edge.answering import page_answer
from entrypoints.http.edge.answers import ListEnvelope
from entrypoints.http.edge.dependencies import CALLER_ERRORS, Asked, From, SignedIn, identified
from entrypoints.http.edge.errors import responses
from entrypoints.http.edge.parameters import IdInPath
from entrypoints.http.edge.router import Router
from examples.documents.domain.document import DocumentNotFound
from examples.documents.domain.events import DocumentId
from examples.documents.entrypoints.http.answers import DocumentOut
from examples.documents.entrypoints.http.dependencies import DocumentsUse
from examples.documents.entrypoints.representation import document_body

router = Router(
    prefix="/api/v1/users/{user_id}/documents",
    tags=["Documents of users"],
    responses=responses(*CALLER_ERRORS, PermissionDenied, UserNotFound),
)


@router.get(
    "",
    summary="A user's documents",
    response_model=ListEnvelope[DocumentOut],
    responses=responses(InvalidCursor, ValidationFailed),
)
async def list_user_documents(
    request: Request, user_id: IdInPath, caller: SignedIn, documents: DocumentsUse, asked: Asked
) -> Response:
    """Return the documents that are not over, the newest first (`documents:read`)."""
    page = await documents.list(
        principal=caller.principal, user_id=identified(UserId, user_id), asked=asked
    )
    return page_answer(request, page, document_body)


@router.delete(
    "/{document_id}",
    status_code=204,
    summary="Remove a user's document",
    response_class=Response,
    responses=responses(DocumentNotFound),
)
async def remove_user_document(
    user_id: IdInPath,
    document_id: IdInPath,
    caller: SignedIn,
    documents: DocumentsUse,
    origin: From,
) -> Response:
    """Remove one document (`documents:write`); another user's is as unknown as none."""
    await documents.remove(
        principal=caller.principal,
        user_id=identified(UserId, user_id),
        document_id=identified(DocumentId, document_id),
        origin=origin,
    )
    return Response(status_code=204)
