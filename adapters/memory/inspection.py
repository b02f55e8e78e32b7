"""A part that is whatever the test says."""

from collections.abc import Sequence

from application.ports.inspection import Inspection, Observation
from domain.failures import Failure


class MemoryInspection(Inspection):
    """Says that nothing is kept, or what trouble there is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.trouble: Failure | None = None

    async def observations(self) -> Sequence[Observation]:
        if self.trouble is not None:
            return [
                Observation(
                    level="error", message=self.trouble.what_happened, cure=self.trouble.cure
                )
            ]
        return [Observation(level="ok", message="In memory: nothing outlives the process.")]
