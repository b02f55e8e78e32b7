"""What each capability holds about a person: its part of their export, and of their erasure."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.email_address import EmailAddress
from domain.identifiers import SessionId, UserId

type Plain = bool | int | str | datetime | Sequence["Plain"] | Mapping[str, "Plain"] | None
"""What an export is made of. The entrypoints write times in RFC 3339, and all else as it is."""

type Record = Mapping[str, Plain]
"""One thing that is held, field by field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose data it is. ``session_id`` is the session that asks for it, if one does."""

    user_id: UserId
    email: EmailAddress
    session_id: SessionId | None = None


class OwnedData[U](Protocol):
    """One section of what is held about a user; ``U`` is the unit of work that it needs.

    ``section`` is its name in the export; ``is_list`` tells whether it holds any number of
    records, or at most one.
    """

    section: str
    is_list: bool

    @abstractmethod
    def records(self, owner: Owner) -> AsyncIterator[Record]:
        """Yield what is held, but no secret and no hash of one; in bounded memory.

        No unit of work stays open between two records: the reader may take any time.
        """

    @abstractmethod
    async def erase(self, unit: U, owner: Owner) -> None:
        """Remove it in the unit of work that removes the user (HD-13).

        What belongs to the user's row goes with that row, and needs nothing here.
        """


BATCH = 500
"""How many records a section reads at a time."""


async def in_batches[T, P](
    read: Callable[[P | None], Awaitable[Sequence[T]]], place: Callable[[T], P]
) -> AsyncIterator[T]:
    """Yield all items of a list that may be long.

    ``read`` returns up to :data:`BATCH` items behind a place, or the first ones for None;
    ``place`` says where an item stands.
    """
    behind: P | None = None
    while True:
        batch = await read(behind)
        for item in batch:
            yield item
        if len(batch) < BATCH:
            return
        behind = place(batch[-1])
