"""Lists on the command line, read to their ends through the use cases' pages."""

from collections.abc import Awaitable, Callable

from application.paging import Page, PageRequest
from entrypoints.cli.printing import Progress

_PAGE = 200


async def every[T](
    page_of: Callable[[PageRequest], Awaitable[Page[T]]], *, unit: str, at_most: int | None = None
) -> list[T]:
    """Return all items of a list, or ``at_most`` the first so many; ``unit`` is what they are."""
    found: list[T] = []
    cursor = None
    with Progress(unit) as progress:
        while at_most is None or len(found) < at_most:
            limit = _PAGE if at_most is None else min(_PAGE, at_most - len(found))
            page = await page_of(PageRequest(limit=limit, cursor=cursor))
            found += page.items
            progress.reached(len(found))
            if (cursor := page.next_cursor) is None:
                break
    return found
