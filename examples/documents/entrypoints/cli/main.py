"""``doorward-documents …``: an installed package names ``main`` under ``[project.scripts]``."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from entrypoints.cli import main as doorward
from entrypoints.cli.service import Group

if TYPE_CHECKING:
    from entrypoints.http.room import Room
    from examples.documents.entrypoints.container import DocumentsContainer


def _container() -> "type[DocumentsContainer]":
    from examples.documents.entrypoints.container import DocumentsContainer

    return DocumentsContainer


def _rooms() -> "Sequence[Room]":
    from examples.documents.entrypoints.http.app import ROOMS

    return ROOMS


PROGRAM = replace(
    doorward.DOORWARD,
    name="doorward-documents",
    help="Doorward, with documents that belong to users.",
    container=_container,
    groups=(
        *doorward.DOORWARD.groups,
        Group(
            "examples.documents.entrypoints.cli.documents:documents",
            "documents",
            "Documents of users. SUBJECT is an id or an address.",
        ),
    ),
    rooms=_rooms,
)


def main() -> None:
    """Run the command line and end the process with its exit code."""
    doorward.main(PROGRAM)


if __name__ == "__main__":
    main()
