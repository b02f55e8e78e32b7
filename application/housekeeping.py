"""Removing what has expired: in batches, each kind for itself."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory

BATCH = 1000
MOST_BATCHES = 1000


@dataclass(frozen=True, slots=True)
class Purge:
    """One kind of row that can no longer be used.

    ``remove`` removes up to that many in a commit of its own and returns how many it removed.
    """

    name: str
    remove: Callable[[int], Awaitable[int]]


def purge_in[U: UnitOfWork](
    units: UnitOfWorkFactory[U], name: str, remove: Callable[[U, int], Awaitable[int]]
) -> Purge:
    """Return the purge that runs ``remove`` in a unit of work and commits."""

    async def run(limit: int) -> int:
        async with units() as unit:
            removed = await remove(unit, limit)
            await unit.commit()
        return removed

    return Purge(name, run)


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """How many rows of each kind were removed, and what failed."""

    removed: Mapping[str, int]
    failed: Mapping[str, Exception]


class PurgeExpired:
    """Run every capability's purge.

    In bounded batches, so that no transaction holds many rows; and one kind that fails delays
    no other.
    """

    def __init__(self, *, purges: Sequence[Purge]) -> None:
        self._purges = purges

    async def __call__(self) -> PurgeReport:
        """Return what was done. What failed is tried again at the next call."""
        removed: dict[str, int] = {}
        failed: dict[str, Exception] = {}
        for purge in self._purges:
            removed[purge.name] = 0
            try:
                for _ in range(MOST_BATCHES):
                    count = await purge.remove(BATCH)
                    removed[purge.name] += count
                    if count < BATCH:
                        break
            except Exception as error:
                failed[purge.name] = error
        return PurgeReport(removed, failed)
