"""Answers that are repeated instead of doing the same thing twice."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What became of asking for a key.

    ``is_ours``: the request is to be done, and no other process does it meanwhile. Else
    ``fingerprint`` is that of the request which has the key, and ``answer`` is its sealed
    answer, or None while it is still being done.
    """

    is_ours: bool
    fingerprint: bytes
    answer: bytes | None = None


class IdempotencyStore(Protocol):
    """Who has which key, and the answers that were given.

    Each method is one step of its own: what was claimed stays claimed, whatever happens.
    """

    @abstractmethod
    async def claim(
        self, key: bytes, fingerprint: bytes, *, now: datetime, stale: datetime, expired: datetime
    ) -> Claim:
        """Take the key, or say who has it: of twenty at once one gets it.

        An answer from before ``expired`` counts no more, and neither does a claim from before
        ``stale`` that was never answered: its process is gone. Raises ServiceUnavailable when
        the store does not answer: then nothing must be done.
        """

    @abstractmethod
    async def complete(self, key: bytes, answer: bytes, *, claimed_at: datetime) -> bool:
        """Keep the answer; False if another claim has the key by now."""

    @abstractmethod
    async def release(self, key: bytes, *, claimed_at: datetime) -> None:
        """Give the key back, so that the request can be tried again."""

    @abstractmethod
    async def purge(self, *, before: datetime, limit: int) -> int:
        """Forget up to that many keys that were taken before then; return how many."""
