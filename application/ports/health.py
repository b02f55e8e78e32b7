"""Whether the parts that Doorward needs are there."""

from abc import abstractmethod
from typing import Protocol

from domain.failures import Failure


class HealthProbe(Protocol):
    """Checks one part. ``name`` stands in the readiness answer."""

    name: str

    @abstractmethod
    async def failure(self) -> Failure | None:
        """Return None if all is well, else what is wrong; ``public`` is for anyone to read."""
