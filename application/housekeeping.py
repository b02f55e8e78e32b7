"""Clearing away what is over."""

from datetime import timedelta

from application.ports.clock import Clock
from application.ports.rate_limiter import RateLimiter
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.sign_in_attempts import FORGOTTEN_AFTER

KEEP_ENDED_SESSIONS = timedelta(days=7)
KEEP_SENT_MESSAGES = timedelta(days=7)
KEEP_GONE_KEYS = timedelta(days=30)


class PurgeExpired:
    """Remove what can no longer be used, and wipe sealed successors whose grace has passed."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        limiter: RateLimiter,
        clock: Clock,
        grace: timedelta,
    ) -> None:
        self._unit_of_work, self._limiter = unit_of_work, limiter
        self._clock, self._grace = clock, grace

    async def __call__(self) -> int:
        """Return how many records were removed."""
        now = self._clock.now()
        async with self._unit_of_work() as unit:
            removed = await unit.sessions.purge(
                over_before=now - KEEP_ENDED_SESSIONS, rotated_before=now - self._grace
            )
            removed += await unit.one_time_tokens.purge(now=now)
            removed += await unit.attempts.purge(before=now - FORGOTTEN_AFTER)
            removed += await unit.outbox.purge(before=now - KEEP_SENT_MESSAGES)
            removed += await unit.signing_keys.purge(gone_before=now - KEEP_GONE_KEYS)
            await unit.commit()
        return removed + await self._limiter.purge(now=now)
