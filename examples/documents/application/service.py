"""Doorward with documents: one capability more, made when it is first asked for."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

from application.housekeeping import Purge
from application.owned_data import OwnedData
from application.service import Service, ServiceUnit
from examples.documents.application.ports import DocumentsUnit
from examples.documents.application.wiring import Documents, documents


class DocumentsServiceUnit(ServiceUnit, DocumentsUnit, Protocol):
    """What Doorward's capabilities touch, and documents."""


class DocumentsService(Service[DocumentsServiceUnit]):
    """Every capability of Doorward, and documents."""

    @cached_property
    def documents(self) -> Documents:
        """Documents that belong to users."""
        return documents(kernel=self.kernel, audit=self.audit, units=self.ports.units)

    @property
    def owned(self) -> Sequence[OwnedData[DocumentsServiceUnit]]:
        """What capabilities below accounts hold about a user: documents, too."""
        return (*super().owned, *self.documents.owned)

    @property
    def purges(self) -> Sequence[Purge]:
        """What every capability clears away."""
        return (*super().purges, *self.documents.purges)


def documents_in(service: Service[Any]) -> Documents:
    """Return the documents capability of the service that a route or a command was given.

    Raises TypeError for a service that was put together without it.
    """
    if not isinstance(service, DocumentsService):
        raise TypeError("this service was put together without documents")
    return service.documents
