"""How the command line ends: one exit code per kind of refusal (sysexits' 75 included)."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, Final

from application.keys.keyring import SigningKeyUnreadable
from domain.errors import Conflict, DomainError, LimitExceeded, NotFound, Unavailable
from entrypoints.lifecycle import StartRefused

REFUSED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
TRY_LATER: Final = 75

_EXIT_OF_KIND: Final[dict[type[DomainError], int]] = {
    NotFound: NOT_FOUND,
    LimitExceeded: TRY_LATER,
    Unavailable: TRY_LATER,
    Conflict: REFUSED,
}


def exit_code_of(error: DomainError) -> int:
    """Return the exit code of the error's kind."""
    kinds = (kind for kind in type(error).__mro__ if kind in _EXIT_OF_KIND)
    return _EXIT_OF_KIND.get(next(kinds, DomainError), REFUSED)


def run[T](job: Coroutine[Any, Any, T]) -> T:
    """Run the job to its end; a refusal goes to standard error and becomes the exit code."""
    try:
        return asyncio.run(job)
    except DomainError as error:
        say(f"{error.code}: {error.message}")
        for violation in error.details:
            say(f"  {violation.field}: {violation.code}: {violation.message}")
        raise SystemExit(exit_code_of(error)) from None
    except (StartRefused, SigningKeyUnreadable) as problem:
        say(str(problem))
        raise SystemExit(REFUSED) from None
    except asyncio.CancelledError:
        raise SystemExit(REFUSED) from None


def say(line: str) -> None:
    """Write a line to standard error."""
    print(line, file=sys.stderr)
