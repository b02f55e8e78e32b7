"""What the server could not read as HTTP, handed to the application to be refused by it (HD-5)."""

from typing import Any, Final

from starlette.types import Scope

_KEY: Final = "unreadable"


def mark_unreadable(state: dict[str, Any]) -> None:
    """Note in a scope's ``state`` that the request, or its body, is no HTTP."""
    state[_KEY] = True


def is_unreadable(scope: Scope) -> bool:
    """Tell whether the request has to be refused since it, or its body, is no HTTP."""
    return _KEY in scope.get("state", ())
