"""A rate limiter for one process."""

from datetime import datetime, timedelta

from application.ports.rate_limiter import Admission, RateLimit, RateLimiter


class MemoryRateLimiter(RateLimiter):
    """Counts by GCRA: one time per limit and key says when the key is back at its full burst.

    There is no await between reading and writing that time, so no two requests can both take
    the last place.
    """

    def __init__(self) -> None:
        self._full_at: dict[tuple[str, str], datetime] = {}

    async def admit(self, limit: RateLimit, key: str, *, now: datetime) -> Admission:
        full_at = max(self._full_at.get((limit.name, key), now), now)
        capacity = limit.interval * limit.burst
        counted = full_at + limit.interval
        if counted - now > capacity:
            return Admission(
                admitted=False,
                limit=limit.burst,
                remaining=0,
                reset_after=full_at - now,
                retry_after=counted - now - capacity,
            )
        self._full_at[limit.name, key] = counted
        return Admission(
            admitted=True,
            limit=limit.burst,
            remaining=(capacity - (counted - now)) // limit.interval,
            reset_after=counted - now,
            retry_after=timedelta(),
        )

    async def purge(self, *, now: datetime, limit: int) -> int:
        full = [place for place, full_at in self._full_at.items() if full_at <= now][:limit]
        for place in full:
            del self._full_at[place]
        return len(full)

    def forget(self) -> None:
        """Take every key for one that was never counted."""
        self._full_at.clear()
