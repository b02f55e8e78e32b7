"""What a key gives: its permissions, as far as its owner has them now (trap 4, MF-2)."""

from collections.abc import Sequence

import pytest

from application.api_keys.making import NewKey
from domain.api_keys.key_text import ApiKeyInvalid
from domain.assurance import Level
from domain.principal import OPERATOR, Permission, PermissionDenied, Principal
from tests.application.api_keys.holders import key_of, program, user_with
from tests.application.service import MINUTE
from tests.application.stories import ORIGIN, Service

SOME = ("orders:refund", "users:read")
REFUND, READ = map(Permission, SOME)


async def principal_of_key(service: Service, key: NewKey) -> Principal:
    """Return who calls with the key."""
    return (await service.api_keys.authenticate(key.text.text)).principal


async def given(service: Service, key: NewKey) -> set[str]:
    """Return what the key gives now; the list says the same."""
    principal = await principal_of_key(service, key)
    shown = await service.api_keys.list.one(
        principal=OPERATOR, owner=key.shown.key.owner, key_id=key.shown.key.id
    )
    assert shown.effective == principal.permissions
    assert principal.roles == frozenset()
    return {str(permission) for permission in principal.permissions}


async def redefine(
    service: Service, permissions: Sequence[str], required_acr: Level | None = None
) -> None:
    """Let the role give something else."""
    await service.access.change_role(
        principal=OPERATOR,
        name="support",
        description=None,
        permissions=permissions,
        required_acr=required_acr,
        expected=None,
        origin=ORIGIN,
    )


async def test_a_role_that_is_taken_away_or_changed_counts_at_once_and_comes_back() -> None:
    service = Service()
    user = await user_with(service, *SOME, "audit:read")
    key = await key_of(service, user, *SOME)
    assert await given(service, key) == set(SOME)
    await redefine(service, ["users:read", "users:write"])
    assert await given(service, key) == {"users:read"}
    await service.set_role(user, "support", held=False)
    assert await given(service, key) == set()
    principal = await principal_of_key(service, key)
    with pytest.raises(PermissionDenied):
        principal.require(READ)
    await redefine(service, SOME)
    await service.set_role(user, "support")
    assert await given(service, key) == set(SOME)


async def test_an_administrator_who_is_one_no_more_leaves_a_key_of_nothing() -> None:
    """And the key of one gives what it is for, not all."""
    service = Service()
    await user_with(service, email="root@example.com")
    await service.set_role(service.user("root@example.com"), "administrator")
    user = await user_with(service, *SOME)
    await service.set_role(user, "administrator")
    key = await key_of(service, user, "audit:read", "users:read")
    assert await given(service, key) == {"audit:read", "users:read"}
    principal = await principal_of_key(service, key)
    assert not principal.may(Permission("keys:manage"))
    await service.set_role(user, "administrator", held=False)
    assert await given(service, key) == {"users:read"}


async def test_a_suspended_owners_key_is_refused_and_counts_again_afterwards() -> None:
    service = Service()
    user = await user_with(service, *SOME)
    key = await key_of(service, user, *SOME)
    suspended = await service.operator_suspends(user)
    with pytest.raises(ApiKeyInvalid):
        await principal_of_key(service, key)
    (shown,) = await service.api_keys.list(principal=OPERATOR, owner=user.id)
    assert shown.effective == frozenset()
    await service.operator_reinstates(suspended)
    assert await given(service, key) == set(SOME)


@pytest.mark.parametrize("required", [Level.AAL2, Level.PHR])
async def test_a_role_that_begins_to_ask_for_a_level_sleeps_for_keys_below_it(
    required: Level,
) -> None:
    """MF-2: no step-up wakes it for a key, so it is refused and not asked for more."""
    service = Service()
    user = await user_with(service, *SOME)
    low = await key_of(service, user, *SOME)
    app, _ = await service.enrol_totp(await service.sign_in())
    service.clock.advance(MINUTE)
    grant = await service.sign_in(proof=app.proof())
    high = await service.api_keys.create(
        principal=(await service.authenticate(grant)).principal,
        name="high",
        permissions=SOME,
        origin=ORIGIN,
    )
    await redefine(service, SOME, required)
    assert await given(service, low) == set()
    assert await given(service, high) == (set(SOME) if required is Level.AAL2 else set())
    for key in (low, high):
        principal = await principal_of_key(service, key)
        assert principal.dormant == {}
        with pytest.raises(PermissionDenied):
            principal.require(Permission("audit:read"))
    await redefine(service, SOME)
    assert await given(service, low) == set(SOME)


async def test_the_administrators_level_counts_for_keys_too() -> None:
    """MF-2."""
    service = Service(administrator_acr=Level.AAL2)
    user = await user_with(service, "users:read")
    await service.set_role(user, "administrator")
    key = await key_of(service, user, "audit:read", "users:read")
    assert await given(service, key) == {"users:read"}


async def test_programs_are_held_to_the_same() -> None:
    service = Service()
    account, key = await program(service, *SOME)
    principal = await principal_of_key(service, key)
    assert (principal.kind, principal.account_id) == ("service", account.id)
    assert (principal.user_id, principal.session_id) == (None, None)
    assert await given(service, key) == set(SOME)
    await service.access.set_service_role(
        principal=OPERATOR, account_id=account.id, role="shop", held=False, origin=ORIGIN
    )
    assert await given(service, key) == set()
