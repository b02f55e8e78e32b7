"""Writing, changing and removing documents."""

from datetime import datetime

from application.audit.recording import Recorder
from application.expectations import Expected, require_expected
from application.ports.clock import Clock, Randomness
from application.ports.unit_of_work import UnitOfWorkFactory
from application.retrying import retry_on_conflict
from application.users.lookup import existing_user
from domain.identifiers import UserId
from domain.origin import Origin
from domain.principal import Principal
from examples.documents.application.lookup import document_of, owner_meant
from examples.documents.application.ports import DocumentsUnit
from examples.documents.domain.document import Document, DocumentNotFound
from examples.documents.domain.events import DocumentId
from examples.documents.domain.permissions import DOCUMENTS_WRITE


class CreateDocument:
    """Write a document: one's own, or another user's with the permission."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory[DocumentsUnit],
        clock: Clock,
        randomness: Randomness,
        recorder: Recorder,
    ) -> None:
        self._unit_of_work, self._clock = unit_of_work, clock
        self._randomness, self._recorder = randomness, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        title: str,
        text: str,
        origin: Origin,
        expires_at: datetime | None = None,
        user_id: UserId | None = None,
    ) -> Document:
        """Return the new document; without ``user_id`` it is the caller's own.

        Raises PermissionDenied, UserNotFound and ValidationFailed.
        """
        owner = owner_meant(principal, user_id, DOCUMENTS_WRITE)
        document, event = Document.write(
            user_id=owner,
            title=title,
            text=text,
            expires_at=expires_at,
            now=self._clock.now(),
            entropy=self._randomness.token_bytes,
        )
        async with self._unit_of_work() as unit:
            await existing_user(unit, owner)
            await unit.documents.add(document)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
        return document


class ChangeDocument:
    """Give one of the caller's own documents another title and text."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[DocumentsUnit], clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        document_id: DocumentId,
        title: str,
        text: str,
        expected: Expected[Document] | None,
        origin: Origin,
    ) -> Document:
        """Return the document as it is now.

        ``expected`` is asked about the present state first; if it says no, ChangedMeanwhile is
        raised and nothing is written. Raises DocumentNotFound and ValidationFailed.
        """
        owner = owner_meant(principal, None, DOCUMENTS_WRITE)

        async def change() -> Document:
            now = self._clock.now()
            async with self._unit_of_work() as unit:
                document = await document_of(unit, owner, document_id, now=now)
                require_expected(document, expected)
                event = document.change(title=title, text=text, now=now)
                if event is not None:
                    await unit.documents.save(document)
                    await self._recorder.record(unit, event, actor=principal, origin=origin)
                    await unit.commit()
            return document

        return await retry_on_conflict(change)


class RemoveDocument:
    """Remove a document: one's own, or another user's with the permission."""

    def __init__(
        self, *, unit_of_work: UnitOfWorkFactory[DocumentsUnit], clock: Clock, recorder: Recorder
    ) -> None:
        self._unit_of_work, self._clock, self._recorder = unit_of_work, clock, recorder

    async def __call__(
        self,
        *,
        principal: Principal,
        document_id: DocumentId,
        origin: Origin,
        user_id: UserId | None = None,
    ) -> None:
        """Return once it is gone, durably; without ``user_id`` it is one of the caller's own.

        Raises PermissionDenied, UserNotFound and DocumentNotFound.
        """
        owner = owner_meant(principal, user_id, DOCUMENTS_WRITE)
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            await existing_user(unit, owner)
            document = await document_of(unit, owner, document_id, now=now)
            if not await unit.documents.remove(document.id):
                raise DocumentNotFound  # removed by another request in the same moment
            event = document.removed(now=now)
            await self._recorder.record(unit, event, actor=principal, origin=origin)
            await unit.commit()
