"""What can be refused, and under which stable code.

::

    DomainError
    ├── InvalidSecret       a mailed secret or a cursor that cannot be used
    ├── NotAuthenticated    the caller is not known
    ├── Forbidden           the caller is known, and not allowed
    ├── NotFound            nothing there, or nothing the caller may see
    ├── Conflict            the state of things does not allow it
    ├── PreconditionFailed  the caller acted on an older version
    ├── InvalidInput        understood, but against a rule
    ├── LimitExceeded       too many requests or attempts
    └── Unavailable         a part that is needed does not answer

These classes say the *kind*. The concrete errors, each with a stable ``code``, stand in the
module that raises them; the few that every capability raises stand here. What a kind means on
the wire is the entrypoint's business: HTTP turns it into a status, the command line into an exit
code, the worker into retry or drop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from domain.failures import Failure


@dataclass(frozen=True, slots=True)
class Violation:
    """One reason for a refusal. Never holds the value that was refused."""

    field: str
    code: str
    message: str


class DomainError(Exception):
    """A refusal by a rule. ``code`` is stable, ``message`` is for people and names no input.

    ``meaning`` explains the code in the catalogue of errors; ``retryable`` says that the same
    request may succeed later.
    """

    code: ClassVar[str]
    message: ClassVar[str]
    meaning: ClassVar[str]
    retryable: ClassVar[bool] = False

    def __init__(
        self, *, details: Sequence[Violation] = (), retry_after: timedelta | None = None
    ) -> None:
        super().__init__(self.message)
        self.details = tuple(details)
        self.retry_after = retry_after

    @property
    def members(self) -> Mapping[str, object]:
        """Return what an answer says beside the rest, by name: what to do next, never any input.

        Plain values, times in UTC among them, in mappings and sequences.
        """
        return {}


class InvalidSecret(DomainError):
    """A mailed secret or a cursor is wrong, used, old or replaced."""


class NotAuthenticated(DomainError):
    """The caller has not proven who they are."""


class Forbidden(DomainError):
    """The caller is known and may not do this."""


class NotFound(DomainError):
    """There is no such thing, or the caller may not know of it."""


class Conflict(DomainError):
    """The present state does not allow the change."""


class PreconditionFailed(DomainError):
    """The caller acted on an older version than the present one."""


class InvalidInput(DomainError):
    """The input was understood and breaks a rule."""


class LimitExceeded(DomainError):
    """Too many attempts; ``retry_after`` says when to come back."""

    retryable = True


class Unavailable(DomainError):
    """Doorward or something that it needs cannot serve this now."""

    retryable = True


class ValidationFailed(InvalidInput):
    """Fields that do not have the required form; ``details`` names each."""

    code = "VALIDATION_ERROR"
    message = "Some fields are not valid."
    meaning = "Some fields are not valid; details name them."

    @classmethod
    def of(cls, field: str, code: str, message: str) -> "ValidationFailed":
        """Return the error for a single field."""
        return cls(details=[Violation(field, code, message)])


class NothingThere(NotFound):
    """There is nothing under this name or identifier."""

    code = "NOT_FOUND"
    message = "There is nothing here."
    meaning = "There is nothing at this path."


class ConcurrentChange(Conflict):
    """Another request saved the same thing first; nothing was written."""

    code = "CONFLICT"
    message = "Another request changed this first. Read it again and retry."
    meaning = "Another request changed it first: read it again."
    retryable = True


class ServiceUnavailable(Unavailable):
    """The store, or another part that Doorward needs, does not answer.

    ``failure`` says why, where that is known: for an operator and the log, never for a client.
    """

    code = "SERVICE_UNAVAILABLE"
    message = "The service cannot answer right now. Try again shortly."
    meaning = "A part that is needed is away."

    def __init__(
        self,
        *,
        details: Sequence[Violation] = (),
        retry_after: timedelta | None = None,
        failure: Failure | None = None,
    ) -> None:
        super().__init__(details=details, retry_after=retry_after)
        self.failure = failure

    @property
    def facts(self) -> Mapping[str, str]:
        """Return the fields of a log record: none if it is not known why."""
        return {} if self.failure is None else self.failure.facts


class TooManyRequests(LimitExceeded):
    """Too many; ``retry_after`` says when to come back. Says nothing about any account."""

    code = "TOO_MANY_REQUESTS"
    message = "Too many attempts. Try again later."
    meaning = "Too many attempts: come back later."
