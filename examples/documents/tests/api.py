"""
The service with documents in this process, and a client of it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx

from application.ports.unit_of_work import UnitOfWorkFactory
from domain.identifiers import UserId
from entrypoints.http.app import create_app
from entrypoints.lifecycle import build_container
from examples.documents.application.service import DocumentsServiceUnit
from examples.documents.domain.document import Document
from examples.documents.entrypoints.container import DocumentsContainer
from examples.documents.entrypoints.http.app import ROOMS
from tests.http.client import Api, Tokens, data_of, settings_for
from tests.http.contract import Contract


class DocumentsApi(Api):
    """
    Doorward's client, with the verbs of documents. Every answer is held against what this service
    says of itself: its OpenAPI document and its catalogue of errors.
    """

    async def write(self, tokens: Tokens, title: str = "Notes", **more: Any) -> dict[str, Any]:
        """
        Keep a document of the caller's.
        """
        body = {"title": title, "text": "text", **more}
        made: dict[str, Any] = data_of(
            await self.post("/api/v1/users/me/documents", body, access=tokens.access), 201
        )
        return made

    async def titles(self, tokens: Tokens) -> list[str]:
        """
        Return the titles of the caller's documents, the newest first.
        """
        answer = await self.get("/api/v1/users/me/documents", access=tokens.access)
        return [document["title"] for document in data_of(answer)]

    async def kept(self, user_id: str) -> list[Document]:
        """
        Return the user's documents as the store has them, over or not.
        """
        units: UnitOfWorkFactory[DocumentsServiceUnit] = self.container.unit_of_work()
        async with units.read_only() as unit:
            return await unit.documents.list_kept(UserId.parse(user_id), limit=1000)

    async def put(self, path: str, json: Any, **options: Any) -> httpx.Response:
        return await self.send("PUT", path, json=json, **options)


@cache
def _contract() -> Contract:
    app = create_app(build_container(settings_for("memory://"), DocumentsContainer), rooms=ROOMS)
    return Contract(app.openapi(), app.state.catalogue)


@asynccontextmanager
async def running_documents(url: str) -> AsyncIterator[DocumentsApi]:
    """
    Start the service as its server would, and stop it.
    """
    container = build_container(settings_for(url), DocumentsContainer)
    app = create_app(container, rooms=ROOMS)
    async with app.router.lifespan_context(app):
        api = DocumentsApi(app, container)
        api.contract = _contract()
        async with api.http:
            yield api
            await api.settled()
