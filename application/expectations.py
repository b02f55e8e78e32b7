"""What a caller expects of a change: of which state, and of which fields (RFC 9110, 13.1.1)."""

from collections.abc import Callable
from enum import Enum
from typing import Final

from domain.errors import PreconditionFailed


class Unchanged(Enum):
    """The one value that stands for a field which the caller left out."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED

type Expected[T] = Callable[[T], bool]
"""Tells whether the thing is in a state that the caller expects."""


class ChangedMeanwhile(PreconditionFailed):
    """``If-Match`` names another state than the present one."""

    code = "PRECONDITION_FAILED"
    message = "It is not in the state that you expected. Read it again."
    meaning = "It is not at the version in If-Match any more."


def require_expected[T](present: T, expected: Expected[T] | None) -> None:
    """Return if nothing was expected, or just this; else raise :class:`ChangedMeanwhile`."""
    if expected is not None and not expected(present):
        raise ChangedMeanwhile
