"""Limits by count, shared by all processes (RL-4, RL-5)."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """Up to ``burst`` at once, and one more every ``interval``."""

    name: str
    burst: int
    interval: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The limiter's answer. ``retry_after`` is zero for an admitted request."""

    admitted: bool
    limit: int
    remaining: int
    reset_after: timedelta
    retry_after: timedelta


class RateLimiter(Protocol):
    """Counts requests per limit and key."""

    @abstractmethod
    async def admit(self, limit: RateLimit, key: str, *, now: datetime) -> Admission:
        """Count one request and say whether it is within the limit; refused ones cost nothing.

        Raises :class:`~domain.errors.ServiceUnavailable` when the store does not answer:
        an unreachable limiter never means "unlimited" (RL-5).
        """

    @abstractmethod
    async def purge(self, *, now: datetime, limit: int) -> int:
        """Forget up to that many keys that are back at their full burst; return how many."""
