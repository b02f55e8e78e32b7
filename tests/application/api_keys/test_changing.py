"""Rotating, renaming, listing and revoking API keys."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from adapters.memory.api_keys.keys import MemoryApiKeyRepository
from adapters.memory.api_keys.tables import API_KEYS
from application.api_keys.making import NewKey
from domain.api_keys.api_key import ApiKeyExpired, ApiKeyNotFound, ApiKeyReplaced
from domain.api_keys.key_text import ApiKeyInvalid
from domain.api_keys.permissions import API_KEYS_READ, API_KEYS_REVOKE
from domain.assurance import Level, StepUpRequired
from domain.errors import ConcurrentChange, ValidationFailed
from domain.identifiers import ApiKeyId, ServiceAccountId
from domain.principal import OPERATOR, PermissionDenied, PersonRequired, Principal
from domain.service_accounts.permissions import SERVICE_ACCOUNTS_WRITE
from domain.service_accounts.service_account import ServiceAccountNotFound
from domain.users.user import UserNotFound
from tests.application.api_keys.holders import key_of, program, revoke, user_with
from tests.application.doubles import overtake
from tests.application.service import DAY, MINUTE, SECOND
from tests.application.stories import ORIGIN, Service, kinds, with_permissions
from tests.contracts.samples import a_user, in_parallel

BOB = "bob@example.com"
SOME = ("orders:refund", "users:read")
UNKNOWN = ApiKeyId.parse("019aa5c2-7f3e-7c41-9b0a-2f6d1e8c4b5a")


async def ada(service: Service) -> tuple[Principal, NewKey]:
    """Return Ada in a fresh session, and a key of hers."""
    await user_with(service, *SOME)
    principal = (await service.authenticate(await service.sign_in())).principal
    made = await service.api_keys.create(
        principal=principal, name="CI", permissions=SOME, expires_in=86_400, origin=ORIGIN
    )
    return principal, made


async def rotate(
    service: Service,
    principal: Principal,
    key: NewKey,
    overlap: int = 0,
    owner: ServiceAccountId | None = None,
) -> NewKey:
    """Put a new key in the place of this one."""
    return await service.api_keys.rotate(
        principal=principal,
        owner=owner,
        key_id=key.shown.key.id,
        overlap=overlap,
        origin=ORIGIN,
    )


async def known(service: Service, key: NewKey) -> str:
    """Say what the key is taken for."""
    try:
        await service.api_keys.authenticate(key.text.text)
    except (ApiKeyInvalid, ApiKeyExpired) as refusal:
        return refusal.code
    return "known"


async def test_a_rotated_key_is_refused_at_once_and_its_successor_gives_the_same() -> None:
    service = Service()
    principal, old = await ada(service)
    service.clock.advance(MINUTE)
    new = await rotate(service, principal, old)
    assert await known(service, old) == "API_KEY_INVALID"
    assert await known(service, new) == "known"
    key = new.shown.key
    assert (key.name, key.permissions) == (old.shown.key.name, old.shown.key.permissions)
    assert key.expires_at == service.clock.now() + DAY
    assert new.text.text != old.text.text
    (row,) = service.audited("api_key.rotated")
    assert row.data["successor_id"] == str(key.id)
    assert row.data["overlap"] == "0"
    assert len([each for each in await service.subjects() if "API key was made" in each]) == 2


async def test_an_old_key_lives_for_the_overlap() -> None:
    service = Service()
    principal, old = await ada(service)
    new = await rotate(service, principal, old, 60)
    assert [await known(service, each) for each in (old, new)] == ["known", "known"]
    with pytest.raises(ApiKeyReplaced):
        await rotate(service, principal, old, 60)
    service.clock.advance(MINUTE - SECOND)
    assert await known(service, old) == "known"
    service.clock.advance(SECOND)
    assert [await known(service, each) for each in (old, new)] == ["API_KEY_EXPIRED", "known"]


@pytest.mark.parametrize("overlap", [-1, 86_401, 10**30, -(10**30)])
async def test_an_overlap_out_of_range_is_refused(overlap: int) -> None:
    service = Service()
    principal, old = await ada(service)
    async with service.unchanged():
        with pytest.raises(ValidationFailed) as refused:
            await rotate(service, principal, old, overlap)
    assert [each.field for each in refused.value.details] == ["overlap"]
    assert await known(service, old) == "known"


async def test_a_rotation_is_a_persons_and_fresh_and_of_ones_own() -> None:
    """Trap 2, HD-6: a key does not prolong itself."""
    service = Service()
    principal, old = await ada(service)
    others = await key_of(service, await service.verified_user(BOB))
    caller = (await service.api_keys.authenticate(old.text.text)).principal
    with pytest.raises(PersonRequired):
        await rotate(service, caller, old)
    with pytest.raises(ApiKeyNotFound):
        await rotate(service, principal, others)
    stale = (await service.authenticate(await service.sign_in())).principal
    service.clock.advance(6 * MINUTE)
    with pytest.raises(StepUpRequired):
        await rotate(service, stale, old)
    service.clock.advance(DAY)
    fresh = (await service.authenticate(await service.sign_in())).principal
    with pytest.raises(ApiKeyExpired):
        await rotate(service, fresh, old)


async def test_a_successor_is_as_sure_of_its_maker_as_the_rotation() -> None:
    """MF-2: neither more than who rotates, nor what the first maker was."""
    service = Service()
    user = await user_with(service, *SOME)
    old = await key_of(service, user, *SOME)
    app, _ = await service.enrol_totp(await service.sign_in())
    service.clock.advance(MINUTE)
    grant = await service.sign_in(proof=app.proof())
    new = await rotate(service, (await service.authenticate(grant)).principal, old)
    assert (old.shown.key.acr, new.shown.key.acr) == (Level.AAL1, Level.AAL2)


@pytest.mark.parametrize(("expires_in", "days"), [(None, 30), (86_400, 1)])
async def test_a_rotation_makes_no_key_that_lives_longer_than_one_may_now(
    expires_in: int | None, days: int
) -> None:
    """Else keys from before API_KEY_MAX_TTL was lowered would be renewed past it for ever."""
    before = Service(longest_api_key=None)
    await user_with(before, *SOME)
    grant = await before.sign_in()
    principal = (await before.authenticate(grant)).principal
    old = await before.api_keys.create(
        principal=principal, name="CI", permissions=SOME, expires_in=expires_in, origin=ORIGIN
    )
    now = Service(store=before.store, clock=before.clock, longest_api_key=timedelta(days=30))
    new = await rotate(now, principal, old)
    assert new.shown.key.expires_at == now.clock.now() + timedelta(days=days)
    again = await rotate(before, principal, new)  # nor is it forgotten when more is allowed again
    assert again.shown.key.lifetime == timedelta(days=days)


async def test_of_two_rotations_at_once_one_has_the_place() -> None:
    service = Service()
    principal, old = await ada(service)
    outcomes = await in_parallel(rotate(service, principal, old, 60) for _ in range(4))
    won = [each for each in outcomes if isinstance(each, NewKey)]
    assert len(won) == 1
    assert {type(each) for each in outcomes} <= {NewKey, ApiKeyReplaced, ConcurrentChange}
    assert len(service.store.committed(API_KEYS).rows) == 2
    assert len(service.audited("api_key.rotated")) == 1


async def test_a_revocation_meanwhile_ends_the_rotation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else who takes a stolen key back would leave its successor behind."""
    service = Service()
    principal, old = await ada(service)
    overtake(monkeypatch, MemoryApiKeyRepository, "count_usable", lambda: revoke(service, old))
    with pytest.raises((ApiKeyNotFound, ConcurrentChange)):
        await rotate(service, principal, old, 60)
    assert service.store.committed(API_KEYS).rows == {}


