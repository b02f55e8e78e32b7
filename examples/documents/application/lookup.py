"""Whose documents a request is about, and finding one of them."""

from datetime import datetime

from domain.identifiers import UserId
from domain.principal import Permission, Principal
from domain.users.user import UserNotFound
from examples.documents.application.ports import DocumentsUnit
from examples.documents.domain.document import Document, DocumentNotFound
from examples.documents.domain.events import DocumentId


def owner_meant(principal: Principal, user_id: UserId | None, needed: Permission) -> UserId:
    """Return the user whose documents are meant; without ``user_id`` it is the caller.

    The caller's own documents take no permission. Those that are named by a user's id do, also if
    it is the caller's own id. Raises PermissionDenied, and UserNotFound for a caller without an
    account.
    """
    if user_id is not None:
        principal.require(needed)
        return user_id
    if principal.user_id is None:
        raise UserNotFound
    return principal.user_id


async def document_of(
    unit: DocumentsUnit, owner: UserId, document_id: DocumentId, *, now: datetime
) -> Document:
    """Return the user's document.

    Raises DocumentNotFound alike for an unknown document, one that is over and another user's.
    """
    document = await unit.documents.get(document_id)
    if document is None or document.user_id != owner or document.is_over(now):
        raise DocumentNotFound
    return document
