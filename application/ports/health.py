"""Whether the parts that Doorward needs are there."""

from abc import abstractmethod
from typing import Protocol


class HealthProbe(Protocol):
    """Checks one part. ``name`` stands in the readiness answer."""

    name: str

    @abstractmethod
    async def failure(self) -> str | None:
        """Return None if all is well, else what is wrong in a few words without secrets."""
