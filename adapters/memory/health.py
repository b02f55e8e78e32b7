"""A probe for what cannot be missing."""

from application.ports.health import HealthProbe


class AlwaysReady(HealthProbe):
    """Says that all is well until ``trouble`` is set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.trouble: str | None = None

    async def failure(self) -> str | None:
        return self.trouble
