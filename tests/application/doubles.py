"""Memory adapters that also count, or let something happen at the worst moment."""

from collections.abc import Awaitable, Callable

from adapters.memory.passwords import FastPasswordHasher
from adapters.memory.store import MemoryStore
from adapters.memory.unit_of_work import MemoryUnitOfWork, MemoryUnitOfWorkFactory


class CountingUnits(MemoryUnitOfWorkFactory):
    """Opens units of work over the store and counts the commits that changed something."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store)
        self.commits = 0

    def __call__(self) -> MemoryUnitOfWork:
        return _CountingUnit(self)


class _CountingUnit(MemoryUnitOfWork):
    def __init__(self, units: CountingUnits) -> None:
        super().__init__(units.store)
        self._units = units

    async def commit(self) -> None:
        await super().commit()
        self._units.commits += 1


class InterruptingHasher(FastPasswordHasher):
    """Lets something else happen, once, while a password is being evaluated."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def verify(self, password: str, hashed: str) -> bool:
        await self._interrupt()
        return await super().verify(password, hashed)

    async def hash(self, password: str) -> str:
        await self._interrupt()
        return await super().hash(password)

    async def _interrupt(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
