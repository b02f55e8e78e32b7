"""Limits by count: per source on what anyone may call, per mailbox on what is mailed (RL-4).

The numbers are generous to people and to a whole office behind one address; the guard against
guessing is :mod:`application.credentials.attempts`, which counts per account. What takes a secret
of 256 bits (refresh, a mailed secret) has no limit: it cannot be guessed, and counting costs a
commit.
"""

from application.ports.clock import Clock
from application.ports.rate_limiter import Admission, RateLimit, RateLimiter


class AdmitRequest:
    """Count a request from one source against a limit."""

    def __init__(self, *, limiter: RateLimiter, clock: Clock, enabled: bool) -> None:
        self._limiter, self._clock, self._enabled = limiter, clock, enabled

    async def __call__(self, limit: RateLimit, *, source: str) -> Admission | None:
        """Return the limiter's answer, or None where limits are switched off."""
        if not self._enabled:
            return None
        return await self._limiter.admit(limit, source, now=self._clock.now())
