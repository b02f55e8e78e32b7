"""Making API keys: by a person, for oneself, of permissions that one has."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from adapters.memory.api_keys.keys import MemoryApiKeyRepository
from adapters.memory.api_keys.tables import API_KEYS
from application.api_keys.making import NewKey
from application.mail.allowance import ADDITION
from application.sessions.token_grants import TokenGrant
from domain.api_keys.api_key import (
    MOST_EXPIRED,
    MOST_KEYS,
    ApiKeyExpired,
    ApiKeyNotFound,
    TooManyApiKeys,
)
from domain.api_keys.key_text import ApiKeyInvalid
from domain.assurance import Level, StepUpRequired
from domain.errors import TooManyRequests, ValidationFailed
from domain.identifiers import ApiKeyId
from domain.principal import OPERATOR, PermissionDenied, PersonRequired, Principal
from domain.sessions.session import SessionIsOver
from tests.application.api_keys.holders import key_of, program, user_with
from tests.application.doubles import overtake
from tests.application.service import DAY, MINUTE, SECOND
from tests.application.stories import ADA, ORIGIN, AuthenticatorApp, Service, kinds

BOB = "bob@example.com"
SOME = ("orders:refund", "users:read")


async def create(
    service: Service,
    principal: Principal,
    permissions: Sequence[str] = SOME,
    *,
    name: str = "CI",
    expires_in: int | None = None,
) -> NewKey:
    """Make a key of one's own."""
    return await service.api_keys.create(
        principal=principal,
        name=name,
        permissions=permissions,
        expires_in=expires_in,
        origin=ORIGIN,
    )


async def principal_now(service: Service, grant: TokenGrant) -> Principal:
    """Return the principal as the grant's access token gives it now."""
    return (await service.authenticate(grant)).principal


async def ada(service: Service, *permissions: str) -> Principal:
    """Make Ada with a role of these permissions, and return her in a fresh session."""
    await user_with(service, *(permissions or SOME))
    return await principal_now(service, await service.sign_in())


async def test_a_key_is_made_and_told_and_its_text_is_kept_nowhere() -> None:
    """LG-1, LG-3, HD-7: not in a row, a message or an event."""
    service = Service()
    principal = await ada(service)
    made = await create(service, principal)
    key = made.shown.key
    caller = await service.api_keys.authenticate(made.text.text)
    assert caller.principal.user_id == key.owner == principal.user_id
    assert (caller.principal.key_id, caller.principal.session_id) == (key.id, None)
    assert caller.principal.permissions == made.shown.effective == set(SOME)
    assert caller.principal.roles == frozenset()
    (row,) = service.audited("api_key.created")
    assert (row.actor.id, row.actor.key_id) == (str(principal.user_id), None)
    assert row.data["permissions"] == "orders:refund,users:read"
    (mail,) = [each for each in await service.mails() if "API key was made" in each.subject]
    assert key.hint in mail.text
    everything = repr(service.snapshot()) + repr(made) + mail.text + mail.html
    assert made.text.text not in everything
    assert made.text.text[12:] not in everything


async def test_it_takes_a_recent_proof_of_all_that_one_has() -> None:
    """HD-6."""
    service = Service()
    await user_with(service, *SOME)
    grant = await service.sign_in()
    service.clock.advance(5 * MINUTE + SECOND)
    async with service.unchanged():
        with pytest.raises(StepUpRequired):
            await create(service, await principal_now(service, grant))
    fresh = await service.sign_in()
    app, _ = await service.enrol_totp(fresh)
    low = await principal_now(service, fresh)
    service.clock.advance(MINUTE)
    with pytest.raises(StepUpRequired) as asked:
        await create(service, low)
    assert asked.value.acr is Level.AAL2
    high = await service.sign_in(proof=app.proof())
    made = await create(service, await principal_now(service, high))
    assert made.shown.key.acr is Level.AAL2


@pytest.mark.parametrize("text", ["audit:read", "keys:manage", "shop:close"])
async def test_nobody_makes_a_key_of_what_they_lack(text: str) -> None:
    """Trap 3, AZ-3: of Doorward's own, and of what a product's role gives."""
    service = Service()
    principal = await ada(service)
    await service.define_role("keeper", ["shop:close"])
    async with service.unchanged():
        with pytest.raises(PermissionDenied):
            await create(service, principal, ["users:read", text])


