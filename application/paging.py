"""Pages of a list that stay stable while rows are added (keyset paging)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from application.ports.tokens import SealBroken, SecretBox
from domain.errors import InvalidSecret

_PURPOSE = "cursor v1"


class InvalidCursor(InvalidSecret):
    """The cursor was not given out for this query and this caller."""

    code = "INVALID_CURSOR"
    message = "This cursor does not belong to this list. Start from the first page."


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Part of a list. ``next_cursor`` leads on; None on the last page."""

    items: list[T]
    next_cursor: str | None


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

    def page[T](
        self, found: Sequence[T], limit: int, *, query: str, position: Callable[[T], str]
    ) -> Page[T]:
        """Return the page of ``limit`` items out of one more that was looked for.

        The cursor, if something follows, holds the ``position`` of the last item on the page.
        """
        items = list(found[:limit])
        more = len(found) > limit
        following = self.seal(position(items[-1]), query=query) if more else None
        return Page(items=items, next_cursor=following)


def _text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()
