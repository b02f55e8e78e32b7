"""The documents capability, put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.audit.wiring import Audit
from application.housekeeping import Purge, purge_in
from application.kernel import Kernel
from application.owned_data import OwnedData
from application.ports.unit_of_work import UnitOfWorkFactory
from examples.documents.application.owned import DocumentsData
from examples.documents.application.ports import DocumentsUnit
from examples.documents.application.reading import ListDocuments, ShowDocument
from examples.documents.application.writing import (
    ChangeDocument,
    CreateDocument,
    RemoveDocument,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What the documents capability offers to entrypoints."""

    list: ListDocuments
    show: ShowDocument
    create: CreateDocument
    change: ChangeDocument
    remove: RemoveDocument
    owned: Sequence[OwnedData[DocumentsUnit]]
    purges: Sequence[Purge]


def documents(
    *, kernel: Kernel, audit: Audit, units: UnitOfWorkFactory[DocumentsUnit]
) -> Documents:
    """Return the capability over these ports."""
    clock, recorder = kernel.clock, audit.recorder
    return Documents(
        list=ListDocuments(unit_of_work=units, clock=clock, cursors=kernel.cursors),
        show=ShowDocument(unit_of_work=units, clock=clock),
        create=CreateDocument(
            unit_of_work=units, clock=clock, randomness=kernel.randomness, recorder=recorder
        ),
        change=ChangeDocument(unit_of_work=units, clock=clock, recorder=recorder),
        remove=RemoveDocument(unit_of_work=units, clock=clock, recorder=recorder),
        owned=(DocumentsData(unit_of_work=units),),
        purges=(
            purge_in(
                units,
                "documents",
                lambda unit, limit: unit.documents.purge(now=clock.now(), limit=limit),
            ),
        ),
    )
