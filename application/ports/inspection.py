"""What a part that the service depends on is like, for an operator to read."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from domain.failures import Failure

type Level = Literal["ok", "note", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing to say: a fact, a limit that holds here, a risk, or a fault; and what to do."""

    level: Level
    message: str
    cure: str = ""
    reason: str | None = None
    """The stable name of the cause, where it is known."""

    @classmethod
    def of(cls, failure: Failure) -> "Observation":
        """Return what is to say of a part that cannot be used."""
        said, cure = failure.what_happened, failure.cure
        return cls(level="error", message=said, cure=cure, reason=failure.reason)


class Inspection(Protocol):
    """Looks at one part, closer than a health probe. ``name`` says at which."""

    name: str

    @abstractmethod
    async def observations(self) -> Sequence[Observation]:
        """Return what there is to say, at least one thing.

        Nothing is made or changed by it. A part that cannot be reached is an observation too. No
        user, password or other secret is named.
        """
