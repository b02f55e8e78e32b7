"""Clearing away what is over, and limits by count (OB-5, RF-5, RL-4)."""

from datetime import timedelta

import pytest

from application.housekeeping import KEEP_ENDED_SESSIONS, KEEP_GONE_KEYS, KEEP_SENT_MESSAGES
from application.limits import MAIL_REQUEST, SIGN_IN, SIGN_UP
from application.ports.mailer import MailRefused
from application.ports.outbox import MessageStatus
from application.ports.rate_limiter import RateLimit
from domain.errors import DomainError
from tests.application.service import ADA, DAY, MINUTE, ORIGIN, SECOND, Service


async def test_a_fresh_service_has_nothing_to_clear() -> None:
    service = Service()
    await service.verified_user()
    await service.sign_in()
    before = service.snapshot()
    assert await service.purge() == 0
    assert service.snapshot() == before


async def test_sealed_successors_are_wiped_when_their_grace_has_passed() -> None:
    """RF-5: what nobody may ask for any more is not kept; the session goes on."""
    service = Service(grace=30 * SECOND)
    await service.verified_user()
    grant = await service.sign_in()
    grant = await service.refresh(grant.refresh_token)
    service.clock.advance(30 * SECOND)
    await service.purge()
    (session,) = service.living()
    assert session.sealed_successor is not None
    service.clock.advance(SECOND)
    await service.purge()
    (session,) = service.living()
    assert session.sealed_successor is None
    await service.refresh(grant.refresh_token)


async def test_ended_sessions_are_kept_for_a_while_and_then_removed() -> None:
    """SE-1: as long as anybody may still hold an access token, the reason can be told."""
    service = Service()
    await service.verified_user()
    ended, living = await service.sign_in(), await service.sign_in()
    await service.sign_out(ended)
    service.clock.advance(KEEP_ENDED_SESSIONS)
    await service.purge()
    assert ended.session.id in service.store.sessions.rows
    service.clock.advance(SECOND)
    await service.purge()
    assert set(service.store.sessions.rows) == {living.session.id}


async def test_expired_secrets_old_guesses_and_sent_messages_are_removed() -> None:
    """OB-5, EN-2, AT-4: each after its own time; dead messages wait for the operator."""
    service = Service()
    await service.sign_up()
    service.mailbox.fail_next(MailRefused())
    await service.deliver()
    await service.sign_up("bob@example.com")
    await service.deliver()
    with pytest.raises(DomainError):
        await service.sign_in("no@example.com")
    service.clock.advance(DAY + SECOND)
    assert await service.purge() >= 3
    assert service.store.one_time_tokens.rows == {}
    assert service.store.attempts.rows == {}
    assert len(service.queue(MessageStatus.SENT)) == 1
    service.clock.advance(KEEP_SENT_MESSAGES)
    assert await service.purge() == 1
    assert service.queue(MessageStatus.SENT) == []
    assert len(service.queue(MessageStatus.DEAD)) == 1


async def test_keys_are_removed_long_after_they_are_gone() -> None:
    """TK-3: and never the one that signs."""
    service = Service()
    await service.keyring.prepare()
    async with service.units() as unit:
        (key,) = await unit.signing_keys.list_all()
        key.revoke(now=service.clock.now())
        await unit.signing_keys.save(key)
        await unit.commit()
    await service.keyring.prepare()
    service.clock.advance(KEEP_GONE_KEYS)
    assert await service.purge() == 0
    service.clock.advance(SECOND)
    assert await service.purge() == 1
    assert len(service.store.signing_keys.rows) == 1


async def test_users_credentials_and_the_trail_are_never_cleared() -> None:
    """LG-3: the trail is append-only, and an account ends by nobody's clock."""
    service = Service()
    await service.verified_user()
    rows = service.audited()
    service.clock.advance(timedelta(days=3650))
    await service.purge()
    assert service.audited() == rows
    assert service.user().is_verified
    await service.sign_in()


@pytest.mark.parametrize("limit", [SIGN_UP, SIGN_IN, MAIL_REQUEST],
                         ids=lambda limit: limit.name)  # fmt: skip
async def test_a_source_has_a_burst_and_then_a_pace(limit: RateLimit) -> None:
    """RL-4: counted per source and per limit; others are not disturbed."""
    service = Service()
    for _ in range(limit.burst):
        admission = await service.admit(limit, source="192.0.2.1")
        assert admission is not None
        assert admission.admitted
    refused = await service.admit(limit, source="192.0.2.1")
    assert refused is not None
    assert (refused.admitted, refused.retry_after) == (False, limit.interval)
    stranger = await service.admit(limit, source="192.0.2.2")
    assert stranger is not None
    assert stranger.admitted
    service.clock.advance(limit.interval)
    again = await service.admit(limit, source="192.0.2.1")
    assert again is not None
    assert again.admitted


async def test_switched_off_limits_say_nothing() -> None:
    """RATE_LIMITS=false."""
    service = Service(rate_limits=False)
    for _ in range(2 * SIGN_UP.burst):
        assert await service.admit(SIGN_UP, source="192.0.2.1") is None


async def test_the_limiters_own_keys_are_forgotten_too() -> None:
    """RL-4: only once they are back at their full burst."""
    service = Service()
    await service.verified_user()
    service.clock.advance(5 * MINUTE)
    await service.purge()
    await service.request_reset(email=ADA, origin=ORIGIN)
    assert await service.deliver()
    assert await service.purge() == 0
    service.clock.advance(5 * MINUTE)
    assert await service.purge() == 1
    service.clock.advance(6 * MINUTE)
    assert await service.purge() == 0
