"""Limits by count: per source, and per limit (RL-4)."""

import pytest

from application.accounts.registration import SIGN_UP
from application.factors.sign_in import SIGN_IN
from application.mail.request import MAIL_REQUEST
from application.ports.rate_limiter import RateLimit
from tests.application.stories import Service


@pytest.mark.parametrize("limit", [SIGN_UP, SIGN_IN, MAIL_REQUEST],
                         ids=lambda limit: limit.name)  # fmt: skip
async def test_a_source_has_a_burst_and_then_a_pace(limit: RateLimit) -> None:
    """RL-4: counted per source and per limit; others are not disturbed."""
    service = Service()
    for _ in range(limit.burst):
        admission = await service.kernel.admit_request(limit, source="192.0.2.1")
        assert admission is not None
        assert admission.admitted
    refused = await service.kernel.admit_request(limit, source="192.0.2.1")
    assert refused is not None
    assert (refused.admitted, refused.retry_after) == (False, limit.interval)
    stranger = await service.kernel.admit_request(limit, source="192.0.2.2")
    assert stranger is not None
    assert stranger.admitted
    service.clock.advance(limit.interval)
    again = await service.kernel.admit_request(limit, source="192.0.2.1")
    assert again is not None
    assert again.admitted


async def test_switched_off_limits_say_nothing() -> None:
    """RATE_LIMITS=false."""
    service = Service(rate_limits=False)
    for _ in range(2 * SIGN_UP.burst):
        assert await service.kernel.admit_request(SIGN_UP, source="192.0.2.1") is None
