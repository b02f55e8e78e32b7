"""The shape that refusals have below ``/oauth2/``: that of RFC 6749, section 5.2, not ours.

All of them, those of the edge too: an OAuth client reads no other.
"""

import re
from typing import Final

from starlette.types import Scope

from domain.errors import DomainError
from domain.principal import PermissionDenied

PREFIX: Final = "/oauth2/"

_CODES: Final = {
    401: "invalid_token",
    403: "insufficient_scope",
    429: "temporarily_unavailable",
    500: "server_error",
    503: "temporarily_unavailable",
}
# RFC 6749, 5.2: no quote and no backslash in a description.
_UNFIT: Final = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


def speaks_oauth(scope: Scope) -> bool:
    """Tell whether the path is one where an OAuth client asks."""
    return bool(scope["path"].startswith(PREFIX))


def oauth_error(error: DomainError, status: int) -> dict[str, str]:
    """Return the two members of a refusal."""
    said = error.details[0].message if error.details else error.message
    return {
        "error": _CODES.get(status, "invalid_request"),
        "error_description": _UNFIT.sub(" ", said),
    }


def scope_challenge(error: DomainError) -> str:
    """Return the challenge of a 403: which scope is lacking, if one is (RFC 6750, 3.1)."""
    missing = error.missing if isinstance(error, PermissionDenied) else None
    wanted = "" if missing is None else f', scope="{missing}"'
    return f'Bearer error="insufficient_scope"{wanted}'
