"""The schema's history. Operators and entrypoints use :mod:`migrations.runner`."""

from pathlib import Path


def newest_revision() -> str:
    """Return the revision that this code is written for, by the name of its newest file.

    Alembic itself is loaded only where something is migrated: a start should not pay for it.
    """
    return max(
        file.stem.split("_")[0] for file in (Path(__file__).parent / "versions").glob("*.py")
    )