@pytest.mark.parametrize(
    "text", ["nobody:gives", "users:*", "*", "*:*", "", "users", "administrator"]
)
@pytest.mark.parametrize("administrates", [False, True])
async def test_a_permission_that_means_nothing_is_refused(text: str, administrates: bool) -> None:
    """Trap 3: there is no wildcard, for an administrator either, and no name of a role."""
    service = Service()
    principal = await ada(service)
    if administrates:
        await service.set_role(service.user(), "administrator")
        principal = await principal_now(service, await service.sign_in())
    async with service.unchanged():
        with pytest.raises(ValidationFailed):
            await create(service, principal, ["users:read", text])


async def test_a_key_may_be_for_nothing_and_for_the_same_twice() -> None:
    service = Service()
    principal = await ada(service)
    assert (await create(service, principal, [])).shown.effective == frozenset()
    made = await create(service, principal, ["users:read", "users:read"])
    assert made.shown.key.permissions == {"users:read"}


@pytest.mark.parametrize("expires_in", [0, -1, 365 * 86_400 + 1, 10**12, 10**30])
async def test_a_key_lives_no_longer_than_any_may(expires_in: int) -> None:
    service = Service()
    principal = await ada(service)
    async with service.unchanged():
        with pytest.raises(ValidationFailed) as refused:
            await create(service, principal, expires_in=expires_in)
    assert [each.field for each in refused.value.details] == ["expires_in"]


async def test_what_is_left_out_is_the_longest_time() -> None:
    service = Service()
    principal = await ada(service)
    now = service.clock.now()
    for asked, lived in ((None, 365 * DAY), (1, SECOND), (365 * 86_400, 365 * DAY)):
        made = await create(service, principal, expires_in=asked)
        assert made.shown.key.expires_at == now + lived


async def test_only_a_person_makes_a_key_and_only_for_themselves() -> None:
    """Traps 1 and 2: a key begets nothing, whatever it is given."""
    service = Service()
    principal = await ada(service)
    bob = await service.verified_user(BOB)
    await service.set_role(service.user(), "administrator")
    root = await principal_now(service, await service.sign_in())
    mine = await create(service, root, ["service-accounts:write", "users:write"])
    account, its = await program(service, "shop:open", "service-accounts:write")
    for text in (mine.text.text, its.text.text):
        caller = (await service.api_keys.authenticate(text)).principal
        for owner in (None, account.id, bob.id):
            async with service.unchanged():
                with pytest.raises(PersonRequired):
                    await service.api_keys.create(
                        principal=caller, owner=owner, name="x", permissions=[], origin=ORIGIN
                    )
    for owner in (bob.id, principal.user_id):
        async with service.unchanged():
            with pytest.raises(PermissionDenied):
                await service.api_keys.create(
                    principal=root, owner=owner, name="x", permissions=[], origin=ORIGIN
                )


async def test_there_are_fifty_keys_that_can_be_used_at_most() -> None:
    """Those that have expired are not counted, and neither is one whose place another takes."""
    service = Service()
    principal = await ada(service)
    short = await create(service, principal, [], expires_in=60)
    keys = [await create(service, principal, []) for _ in range(MOST_KEYS - 1)]
    async with service.unchanged():
        with pytest.raises(TooManyApiKeys):
            await create(service, principal, [])
    for overlap in (0, 0):
        keys[0] = await service.api_keys.rotate(
            principal=principal, key_id=keys[0].shown.key.id, overlap=overlap, origin=ORIGIN
        )
    service.clock.advance(MINUTE)
    await create(service, principal, [])
    assert short.shown.key.id in service.store.committed(API_KEYS).rows
    with pytest.raises(TooManyApiKeys):
        await create(service, principal, [])
    other = await service.verified_user(BOB)
    await key_of(service, other)


