"""Write the next revision from what changed in the tables: read it before you run it."""

import asyncio
import sys

from examples.documents.entrypoints.container import DocumentsContainer
from examples.documents.migrations import DOCUMENTS
from migrations.drafting import draft


def main() -> None:
    """Write the revision and say where it is."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m examples.documents.entrypoints.cli.revision MESSAGE")
    branches = DocumentsContainer.branches
    print(asyncio.run(draft(sys.argv[1], branch=DOCUMENTS, branches=branches)))


if __name__ == "__main__":
    main()
