"""Words that others store, kept once more beside the code: they are added, never changed or lost.

One file for each capability under ``vocabularies/``: its events, permissions, error codes with
their statuses, the operations that clients call, and the routes that need no caller. A capability
that is added brings its own.
"""

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "vocabularies"


def _parts(name: str) -> list[Any]:
    files = sorted(_FOLDER.glob("*.json"))
    assert files, "the snapshots are gone"
    read = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    return [content[name] for content in read if name in content]


def _words(name: str) -> frozenset[str]:
    return frozenset(word for part in _parts(name) for word in part)


EVENTS = _words("events")
PERMISSIONS = _words("permissions")
OPERATIONS = _words("operations")
ERRORS: dict[str, int] = {
    code: status for part in _parts("errors") for code, status in part.items()
}
PUBLIC_ROUTES = frozenset(
    (method, path)
    for method, _, path in (route.partition(" ") for route in _words("public_routes"))
)
