"""Running a change again when another request saved first."""

from collections.abc import Awaitable, Callable

from domain.errors import ConcurrentChange

ATTEMPTS = 10


async def retry_on_conflict[T](change: Callable[[], Awaitable[T]]) -> T:
    """Return what ``change`` returns, from the first run without a conflict.

    Each run opens a unit of work of its own and starts from the present state. Raises
    :class:`~domain.errors.ConcurrentChange` if the tenth run conflicts, too.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await change()
        except ConcurrentChange:
            continue
    return await change()
