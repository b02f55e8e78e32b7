"""How the command line ends: one exit code per kind of refusal (sysexits' 75 included)."""

import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from domain.errors import DomainError

REFUSED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
TRY_LATER: Final = 75
INTERRUPTED: Final = 130
"""Ctrl-C, as a shell reports it."""
READER_LEFT: Final = 141
"""What a shell reports of a program whose reader has left: 128 and the number of SIGPIPE."""


def exit_code_of(error: "DomainError") -> int:
    """Return the exit code of the error's kind."""
    from domain.errors import LimitExceeded, NotFound, Unavailable

    match error:
        case NotFound():
            return NOT_FOUND
        case LimitExceeded() | Unavailable():
            return TRY_LATER
    return REFUSED


def run[T](job: Coroutine[Any, Any, T]) -> T:
    """Run the job to its end; a refusal goes to standard error and becomes the exit code."""
    import asyncio

    from application.keys.keyring import SigningKeyUnreadable
    from domain.errors import DomainError, ServiceUnavailable
    from domain.failures import Remedy
    from entrypoints.lifecycle import StartRefused

    try:
        return asyncio.run(job)
    except ServiceUnavailable as error:
        failure = error.failure
        say(f"{error.code}: {error.message if failure is None else failure}")
        waiting_helps = failure is None or failure.remedy is Remedy.TIME
        raise SystemExit(TRY_LATER if waiting_helps else REFUSED) from None
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
