"""The folder in which several processes count requests together, where METRICS is on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Final

from entrypoints.lifecycle import StartRefused

# What is made there has a name that none can foretell.
_IN_MEMORY: Final = "/dev/shm"  # noqa: S108  # nosec B108


@contextmanager
def counting_together() -> Iterator[None]:
    """Have this process and its children count in files of one folder, removed after the block.

    To be entered before :mod:`~entrypoints.http.operations.metrics` is imported: its library asks
    the environment but once. Raises StartRefused if no folder can be made.
    """
    try:
        # No request is to wait for a disk because it is counted.
        in_memory = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
        folder = TemporaryDirectory(prefix="doorward-metrics-", dir=in_memory)
    except OSError as failure:
        raise StartRefused(
            "METRICS: several processes count in files, and no folder for them can be made"
            f" ({failure.strerror}). Set TMPDIR to a folder that this user may write to."
        ) from None
    with folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder.name
        yield
