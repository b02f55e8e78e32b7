"""Devices on which the password alone suffices, for the lowest level (MF-2)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from adapters.memory.factors.devices import TRUSTED_DEVICES, MemoryTrustedDeviceRepository
from adapters.memory.users.users import MemoryUserRepository
from application.factors.proofs import Proof, ProofKind
from application.factors.sign_in import InvalidCredentials, SecondFactorRequired
from application.sessions.token_grants import TokenGrant
from domain.assurance import StepUpRequired
from domain.factors.device import MOST_DEVICES, DeviceId, DeviceNotFound
from domain.factors.factor import InvalidProof
from domain.identifiers import UserId
from domain.principal import OPERATOR
from domain.users.user import UserIsSuspended
from tests.application.doubles import overtake
from tests.application.service import DAY, MINUTE, SECOND
from tests.application.stories import (
    ADA,
    ORIGIN,
    AuthenticatorApp,
    Service,
    principal_of,
)

STEP = timedelta(seconds=30)
BOB = "bob@example.com"


def trusting() -> Service:
    """Return a service that trusts devices for a month."""
    return Service(trusted_devices=30 * DAY)


async def with_a_factor(service: Service, email: str = ADA) -> AuthenticatorApp:
    """Return the authenticator app of a new user."""
    app, _ = await service.enrol_totp(await service.signed_in_user(email))
    service.clock.advance(STEP)
    return app


async def remembered(
    service: Service, app: AuthenticatorApp, email: str = ADA
) -> tuple[str, TokenGrant]:
    """Sign in with both and have the device trusted; return its token, and the grant."""
    grant = await service.sign_in(email, proof=app.proof(), remember_device=True)
    service.clock.advance(STEP)
    assert grant.device is not None
    return grant.device.token, grant


def level_of(grant: TokenGrant) -> tuple[str, str]:
    """Return the level and the methods of a session."""
    return grant.session.assurance.acr.value, " ".join(grant.session.assurance.amr)


async def is_asked(service: Service, token: str, email: str = ADA) -> bool:
    """Tell whether the password on this device is not enough."""
    try:
        grant = await service.sign_in(email, device_token=token)
    except SecondFactorRequired:
        return True
    assert level_of(grant) == ("aal1", "pwd device")
    return False


def devices(service: Service) -> int:
    """Return how many devices the store has."""
    return len(service.store.committed(TRUSTED_DEVICES).rows)


async def test_on_a_trusted_device_the_password_alone_suffices_for_the_lowest_level() -> None:
    service = trusting()
    app = await with_a_factor(service)
    token, grant = await remembered(service, app)
    assert level_of(grant) == ("aal2", "pwd otp mfa")
    assert grant.device is not None
    assert grant.device.expires_at == grant.session.created_at + 30 * DAY
    assert token not in repr(grant) + repr(grant.device)
    known = await service.sign_in(device_token=token)
    assert (level_of(known), known.device) == (("aal1", "pwd device"), None)
    (trusted,) = service.audited("device.trusted")
    (listed,) = await service.factors.list_devices(principal=principal_of(known))
    assert trusted.data["device_id"] == str(listed.id)
    assert (listed.ip_address, listed.user_agent) == (ORIGIN.ip_address, ORIGIN.user_agent)
    assert token not in str(service.store.committed(TRUSTED_DEVICES).rows)


async def test_a_device_is_trusted_after_either_request_and_any_second_factor() -> None:
    service = trusting()
    app = await with_a_factor(service)
    challenge = await service.challenged()
    grant = await service.factors.complete_sign_in(
        challenge=challenge.token, proof=app.proof(), origin=ORIGIN, remember_device=True
    )
    assert grant.device is not None
    assert not await is_asked(service, grant.device.token)
    device, _ = await service.enrol_passkey(grant)
    begun = await service.factors.begin_passkey_sign_in()
    by_key = await service.factors.complete_sign_in(
        challenge=begun.challenge,
        proof=Proof(ProofKind.PASSKEY, device.get(begun.options)),
        origin=ORIGIN,
        remember_device=True,
    )
    assert by_key.device is not None
    assert not await is_asked(service, by_key.device.token)


async def test_it_never_weakens_a_step_up() -> None:
    """HD-6, MF-2: the session is of the lowest level, and the account has a factor."""
    service = trusting()
    token, _ = await remembered(service, await with_a_factor(service))
    known = await service.sign_in(device_token=token)
    with pytest.raises(StepUpRequired) as wanted:
        await service.factors.begin_totp(principal=principal_of(known))
    assert wanted.value.members == {"step_up": {"acr": "aal2", "max_age": 300}}


async def test_what_is_shown_counts_more_than_the_device() -> None:
    service = trusting()
    app = await with_a_factor(service)
    token, _ = await remembered(service, app)
    with pytest.raises(InvalidProof):
        await service.sign_in(device_token=token, proof=Proof(ProofKind.TOTP, "000000"))
    grant = await service.sign_in(device_token=token, proof=app.proof())
    assert (level_of(grant), grant.device) == (("aal2", "pwd otp mfa"), None)


async def test_with_the_wrong_password_a_device_is_worth_nothing() -> None:
    service = trusting()
    token, _ = await remembered(service, await with_a_factor(service))
    with pytest.raises(InvalidCredentials):
        await service.sign_in(password="not the right one here", device_token=token)
    await service.suspend()
    with pytest.raises(UserIsSuspended):
        await service.sign_in(device_token=token)


async def test_without_a_factor_nothing_is_trusted() -> None:
    service = trusting()
    await service.signed_in_user()
    grant = await service.sign_in(remember_device=True, device_token="dwd_" + "A" * 43)
    assert (level_of(grant), grant.device, devices(service)) == (("aal1", "pwd"), None, 0)


async def test_what_is_switched_off_is_inert() -> None:
    """TRUSTED_DEVICE_TTL=0: neither a new device nor one from before."""
    service = trusting()
    app = await with_a_factor(service)
    token, grant = await remembered(service, app)
    off = Service(store=service.store)
    off.clock.advance(service.clock.now() - off.clock.now())
    assert await is_asked(off, token)
    assert await off.factors.list_devices(principal=principal_of(grant)) == []
    grant = await off.sign_in(proof=Proof(ProofKind.TOTP, app.code()), remember_device=True)
    assert (level_of(grant), grant.device, devices(off)) == (("aal2", "pwd otp mfa"), None, 1)


async def test_a_device_is_trusted_no_longer_than_any_may_be() -> None:
    service = trusting()
    token, _ = await remembered(service, await with_a_factor(service))
    shorter = Service(store=service.store, trusted_devices=DAY)
    shorter.clock.advance(service.clock.now() - shorter.clock.now() + DAY - STEP - SECOND)
    assert not await is_asked(shorter, token)
    shorter.clock.advance(SECOND)
    assert await is_asked(shorter, token)
    service.clock.advance(30 * DAY - STEP - SECOND)
    assert not await is_asked(service, token)
    service.clock.advance(SECOND)
    assert await is_asked(service, token)
    await service.purge_expired()
    assert devices(service) == 0


async def test_anything_but_the_users_own_token_is_as_none() -> None:
    """AT-5, TK-2: another user's, one of another kind, cut short, or spelt another way."""
    service = Service(trusted_devices=30 * DAY, attempts=100)
    app, bobs = await with_a_factor(service), await with_a_factor(service, BOB)
    token, grant = await remembered(service, app)
    other, _ = await remembered(service, bobs, BOB)
    for wrong in (
        other, "", token[:-1], token + "=", f" {token}", token.upper(), "dwd_", "dwd_" + "A" * 43,
        grant.refresh_token, grant.access_token, "x" * 5000, "dwd_" + "\u00e9" * 43,
    ):  # fmt: skip
        assert await is_asked(service, wrong), wrong
    assert not await is_asked(service, token)
    assert not await is_asked(service, other, BOB)


