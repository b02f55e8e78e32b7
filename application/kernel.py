"""What every capability is built on: time, randomness, keys, limits, pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from application.freshness import Freshness
from application.housekeeping import Purge
from application.idempotency import IdempotentRequests
from application.limits import AdmitRequest
from application.paging import Cursors
from application.ports.clock import Clock, Randomness
from application.ports.crypto import Authenticator, SecretBox
from application.ports.idempotency import IdempotencyStore
from application.ports.rate_limiter import RateLimiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """The ports that every capability may use, and what is made of them alone.

    ``rate_limits`` switches every limit by count on.
    """

    clock: Clock
    randomness: Randomness
    secret_box: SecretBox
    authenticator: Authenticator
    limiter: RateLimiter
    rate_limits: bool
    cursors: Cursors
    freshness: Freshness
    admit_request: AdmitRequest
    idempotent_requests: IdempotentRequests
    purges: Sequence[Purge]


def kernel(
    *,
    clock: Clock,
    randomness: Randomness,
    secret_box: SecretBox,
    authenticator: Authenticator,
    limiter: RateLimiter,
    idempotency_store: IdempotencyStore,
    rate_limits: bool,
    request_patience: timedelta,
    reauthentication_max_age: timedelta,
) -> Kernel:
    """Return the kernel.

    ``request_patience`` is after how long an unanswered request is lost; for
    ``reauthentication_max_age`` after a proof of who they are a caller may do dangerous things.
    """
    idempotent_requests = IdempotentRequests(
        store=idempotency_store,
        secret_box=secret_box,
        authenticator=authenticator,
        clock=clock,
        patience=request_patience,
    )
    return Kernel(
        clock=clock,
        randomness=randomness,
        secret_box=secret_box,
        authenticator=authenticator,
        limiter=limiter,
        rate_limits=rate_limits,
        cursors=Cursors(secret_box=secret_box),
        freshness=Freshness(clock, reauthentication_max_age),
        admit_request=AdmitRequest(limiter=limiter, clock=clock, enabled=rate_limits),
        idempotent_requests=idempotent_requests,
        purges=(
            Purge("idempotency keys", idempotent_requests.purge),
            Purge("rate limits", lambda limit: limiter.purge(now=clock.now(), limit=limit)),
        ),
    )
