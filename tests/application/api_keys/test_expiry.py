"""The mail a week before a key ends (HD-7)."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.api_keys.keys import MemoryApiKeyUpkeep
from application.api_keys.expiry import BATCH
from domain.principal import ADMINISTRATOR, OPERATOR
from tests.application.api_keys.holders import key_of, revoke, user_with
from tests.application.doubles import overtake
from tests.application.stories import ADA, ORIGIN, Service, principal_of

DAY = timedelta(days=1)
MONTH = 30 * 86_400
EVE = "eve@example.com"
ROOT = "root@example.com"
ENDS = "An API key of your account ends soon"
SERVICE_ENDS = "An API key of a service account ends soon"


async def told(service: Service, to: str = ADA) -> list[str]:
    """Return the texts of the mails about ends that came to the mailbox."""
    return [each.text for each in await service.mails(to) if each.subject in {ENDS, SERVICE_ENDS}]


async def test_the_owner_is_told_once_a_week_before_the_end() -> None:
    """HD-7: not a moment earlier, and not again."""
    service = Service()
    key = await key_of(service, await user_with(service), expires_in=MONTH)
    service.clock.advance(23 * DAY - timedelta(seconds=1))
    assert await service.api_keys.tell_of_expiry() == 0
    service.clock.advance(timedelta(seconds=1))
    assert await service.api_keys.tell_of_expiry() == 1
    (text,) = await told(service)
    end = key.shown.key.expires_at
    assert end is not None
    assert key.shown.key.hint in text
    assert f"{end:%Y-%m-%d %H:%M} UTC" in text
    assert key.shown.key.name not in text
    service.clock.advance(DAY)
    assert await service.api_keys.tell_of_expiry() == 0
    assert len(await told(service)) == 1


async def test_of_two_workers_at_once_one_tells() -> None:
    service = Service()
    await key_of(service, await user_with(service), expires_in=MONTH)
    service.clock.advance(25 * DAY)
    counts = await asyncio.gather(*(service.api_keys.tell_of_expiry() for _ in range(3)))
    assert sum(counts) == 1
    assert len(await told(service)) == 1


async def test_keys_that_live_a_week_or_for_good_and_those_that_are_over_get_no_mail() -> None:
    """What was rotated or revoked is told of no more, either."""
    service = Service()
    user = await user_with(service)
    await key_of(service, user, expires_in=7 * 86_400)
    service.clock.advance(6 * DAY)
    assert await service.api_keys.tell_of_expiry() == 0
    rotated, revoked = [await key_of(service, user, expires_in=MONTH) for _ in range(2)]
    await key_of(service, user, expires_in=7 * 86_400 + 1)
    service.clock.advance(24 * DAY)  # the last one has ended before any worker looked
    await service.api_keys.rotate(
        principal=OPERATOR, owner=user.id, key_id=rotated.shown.key.id, overlap=3600, origin=ORIGIN
    )
    await revoke(service, revoked)
    assert await service.api_keys.tell_of_expiry() == 0
    assert await told(service) == []


@pytest.mark.parametrize("is_rotated", [True, False])
async def test_a_key_that_is_rotated_or_revoked_meanwhile_is_told_of_no_more(
    monkeypatch: pytest.MonkeyPatch, is_rotated: bool
) -> None:
    """Between the worker's look and its note."""
    service = Service()
    user = await user_with(service)
    key = await key_of(service, user, expires_in=MONTH)
    service.clock.advance(25 * DAY)

    async def meanwhile() -> None:
        if not is_rotated:
            await revoke(service, key)
            return
        await service.api_keys.rotate(
            principal=OPERATOR,
            owner=user.id,
            key_id=key.shown.key.id,
            overlap=3600,
            origin=ORIGIN,
        )

    overtake(monkeypatch, MemoryApiKeyUpkeep, "note_notice", meanwhile)
    assert await service.api_keys.tell_of_expiry() == 0
    assert await told(service) == []


async def test_more_keys_than_a_batch_are_all_told_of() -> None:
    """Those of which nothing is said, too, do not stand in the way of others."""
    service = Service()
    await user_with(service)
    for number in range(3):
        user = await service.verified_user(f"u{number}@example.com")
        for _ in range(BATCH // 2):
            await key_of(service, user, expires_in=7 * 86_400)
    await key_of(service, service.user(), expires_in=8 * 86_400)
    service.clock.advance(DAY + timedelta(hours=1))
    assert await service.api_keys.tell_of_expiry() == 1
    assert len(await told(service)) == 1


async def test_of_a_programs_key_its_maker_is_told_while_active_and_else_administrators() -> None:
    """A service account has no mailbox; its name is text and nothing else."""
    service = Service()
    account = await service.service_accounts.create(
        principal=OPERATOR, name='<b>Shop</b> & "Co"', description=None, origin=ORIGIN
    )
    for email in (EVE, ROOT):
        await service.set_role(await service.verified_user(email), ADMINISTRATOR)
    eve = principal_of(await service.sign_in(EVE))
    for lifetime in (MONTH, MONTH + 86_400):
        await service.api_keys.create(
            principal=eve,
            owner=account.id,
            name="CI",
            permissions=["users:read"],
            expires_in=lifetime,
            origin=ORIGIN,
        )
    service.clock.advance(23 * DAY)
    assert await service.api_keys.tell_of_expiry() == 1
    (text,) = await told(service, EVE)
    assert "“b Shop b & Co”" in text
    html = next(m.html for m in await service.mails(EVE) if m.subject == SERVICE_ENDS)
    assert "<b>" not in html
    assert await told(service, ROOT) == []
    await service.suspend(EVE)
    service.clock.advance(DAY)
    assert await service.api_keys.tell_of_expiry() == 1
    assert (len(await told(service, EVE)), len(await told(service, ROOT))) == (1, 1)


@pytest.mark.parametrize(
    "name", ["https://evil.example/login", "Sign in: www.evil.example", "a@evil.example", "!!"]
)
async def test_the_name_of_a_program_becomes_no_link_in_a_mail(name: str) -> None:
    """OP-2: whoever may name service accounts writes to no administrator in our name."""
    service = Service()
    account = await service.service_accounts.create(
        principal=OPERATOR, name=name, description=None, origin=ORIGIN
    )
    await service.set_role(await service.verified_user(ROOT), ADMINISTRATOR)
    await service.api_keys.create(
        principal=OPERATOR,
        owner=account.id,
        name="CI",
        permissions=["users:read"],
        expires_in=MONTH,
        origin=ORIGIN,
    )
    service.clock.advance(24 * DAY)
    await service.api_keys.tell_of_expiry()
    (text,) = await told(service, ROOT)
    assert "evil.example" not in text
    assert str(account.id) in text
