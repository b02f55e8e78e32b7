"""The routes of documents, collected: none is public, and one error is new."""

from entrypoints.http.room import Room, Tag
from examples.documents.domain.document import DocumentNotFound
from examples.documents.entrypoints.http import of_users, own

ROOM = Room(
    routers=(own.router, of_users.router),
    errors=(DocumentNotFound,),
    tags=(
        Tag("My documents", "The caller's own documents."),
        Tag("Documents of users", "Other users' documents, for a caller with the permission."),
    ),
)
