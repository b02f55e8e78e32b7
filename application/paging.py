"""Pages of a list that stay stable while rows are added (keyset paging)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from application.ports.crypto import SealBroken, SecretBox
from domain.errors import InvalidSecret

_PURPOSE = "cursor v1"


class InvalidCursor(InvalidSecret):
    """The cursor was not given out for this query and this caller."""

    code = "INVALID_CURSOR"
    message = "This cursor does not belong to this list. Start from the first page."
    meaning = "The cursor is not one that this query gave out."


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is asked for: so many items, behind a cursor if there is one.

    ``counted`` asks for the number of all items as well.
    """

    limit: int
    cursor: str | None = None
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Part of a list. ``next_cursor`` leads on; None on the last page.

    ``count`` is the number of all items, None where it was not asked for.
    """

    items: list[T]
    limit: int
    next_cursor: str | None = None
    count: int | None = None


class Cursors:
    """Seals the place where a page ended, bound to its query and its caller (AZ-6)."""

    def __init__(self, *, secret_box: SecretBox) -> None:
        self._secret_box = secret_box

    def seal(self, position: str, *, query: str) -> str:
        """Return a cursor that only the same ``query`` opens."""
        sealed = self._secret_box.seal(f"{query}\n{position}".encode(), purpose=_PURPOSE)
        return _text(sealed)

    def open(self, cursor: str, *, query: str) -> str:
        """Return the position; raise :class:`InvalidCursor` for any other text."""
        try:
            sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            plain = self._secret_box.open(sealed, purpose=_PURPOSE).decode()
        except (ValueError, SealBroken):
            raise InvalidCursor from None
        made_for, _, position = plain.partition("\n")
        if made_for != query or _text(sealed) != cursor:
            raise InvalidCursor
        return position

    def start[P](self, asked: PageRequest, *, query: str, place: Callable[[str], P]) -> P | None:
        """Return the place behind which the page starts, or None for the first page.

        ``place`` reads what a position was written as. Raises :class:`InvalidCursor`.
        """
        if not asked.cursor:
            return None
        position = self.open(asked.cursor, query=query)
        try:
            return place(position)
        except ValueError:
            raise InvalidCursor from None

    def page[T](
        self,
        found: Sequence[T],
        asked: PageRequest,
        *,
        query: str,
        position: Callable[[T], str],
        count: int | None = None,
    ) -> Page[T]:
        """Return the page that was asked for out of one more item that was looked for.

        The cursor, if something follows, holds the ``position`` of the last item on the page.
        """
        items = list(found[: asked.limit])
        more = len(found) > asked.limit
        following = self.seal(position(items[-1]), query=query) if more else None
        return Page(items, asked.limit, following, count)

    def page_of_all[T](
        self,
        everything: Iterable[T],
        asked: PageRequest,
        *,
        query: str,
        position: Callable[[T], str],
    ) -> Page[T]:
        """Return the page that was asked for of a short list that is at hand as a whole.

        Positions are unique and give the order. Raises :class:`InvalidCursor`.
        """
        behind = self.start(asked, query=query, place=str) or ""
        ordered = sorted(everything, key=position)
        rest = [item for item in ordered if position(item) > behind]
        count = len(ordered) if asked.counted else None
        return self.page(rest, asked, query=query, position=position, count=count)


def _text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()
