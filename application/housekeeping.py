"""Clearing away what is over."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from application.idempotency import IdempotentRequests
from application.ports.clock import Clock
from application.ports.rate_limiter import RateLimiter
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
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
        idempotent_requests: IdempotentRequests,
        clock: Clock,
        grace: timedelta,
    ) -> None:
        self._unit_of_work, self._limiter = unit_of_work, limiter
        self._idempotent_requests = idempotent_requests
        self._clock, self._grace = clock, grace

    async def __call__(self) -> int:
        """Return how many records were removed.

        Each kind goes in a unit of work of its own, so that one that takes too long or fails
        does not bring back the others.
        """
        now = self._clock.now()
        ended, rotated = now - KEEP_ENDED_SESSIONS, now - self._grace
        purges: list[Callable[[UnitOfWork], Awaitable[int]]] = [
            lambda unit: unit.sessions.purge(over_before=ended, rotated_before=rotated),
            lambda unit: unit.one_time_tokens.purge(now=now),
            lambda unit: unit.invitations.purge(now=now),
            lambda unit: unit.attempts.purge(before=now - FORGOTTEN_AFTER),
            lambda unit: unit.outbox_ledger.purge(before=now - KEEP_SENT_MESSAGES, now=now),
            lambda unit: unit.signing_keys.purge(gone_before=now - KEEP_GONE_KEYS),
        ]
        removed = 0
        for purge in purges:
            async with self._unit_of_work() as unit:
                removed += await purge(unit)
                await unit.commit()
        removed += await self._idempotent_requests.purge()
        return removed + await self._limiter.purge(now=now)