async def test_expired_keys_are_kept_within_bounds() -> None:
    """Whoever makes short keys over and over fills no table, and no list grows without an end."""
    service = Service(rate_limits=False)
    principal = await ada(service)
    forever = await create(service, principal, [])
    made = []
    for _ in range(MOST_EXPIRED + 10):
        made.append(await create(service, principal, [], expires_in=1))
        service.clock.advance(SECOND)
        principal = await principal_now(service, await service.sign_in())
    newest = await create(service, principal, [])
    shown = await service.api_keys.list(principal=principal)
    kept = [newest, *reversed(made[10:]), forever]
    assert [each.key.id for each in shown] == [each.shown.key.id for each in kept]
    with pytest.raises(ApiKeyExpired):
        await service.api_keys.authenticate(str(made[10].text))
    with pytest.raises(ApiKeyInvalid):  # it is told from one that never was no longer
        await service.api_keys.authenticate(str(made[9].text))
    assert (await service.api_keys.authenticate(str(forever.text))).key.id == forever.shown.key.id


async def test_rotated_keys_that_have_expired_are_kept_within_bounds() -> None:
    service = Service(rate_limits=False)
    principal, account = await ada(service), (await program(service))[0].id
    for owner in (None, account):
        key = await service.api_keys.create(
            principal=OPERATOR if owner else principal,
            owner=owner,
            name="CI",
            permissions=[],
            origin=ORIGIN,
        )
        for _ in range(MOST_EXPIRED + 5):
            key = await service.api_keys.rotate(
                principal=OPERATOR if owner else principal,
                owner=owner,
                key_id=key.shown.key.id,
                overlap=1,
                origin=ORIGIN,
            )
            service.clock.advance(SECOND)
            principal = await principal_now(service, await service.sign_in())
    # Beside the expired ones the last key and the one before it, and what the program came with.
    for holder, others in ((principal.user_id, 2), (account, 3)):
        kept = service.store.committed(API_KEYS).rows.values()
        assert sum(each.key.owner == holder for each in kept) == MOST_EXPIRED + others


async def test_no_key_is_made_that_its_owner_is_not_told_of() -> None:
    """RL-4: a mail for each; beyond the allowance nothing is made, and others are not affected."""
    service = Service()
    principal = await ada(service)
    other = await service.verified_user(BOB)

    async def churn() -> None:
        made = await create(service, principal, [])
        await service.api_keys.revoke(principal=principal, key_id=made.shown.key.id, origin=ORIGIN)

    for _ in range(ADDITION.burst):
        await churn()
    async with service.unchanged():
        with pytest.raises(TooManyRequests) as refusal:
            await create(service, principal, [])
    assert refusal.value.retry_after is not None
    assert timedelta(0) < refusal.value.retry_after <= ADDITION.interval
    await key_of(service, other)
    service.clock.advance(ADDITION.interval)
    kept = await create(service, principal, [])
    with pytest.raises(TooManyRequests):
        await service.api_keys.rotate(
            principal=principal, key_id=kept.shown.key.id, overlap=0, origin=ORIGIN
        )
    mails = [each for each in await service.mails() if "API key was made" in each.subject]
    assert len([each for each in mails if each.to == ADA]) == ADDITION.burst + 1


async def test_what_is_refused_uses_up_nothing() -> None:
    """Else a thief could keep the owner from making keys, and no mail would tell of it."""
    service = Service()
    principal = await ada(service)
    kept = await create(service, principal)
    for _ in range(ADDITION.burst):
        with pytest.raises(ValidationFailed):
            await create(service, principal, name="")
        with pytest.raises(ValidationFailed):
            await create(service, principal, ["nothing:knows"])
        with pytest.raises(PermissionDenied):
            await create(service, principal, ["users:write"])
        with pytest.raises(ApiKeyNotFound):
            await service.api_keys.rotate(
                principal=principal, key_id=ApiKeyId(UUID(int=1)), overlap=0, origin=ORIGIN
            )
    await service.api_keys.rotate(
        principal=principal, key_id=kept.shown.key.id, overlap=0, origin=ORIGIN
    )
    await create(service, principal)


async def test_who_may_make_no_key_uses_up_nothing() -> None:
    """Else a stolen session that is no longer fresh would keep the owner from making keys."""
    service = Service()
    await user_with(service, *SOME)
    grant = await service.sign_in()
    service.clock.advance(5 * MINUTE + SECOND)
    stale = await principal_now(service, grant)
    for _ in range(ADDITION.burst + 1):
        with pytest.raises(StepUpRequired):
            await create(service, stale)
    await create(service, await principal_now(service, await service.sign_in()))