# --- what ends it -----------------------------------------------------------------------------


async def renew_codes(service: Service, grant: TokenGrant) -> None:
    await service.factors.renew_recovery_codes(principal=principal_of(grant), origin=ORIGIN)


async def add_a_passkey(service: Service, grant: TokenGrant) -> None:
    await service.enrol_passkey(grant)


async def remove_the_last(service: Service, grant: TokenGrant) -> None:
    listed = await service.factors.list(principal=principal_of(grant))
    await service.factors.remove(
        principal=principal_of(grant), factor_id=listed[0].factor.id, origin=ORIGIN
    )


async def undo_the_first(service: Service, _: TokenGrant) -> None:
    (token,) = [mail.token for mail in await service.mails() if mail.link and "/undo-" in mail.link]
    assert token is not None
    await service.factors.undo_first(token=token, origin=ORIGIN)


async def reset_all(service: Service, grant: TokenGrant) -> None:
    await service.factors.reset(
        principal=OPERATOR, user_id=grant.user.id, reason="lost", origin=ORIGIN
    )


async def forget_it(service: Service, grant: TokenGrant) -> None:
    (device,) = await service.factors.list_devices(principal=principal_of(grant))
    await service.factors.forget_devices(
        principal=principal_of(grant), device_id=device.id, origin=ORIGIN
    )


