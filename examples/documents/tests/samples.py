"""
Ready-made documents, and who reads them.
"""

import secrets
from datetime import UTC, datetime, timedelta

from domain.identifiers import UserId
from domain.principal import Principal, PrincipalKind
from domain.users.user import User
from examples.documents.domain.document import Document

NOW = datetime(2026, 11, 5, 9, 30, 15, 123456, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def a_document(
    user_id: UserId,
    title: str = "On the Analytical Engine",
    *,
    expires_at: datetime | None = None,
    now: datetime = NOW,
) -> Document:
    """
    Return a document that was not kept yet.
    """
    document, _ = Document.write(
        user_id=user_id,
        title=title,
        text="It weaves\nalgebraic patterns. 🧵",
        expires_at=expires_at,
        now=now,
        entropy=secrets.token_bytes,
    )
    return document


def principal_of(user: User) -> Principal:
    """
    Return the user as the caller of a request.
    """
    return Principal(
        kind=PrincipalKind.USER,
        user_id=user.id,
        roles=user.roles,
        permissions=user.defined_permissions,
    )