async def test_a_revocation_meanwhile_ends_a_rotation_without_overlap_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = Service()
    principal, old = await ada(service)
    overtake(monkeypatch, MemoryApiKeyRepository, "count_usable", lambda: revoke(service, old))
    with pytest.raises((ApiKeyNotFound, ConcurrentChange)):
        await rotate(service, principal, old)
    assert service.store.committed(API_KEYS).rows == {}


async def test_keys_of_oneself_are_listed_renamed_and_revoked_by_a_person() -> None:
    """Without a fresh proof: who sees a thief's key must be able to take it back."""
    service = Service()
    principal, key = await ada(service)
    key_id = key.shown.key.id
    service.clock.advance(6 * MINUTE)
    (shown,) = await service.api_keys.list(principal=principal)
    assert shown.key.id == key_id
    assert shown.effective == set(SOME)
    renamed = await service.api_keys.rename(principal=principal, key_id=key_id, name=" Other ")
    assert renamed.key.name == "Other"
    with pytest.raises(ValidationFailed):
        await service.api_keys.rename(principal=principal, key_id=key_id, name="")
    with pytest.raises(ApiKeyNotFound):
        await service.api_keys.rename(principal=principal, key_id=UNKNOWN, name="x")
    with pytest.raises(ApiKeyNotFound):
        await service.api_keys.revoke(principal=principal, key_id=UNKNOWN, origin=ORIGIN)
    assert await known(service, key) == "known"
    await service.api_keys.revoke(principal=principal, key_id=key_id, origin=ORIGIN)
    assert await known(service, key) == "API_KEY_INVALID"
    assert await service.api_keys.list(principal=principal) == []
    with pytest.raises(ApiKeyNotFound):
        await service.api_keys.revoke(principal=principal, key_id=key_id, origin=ORIGIN)
    assert kinds(service.audited("api_key.revoked")) == ["api_key.revoked"]


