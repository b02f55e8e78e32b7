"""Why a process must not start, or must not go on."""

from collections.abc import Mapping

from domain.failures import Failure


class StartRefused(Exception):
    """The process must not start; the message says what to do, ``failure`` why, if it is known."""

    def __init__(self, message: str, failure: Failure | None = None) -> None:
        super().__init__(message)
        self.failure = failure

    @property
    def facts(self) -> Mapping[str, str]:
        """Return the fields of a log record."""
        return {"why": str(self)} if self.failure is None else self.failure.facts
