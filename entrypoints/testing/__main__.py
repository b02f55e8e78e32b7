"""The process behind :class:`~entrypoints.testing.service.RunningService`.

Reads its settings from the first line of standard input and serves until that is closed, which
the end of its parent does, however it ends.
"""

import json
import os
import signal
import sys
import threading


def main() -> None:
    """Serve with these settings and none of the environment's."""
    from entrypoints.settings.model import Settings

    given: dict[str, str] = json.loads(sys.stdin.readline())
    names = {name.upper() for name in Settings.model_fields}
    for name in [each for each in os.environ if each.upper() in names]:
        del os.environ[name]
    os.environ.update(given)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()

    from entrypoints.cli.main import main as doorward

    sys.argv[1:] = ["serve"]
    doorward()


def _end_with_the_parent() -> None:
    sys.stdin.read()
    # Two: the first begins to drain, the second ends at once.
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
