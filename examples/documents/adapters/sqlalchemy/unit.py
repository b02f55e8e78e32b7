"""The unit of work on a database: Doorward's, and documents."""

from functools import cached_property

from adapters.sqlalchemy.service_unit import SqlAlchemyUnitOfWork
from examples.documents.adapters.sqlalchemy.documents import SqlAlchemyDocumentRepository
from examples.documents.application.ports import DocumentRepository, DocumentsUnit


class SqlAlchemyDocumentsUnitOfWork(SqlAlchemyUnitOfWork, DocumentsUnit):
    """What every capability can reach in one."""

    @cached_property
    def documents(self) -> DocumentRepository:
        """Made when it is first asked for."""
        return SqlAlchemyDocumentRepository(self._execution)
