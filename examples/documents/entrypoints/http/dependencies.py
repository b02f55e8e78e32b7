"""What the routes of documents ask for, beside what every route may."""

from typing import Annotated

from fastapi import Depends

from entrypoints.http.edge.dependencies import Services
from examples.documents.application.service import documents_in
from examples.documents.application.wiring import Documents


async def documents_of(services: Services) -> Documents:
    """Return the documents of the app that serves this request."""
    return documents_in(services)


type DocumentsUse = Annotated[Documents, Depends(documents_of)]
