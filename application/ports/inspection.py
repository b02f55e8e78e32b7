"""What a part that the service depends on is like, for an operator to read."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

type Level = Literal["ok", "note", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One thing to say: a fact, a limit that holds here, a risk, or a fault; and what to do."""

    level: Level
    message: str
    cure: str = ""


class Inspection(Protocol):
    """Looks at one part, closer than a health probe. ``name`` says at which."""

    name: str

    @abstractmethod
    async def observations(self) -> Sequence[Observation]:
        """Return what there is to say, at least one thing.

        Nothing is made or changed by it. A part that cannot be reached is an observation too. No
        user, password or other secret is named.
        """
