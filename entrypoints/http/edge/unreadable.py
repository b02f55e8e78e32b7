"""What the server could not read as HTTP, handed to the application to be refused by it (HD-5)."""

import re
from collections.abc import Iterable
from typing import Any, Final

from starlette.types import Scope

_KEY: Final = "unreadable"
_HOST: Final = re.compile(rb"(?:\[[0-9A-Za-z:.%_~-]+\]|[0-9A-Za-z.~!$&'()*+;=%_-]*)(?::[0-9]*)?")


def mark_unreadable(state: dict[str, Any]) -> None:
    """Note in a scope's ``state`` that the request, or its body, is no HTTP."""
    state[_KEY] = True


def is_unreadable(scope: Scope) -> bool:
    """Tell whether the request has to be refused since it, or its body, is no HTTP."""
    return _KEY in scope.get("state", ())


def is_unambiguous(headers: Iterable[tuple[bytes, bytes]], version: str) -> bool:
    """Tell whether the headers name one host (RFC 9112, 3.2) and no unknown coding (6.1)."""
    hosts = 0
    for name, value in headers:
        if name == b"host":
            hosts += 1
            if _HOST.fullmatch(value) is None:
                return False
        elif name == b"transfer-encoding" and value.lower() != b"chunked":
            return False
    return hosts == 1 or (not hosts and version < "1.1")
