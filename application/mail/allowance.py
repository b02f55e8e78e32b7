"""How much mail of one kind a mailbox gets, and how often what is told there may be done (RL-4)."""

from datetime import timedelta

from application.ports.clock import Clock
from application.ports.rate_limiter import RateLimit, RateLimiter
from domain.email_address import EmailAddress
from domain.errors import TooManyRequests
from domain.principal import Principal

VERIFICATION_MAIL = RateLimit(name="verification-mail", burst=10, interval=timedelta(minutes=5))
RESET_MAIL = RateLimit(name="reset-mail", burst=10, interval=timedelta(minutes=5))
EMAIL_CHANGE_MAIL = RateLimit(name="email-change-mail", burst=10, interval=timedelta(minutes=5))
INVITATION_MAIL = RateLimit(name="invitation-mail", burst=10, interval=timedelta(minutes=5))
SIGN_IN_MAIL = RateLimit(name="sign-in-mail", burst=10, interval=timedelta(minutes=5))
ENROLMENT_MAIL = RateLimit(name="enrolment-mail", burst=10, interval=timedelta(minutes=5))
ADDRESS_IN_USE_MAIL = RateLimit(name="address-in-use-mail", burst=3, interval=timedelta(hours=1))
ADDITION = RateLimit(name="addition", burst=100, interval=timedelta(minutes=1))


class MailAllowance:
    """How much mail of one kind a mailbox gets, over all callers, who are not told.

    Only mail that is queued counts, and each kind for itself: an attacker cannot use up what the
    owner needs without the owner having the mail (RL-2).
    """

    def __init__(self, *, limiter: RateLimiter, clock: Clock, enabled: bool) -> None:
        self._limiter, self._clock, self._enabled = limiter, clock, enabled

    async def __call__(self, limit: RateLimit, address: EmailAddress) -> bool:
        """Count one mail and tell whether it may go."""
        if not self._enabled:
            return True
        now = self._clock.now()
        return (await self._limiter.admit(limit, address.key, now=now)).admitted


class AdditionAllowance:
    """How often users may add what opens their account: API keys, factors, an address (RL-4).

    Each addition is told to its user by mail, so the number of additions is limited, and not that
    of the mails. Removing is told as well, and never counted: a user who has to undo another
    person's work always can.
    """

    def __init__(self, *, limiter: RateLimiter, clock: Clock, enabled: bool) -> None:
        self._limiter, self._clock, self._enabled = limiter, clock, enabled

    async def __call__(self, principal: Principal) -> None:
        """Count one more for the user who asks. Raises TooManyRequests.

        Called outside of any unit of work.
        """
        if not self._enabled or principal.user_id is None:
            return
        user, now = str(principal.user_id), self._clock.now()
        admission = await self._limiter.admit(ADDITION, user, now=now)
        if not admission.admitted:
            raise TooManyRequests(retry_after=admission.retry_after)
