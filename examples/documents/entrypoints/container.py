"""The composition root: Doorward's parts, and what is different with documents."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dependency_injector import providers

from entrypoints.container import Container, ports
from entrypoints.settings import Settings
from examples.documents.migrations import DOCUMENTS

if TYPE_CHECKING:
    from application.ports.unit_of_work import UnitOfWorkFactory
    from application.service import Service
    from examples.documents.application.service import DocumentsServiceUnit


def _units(c: Container) -> "UnitOfWorkFactory[DocumentsServiceUnit]":
    if c.settings().in_memory:
        from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
        from examples.documents.adapters.memory.unit import MemoryDocumentsUnitOfWork

        return MemoryUnitOfWorkFactory(c.memory_store(), MemoryDocumentsUnitOfWork)
    from adapters.sqlalchemy.unit_of_work import SqlAlchemyUnitOfWorkFactory
    from examples.documents.adapters.sqlalchemy.unit import SqlAlchemyDocumentsUnitOfWork

    return SqlAlchemyUnitOfWorkFactory(c.engine(), SqlAlchemyDocumentsUnitOfWork)


def _service(c: "DocumentsContainer") -> "Service[Any]":
    from entrypoints.policies import policies
    from examples.documents.application.service import DocumentsService
    from examples.documents.domain.permissions import PERMISSIONS

    ours = policies(c.settings(), common_passwords=c.common_passwords())
    chosen = replace(ours, own_permissions=ours.own_permissions.union(PERMISSIONS))
    return DocumentsService(ports(c, c.unit_of_work()), chosen)


class DocumentsContainer(Container):
    """Every part of Doorward, with a branch of the schema, a unit of work and a service more."""

    branches = (*Container.branches, DOCUMENTS)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.unit_of_work = providers.Singleton(_units, self)
        self.service = providers.Singleton(_service, self)
