"""Doing it again when somebody else was first."""

from collections.abc import Awaitable, Callable

from domain.errors import ConcurrentChange

ATTEMPTS = 10


async def retry_on_conflict[T](change: Callable[[], Awaitable[T]]) -> T:
    """Return what ``change`` returns, from the first run that nobody else's save overtook.

    Each run opens a unit of work of its own and starts from what is there now. Raises the
    last :class:`~domain.errors.ConcurrentChange` after a few runs.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await change()
        except ConcurrentChange:
            continue
    return await change()