async def forget_all(service: Service, grant: TokenGrant) -> None:
    await service.factors.forget_devices(principal=principal_of(grant), origin=ORIGIN)


@pytest.mark.parametrize(
    "happening",
    [
        renew_codes, add_a_passkey, remove_the_last, undo_the_first, reset_all, forget_it,
        forget_all,
    ],
)  # fmt: skip
async def test_every_change_of_factors_forgets_every_device(
    happening: Callable[[Service, TokenGrant], Awaitable[None]],
) -> None:
    """AT-6: passwords and addresses are in tests/application/credentials/test_fresh_sessions.py."""
    service = trusting()
    token, grant = await remembered(service, await with_a_factor(service))
    other, _ = await remembered(service, await with_a_factor(service, BOB), BOB)
    await happening(service, grant)
    assert devices(service) == 1
    if service.user().has_second_factor:
        assert await is_asked(service, token)
    assert not await is_asked(service, other, BOB)


async def test_forgetting_is_on_record_and_another_users_device_is_like_none() -> None:
    """AZ-2, LG-3"""
    service = trusting()
    app, bobs = await with_a_factor(service), await with_a_factor(service, BOB)
    token, grant = await remembered(service, app)
    _, other = await remembered(service, bobs, BOB)
    (theirs,) = await service.factors.list_devices(principal=principal_of(other))
    async with service.unchanged():
        for wrong in (theirs.id, DeviceId(UserId.parse(str(grant.user.id)).value)):
            with pytest.raises(DeviceNotFound):
                await service.factors.forget_devices(
                    principal=principal_of(grant), device_id=wrong, origin=ORIGIN
                )
    await forget_it(service, grant)
    (row,) = service.audited("device.forgotten")
    assert row.actor.id == str(grant.user.id)
    assert await is_asked(service, token)
    async with service.unchanged():
        await forget_all(service, grant)


async def test_a_device_that_is_trusted_anew_takes_its_own_place() -> None:
    service = trusting()
    app = await with_a_factor(service)
    token, _ = await remembered(service, app)
    again = await service.sign_in(proof=app.proof(), remember_device=True, device_token=token)
    assert again.device is not None
    assert devices(service) == 1
    assert await is_asked(service, token)
    assert not await is_asked(service, again.device.token)


async def test_for_one_too_many_the_oldest_is_forgotten() -> None:
    service = trusting()
    app = await with_a_factor(service)
    first, _ = await remembered(service, app)
    second, _ = await remembered(service, app)
    for _ in range(MOST_DEVICES - 1):
        await remembered(service, app)
    assert devices(service) == MOST_DEVICES
    assert await is_asked(service, first)
    assert not await is_asked(service, second)


@pytest.mark.parametrize(
    ("adapter", "method"),
    [(MemoryTrustedDeviceRepository, "list_of"), (MemoryUserRepository, "record_sign_in")],
)
async def test_no_device_is_left_over_from_a_change_in_the_same_moment(
    adapter: type, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RF-4: of a sign-in that trusts a device and what forgets all of them, each sees the other."""
    service = trusting()
    app = await with_a_factor(service)
    grant = await service.sign_in(proof=app.proof())
    service.clock.advance(STEP)
    if method == "record_sign_in":
        overtake(monkeypatch, adapter, method, lambda: renew_codes(service, grant))
        again = await service.sign_in(proof=app.proof(), remember_device=True)
    else:
        again, _ = await asyncio.gather(
            service.sign_in(proof=app.proof(), remember_device=True), renew_codes(service, grant)
        )
    assert again.device is not None
    assert devices(service) == (1 if not await is_asked(service, again.device.token) else 0)


async def test_trusting_a_device_is_a_change_of_the_account() -> None:
    """RF-4: what has read the account before finds a conflict, and forgets this device, too."""
    service = trusting()
    app = await with_a_factor(service)
    before = service.user().version
    await service.sign_in(proof=app.proof(), remember_device=True)
    assert service.user().version == before + 1
    service.clock.advance(MINUTE)
    await service.sign_in(proof=app.proof())
    assert service.user().version == before + 1
