"""Limits by count: per source on what anyone may call, per mailbox on what is mailed (RL-4).

The numbers are generous to people and to a whole office behind one address; the guard against
guessing is :mod:`application.attempts`, which counts per account. What takes a secret of 256 bits
(refresh, a mailed secret) has no limit: nobody guesses it, and counting costs a commit.
"""

from datetime import timedelta

from application.ports.clock import Clock
from application.ports.rate_limiter import Admission, RateLimit, RateLimiter
from domain.email_address import EmailAddress

SIGN_UP = RateLimit(name="sign-up", burst=120, interval=timedelta(seconds=5))
SIGN_IN = RateLimit(name="sign-in", burst=300, interval=timedelta(seconds=1))
MAIL_REQUEST = RateLimit(name="mail-request", burst=120, interval=timedelta(seconds=5))
VERIFICATION_MAIL = RateLimit(name="verification-mail", burst=10, interval=timedelta(minutes=5))
RESET_MAIL = RateLimit(name="reset-mail", burst=10, interval=timedelta(minutes=5))
EMAIL_CHANGE_MAIL = RateLimit(name="email-change-mail", burst=10, interval=timedelta(minutes=5))
INVITATION_MAIL = RateLimit(name="invitation-mail", burst=10, interval=timedelta(minutes=5))
ADDRESS_IN_USE_MAIL = RateLimit(name="address-in-use-mail", burst=3, interval=timedelta(hours=1))


class AdmitRequest:
    """Count a request from one source against a limit."""

    def __init__(self, *, limiter: RateLimiter, clock: Clock, enabled: bool) -> None:
        self._limiter, self._clock, self._enabled = limiter, clock, enabled

    async def __call__(self, limit: RateLimit, *, source: str) -> Admission | None:
        """Return the limiter's answer, or None where limits are switched off."""
        if not self._enabled:
            return None
        return await self._limiter.admit(limit, source, now=self._clock.now())


class MailAllowance:
    """How much mail of one kind a mailbox gets, whoever asks. Silent: the caller learns nothing.

    Counted only for mail that is really queued, and each kind for itself: nobody can use up what
    the owner needs without the owner having the mail (RL-2).
    """

    def __init__(self, *, limiter: RateLimiter, clock: Clock, enabled: bool) -> None:
        self._limiter, self._clock, self._enabled = limiter, clock, enabled

    async def __call__(self, limit: RateLimit, address: EmailAddress) -> bool:
        """Count one mail and tell whether it may go."""
        if not self._enabled:
            return True
        now = self._clock.now()
        return (await self._limiter.admit(limit, address.key, now=now)).admitted