async def test_a_key_sees_renames_and_revokes_no_key_of_its_owner() -> None:
    """Trap 2: whoever finds it learns of no other one, and locks nobody out."""
    service = Service()
    _, key = await ada(service)
    caller = (await service.api_keys.authenticate(key.text.text)).principal
    key_id = key.shown.key.id
    for deed in (
        service.api_keys.list(principal=caller),
        service.api_keys.list.one(principal=caller, key_id=key_id),
        service.api_keys.rename(principal=caller, key_id=key_id, name="x"),
        service.api_keys.revoke(principal=caller, key_id=key_id, origin=ORIGIN),
        service.api_keys.revoke.all(principal=caller, origin=ORIGIN),
    ):
        with pytest.raises(PersonRequired):
            await deed
    assert await known(service, key) == "known"


type Deed = Callable[[Service, Principal, NewKey], Awaitable[object]]


@pytest.mark.parametrize(
    ("needed", "deed"),
    [
        (API_KEYS_READ, lambda s, p, k: s.api_keys.list(principal=p, owner=k.shown.key.owner)),
        (
            API_KEYS_REVOKE,
            lambda s, p, k: s.api_keys.revoke(
                principal=p, owner=k.shown.key.owner, key_id=k.shown.key.id, origin=ORIGIN
            ),
        ),
        (
            API_KEYS_REVOKE,
            lambda s, p, k: s.api_keys.revoke.all(
                principal=p, owner=k.shown.key.owner, origin=ORIGIN
            ),
        ),
    ],
    ids=["list", "revoke", "revoke all"],
)
async def test_anothers_keys_take_the_permission(needed: str, deed: Deed) -> None:
    """AZ-2: and those of a program the one for programs."""
    service = Service()
    _, mine = await ada(service)
    _, its = await program(service, "shop:open")
    for key, permission in ((mine, needed), (its, SERVICE_ACCOUNTS_WRITE)):
        wrong = {"api-keys:read", "api-keys:revoke", "service-accounts:write"} - {permission}
        with pytest.raises(PermissionDenied):
            await deed(service, with_permissions(*wrong), key)
        await deed(service, with_permissions(permission), key)


async def test_whose_keys_are_meant_has_to_be_there() -> None:
    service = Service()
    _, key = await ada(service)
    with pytest.raises(UserNotFound):
        await service.api_keys.list(principal=OPERATOR, owner=a_user().id)
    with pytest.raises(ServiceAccountNotFound):
        await service.api_keys.list(principal=OPERATOR, owner=ServiceAccountId(UNKNOWN.value))
    bob = await service.verified_user(BOB)
    with pytest.raises(ApiKeyNotFound):
        await service.api_keys.revoke(
            principal=OPERATOR, owner=bob.id, key_id=key.shown.key.id, origin=ORIGIN
        )
    assert await known(service, key) == "known"


async def test_all_keys_of_an_account_are_revoked_and_each_is_told() -> None:
    service = Service()
    principal, first = await ada(service)
    second = await key_of(service, service.user())
    others = await key_of(service, await service.verified_user(BOB))
    await service.api_keys.revoke.all(principal=principal, origin=ORIGIN)
    codes = [await known(service, key) for key in (first, second, others)]
    assert codes == ["API_KEY_INVALID", "API_KEY_INVALID", "known"]
    assert len(service.audited("api_key.revoked")) == 2
    async with service.unchanged():
        await service.api_keys.revoke.all(principal=principal, origin=ORIGIN)
