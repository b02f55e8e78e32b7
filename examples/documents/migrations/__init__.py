"""The schema of documents: a branch of revisions beside Doorward's.

``python -m examples.documents.entrypoints.cli.revision 'add a column'`` writes the next one.
"""

from pathlib import Path

from migrations.branches import Branch

DOCUMENTS = Branch(
    "documents",
    Path(__file__).parent / "versions",
    tables="examples.documents.adapters.sqlalchemy",
)
