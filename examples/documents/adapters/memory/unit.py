"""The unit of work in memory: Doorward's, and documents."""

from functools import cached_property

from adapters.memory.service_unit import MemoryUnitOfWork
from examples.documents.adapters.memory.documents import MemoryDocumentRepository
from examples.documents.application.ports import DocumentRepository, DocumentsUnit


class MemoryDocumentsUnitOfWork(MemoryUnitOfWork, DocumentsUnit):
    """What every capability can reach in one."""

    @cached_property
    def documents(self) -> DocumentRepository:
        """Made when it is first asked for."""
        return MemoryDocumentRepository(self._transaction)
