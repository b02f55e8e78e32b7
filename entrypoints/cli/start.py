"""Where the ``doorward`` of an installation begins: with the question whether all of it is there.

All else is in :mod:`entrypoints.cli.main`.
"""

import gc
import sys
from typing import NoReturn

_OURS = frozenset({"domain", "application", "adapters", "migrations", "entrypoints"})


def main() -> None:
    """Run the command line, or end the process with the cure for a broken installation."""
    gc.disable()  # all that is imported now stays: to look through it, also at the end, is in vain
    try:
        from entrypoints.cli.main import main as run

        gc.freeze()
        gc.enable()
        run()
    except ImportError as failure:
        _end(failure)


def _end(failure: ImportError) -> NoReturn:
    missing = (failure.name or "").partition(".")[0]
    if missing in _OURS:
        raise failure  # a fault of ours, for whom a traceback is meant
    what = f"the package {missing}" if missing else "a library"
    if sys.prefix == sys.base_prefix:
        cure = "Use the doorward of the environment that it was installed in, .venv/bin in a clone."
    else:
        cure = "In a clone, remove that folder and run `make run`; else install Doorward again."
    sys.exit(f"doorward: {what} is missing or broken in {sys.prefix}. {cure}")
