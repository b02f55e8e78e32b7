"""
Fill .venv with exactly what the lock files name. Needs only python3 (3.8 or newer) and pip.

    python3 tools/bootstrap.py run           what the service needs
    python3 tools/bootstrap.py test check    and more, on top: nothing is ever taken away
    python3 tools/bootstrap.py bench         the peers to measure against, in .venv-bench

The work is in environments.py. This file is the one that every Python can read, down to 2.7, so
that one that is too old is told so in a sentence.
"""

import sys

if sys.version_info < (3, 8):  # noqa: UP036 - this is what it is for
    # No f-string: an old Python cannot read one.
    sys.exit(
        "bootstrap: this is Python %d.%d, too old even to fetch another one; install python3, 3.8"  # noqa: UP031
        " or newer, and name it to make as PYTHON=/path/to/python3." % sys.version_info[:2]
    )

if __name__ == "__main__":
    import environments

    sys.exit(environments.main(sys.argv[1:]))
