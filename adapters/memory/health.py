"""A probe for what cannot be missing."""

from application.ports.health import HealthProbe
from domain.failures import Failure


class AlwaysReady(HealthProbe):
    """Says that all is well until ``trouble`` is set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.trouble: Failure | None = None

    async def failure(self) -> Failure | None:
        return self.trouble
