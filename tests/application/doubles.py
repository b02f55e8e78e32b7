"""Memory adapters that also count, or let something happen at the worst moment."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.memory.credentials.hashing import FastPasswordHasher
from adapters.memory.service_unit import MemoryUnitOfWork
from adapters.memory.store import MemoryStore, Transaction
from adapters.memory.unit_of_work import MemoryUnitOfWorkFactory


class CountingUnits(MemoryUnitOfWorkFactory[MemoryUnitOfWork]):
    """Opens units of work over the store and counts the commits that changed something."""

    def __init__(self, store: MemoryStore) -> None:
        super().__init__(store, MemoryUnitOfWork)
        self.commits = 0

    def __call__(self) -> MemoryUnitOfWork:
        return _CountingUnit(self)


class _CountingUnit(MemoryUnitOfWork):
    def __init__(self, units: CountingUnits) -> None:
        super().__init__(Transaction(units.store, read_only=False))
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


def overtake(
    monkeypatch: pytest.MonkeyPatch,
    adapter: type,
    method: str,
    meanwhile: Callable[[], Awaitable[object]],
    *,
    times: int = 1,
) -> None:
    """Let something else happen before each of the first so many calls of the adapter's method.

    What happens then may call the same method, and is not overtaken itself.
    """
    genuine = getattr(adapter, method)
    left, happening = times, False

    async def call(self: object, *args: Any, **named: Any) -> Any:
        nonlocal left, happening
        if left and not happening:
            left, happening = left - 1, True
            try:
                await meanwhile()
            finally:
                happening = False
        return await genuine(self, *args, **named)

    monkeypatch.setattr(adapter, method, call)
