"""What there is to say of a part that cannot be missing."""

from collections.abc import Sequence

from application.ports.inspection import Inspection, Observation
from domain.failures import Failure


class MemoryInspection(Inspection):
    """Says that nothing is kept; ``trouble`` is for tests to set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.trouble: Failure | None = None

    async def observations(self) -> Sequence[Observation]:
        if self.trouble is not None:
            return [Observation.of(self.trouble)]
        return [Observation(level="ok", message="In memory: nothing outlives the process.")]