async def test_a_full_account_still_has_a_key_replaced_at_once() -> None:
    """One that was rotated with an overlap stands in the way of no other that has leaked."""
    service = Service()
    principal = await ada(service)
    first, leaked, third = [await create(service, principal, []) for _ in range(MOST_KEYS)][:3]

    async def rotate(key: NewKey, overlap: int) -> NewKey:
        return await service.api_keys.rotate(
            principal=principal, key_id=key.shown.key.id, overlap=overlap, origin=ORIGIN
        )

    await rotate(first, 3600)
    async with service.unchanged():
        with pytest.raises(TooManyApiKeys):
            await rotate(third, 3600)
    await rotate(leaked, 0)
    with pytest.raises(ApiKeyInvalid):
        await service.api_keys.authenticate(str(leaked.text))
    async with service.unchanged():
        with pytest.raises(TooManyApiKeys):
            await rotate(third, 1)


# --- what happens meanwhile ---------------------------------------------------------------------


async def suspend(service: Service) -> None:
    await service.operator_suspends(service.user())


async def suspend_and_reinstate(service: Service) -> None:
    await service.operator_reinstates(await service.operator_suspends(service.user()))


async def erase(service: Service) -> None:
    await service.accounts.erase_user(
        principal=OPERATOR, user_id=service.user().id, expected=None, origin=ORIGIN
    )


async def reset_factors(service: Service) -> None:
    await service.factors.reset(
        principal=OPERATOR, user_id=service.user().id, reason="Lost.", origin=ORIGIN
    )


@pytest.mark.parametrize("ends", [suspend, suspend_and_reinstate, erase, reset_factors])
async def test_a_key_that_is_being_made_is_not_left_behind(
    ends: Callable[[Service], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ends the maker's session while the key is made ends the making too."""
    service = Service()
    await user_with(service, *SOME)
    app, _ = await service.enrol_totp(await service.sign_in())
    service.clock.advance(MINUTE)
    grant = await service.sign_in(proof=app.proof())
    principal = await principal_now(service, grant)
    overtake(monkeypatch, MemoryApiKeyRepository, "count_usable", lambda: ends(service))
    with pytest.raises(SessionIsOver):
        await create(service, principal)
    assert service.store.committed(API_KEYS).rows == {}
    assert service.audited("api_key.created") == []
    assert "API key" not in "".join(await service.subjects())


async def test_a_session_that_was_ended_makes_no_key() -> None:
    """Its access token is still in its time."""
    service = Service()
    await user_with(service, *SOME)
    grant = await service.sign_in()
    principal = await principal_now(service, grant)
    await service.sign_out(grant)
    async with service.unchanged():
        with pytest.raises(SessionIsOver):
            await create(service, principal)


async def test_a_first_factor_meanwhile_asks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """HD-6, MF-2: a session that has shown a password alone is not enough any more."""
    service = Service()
    await user_with(service, *SOME)
    grant = await service.sign_in()
    principal = await principal_now(service, grant)

    other = await service.sign_in()

    async def enrol() -> AuthenticatorApp:
        return (await service.enrol_totp(other))[0]

    overtake(monkeypatch, MemoryApiKeyRepository, "count_usable", enrol)
    with pytest.raises((StepUpRequired, SessionIsOver)):
        await create(service, principal)
    assert service.store.committed(API_KEYS).rows == {}


async def test_an_operator_makes_keys_for_anybody_that_wake_no_guarded_role() -> None:
    """MF-2: an operator has shown nothing, so the lowest level is the key's."""
    service = Service()
    user = await user_with(service, *SOME)
    made = await key_of(service, user, *SOME)
    assert (made.shown.key.acr, made.shown.key.created_by) == (Level.AAL1, None)
    (row,) = service.audited("api_key.created")
    assert row.actor.kind == "operator"
    assert kinds(service.audited("api_key.created")) == ["api_key.created"]
    assert [each for each in await service.mails(ADA) if "API key" in each.subject]


@pytest.mark.parametrize("text", ["dwk_", "dwk_" + "0" * 49, "dws_" + "z" * 49, "nothing"])
async def test_what_is_no_key_is_refused_before_the_store_is_asked(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service()
    asked: list[int] = []

    async def note() -> None:
        asked.append(1)

    overtake(monkeypatch, MemoryApiKeyRepository, "find", note)
    with pytest.raises(ApiKeyInvalid):
        await service.api_keys.authenticate(text)
    assert asked == []
