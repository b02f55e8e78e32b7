"""The command-line entrypoint, over the same use cases. Start with :mod:`entrypoints.cli.main`."""

import sys

# Before anything that an older Python cannot even read, so with no f-string, which some of them
# cannot (UP031). The floor is that of pyproject.toml.
if sys.version_info < (3, 12):  # noqa: UP036 - an environment of another Python is what it is for
    sys.exit(
        "doorward: this is Python %d.%d, and Doorward needs CPython 3.12, 3.13 or 3.14; in a clone,"  # noqa: UP031
        " `make run` brings one along." % sys.version_info[:2]
    )
