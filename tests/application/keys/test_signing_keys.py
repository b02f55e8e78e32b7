"""The keyring: the first key, a change of algorithm, and a wrong SECRET_KEY (TK-3, TK-4)."""

import asyncio
import threading
from dataclasses import replace

import pytest

from adapters.memory.keys.signing_keys import SIGNING_KEYS, MemorySigningKeyRepository
from application.keys.keyring import PUBLISHING_MARGIN, SigningKeyUnreadable
from application.keys.ports import AccessClaims, KeyMaterial
from application.paging import PageRequest
from domain.audit.event import AuditEvent, Party
from domain.errors import ServiceUnavailable
from domain.identifiers import UserId
from domain.keys.signing_key import KeyState, SigningAlgorithm, SigningKey
from domain.principal import OPERATOR
from domain.vocabulary import word_of
from tests.application.service import DAY, HOUR, MINUTE, SECOND
from tests.application.stories import ADA, ORIGIN, PASSWORD, Service, kinds, principal_of


def keys_of(service: Service) -> dict[str, KeyState]:
    """Return the state of each stored key by its algorithm."""
    now = service.clock.now()
    return {
        key.algorithm.value: key.state(now)
        for key in service.store.committed(SIGNING_KEYS).rows.values()
    }


def restarted(
    service: Service,
    algorithm: SigningAlgorithm,
    issued: dict[str, AccessClaims] | None = None,
    secret_key: bytes = b"k" * 32,
) -> Service:
    """Return another instance over the same store with another setting."""
    return Service(
        store=service.store,
        clock=service.clock,
        algorithm=algorithm,
        issued=issued,
        secret_key=secret_key,
    )


async def test_the_first_key_signs_at_once() -> None:
    """TK-3, LG-3: one commit, one row for each thing that happened, and a second start finds it."""
    service = Service()
    assert not service.keys.keyring.is_loaded
    await service.keys.keyring.prepare()
    assert service.keys.keyring.is_loaded
    assert keys_of(service) == {"EdDSA": KeyState.ACTIVE}
    assert len(service.ports.access_tokens.jwks()) == 1
    assert kinds(service.audited()) == ["signing_key.published", "signing_key.promoted"]
    async with service.unchanged():
        await service.keys.keyring.prepare()
        await restarted(service, SigningAlgorithm.EDDSA).keys.keyring.prepare()


async def test_the_private_half_is_sealed() -> None:
    """TK-4, RF-5: a copy of the database signs nothing."""
    service = Service()
    await service.keys.keyring.prepare()
    (key,) = service.store.committed(SIGNING_KEYS).rows.values()
    private = service.ports.secret_box.open(key.sealed_private_key, purpose="signing-key")
    assert private not in key.sealed_private_key
    assert repr(private) not in repr(service.snapshot())


async def test_another_algorithm_is_published_first_and_signs_later() -> None:
    """TK-3: in the JWKS for its max-age before its first use; the old one outlives its tokens."""
    issued: dict[str, AccessClaims] = {}
    old = Service(issued=issued)
    await old.verified_user()
    first = await old.sign_in()
    new = restarted(old, SigningAlgorithm.ES256, issued)
    await new.keys.keyring.prepare()
    assert keys_of(new) == {"EdDSA": KeyState.ACTIVE, "ES256": KeyState.PUBLISHED}
    assert {jwk["alg"] for jwk in new.ports.access_tokens.jwks()} == {"EdDSA", "ES256"}
    before = await new.refresh(first.refresh_token)
    assert before.access_token.partition(".")[0] == first.access_token.partition(".")[0]
    new.clock.advance(5 * MINUTE + PUBLISHING_MARGIN - SECOND)
    await new.keys.keyring.load()
    last_old = await new.refresh(before.refresh_token)
    assert last_old.access_token.partition(".")[0] == first.access_token.partition(".")[0]
    new.clock.advance(SECOND)
    await new.keys.keyring.load()
    assert keys_of(new) == {"EdDSA": KeyState.RETIRED, "ES256": KeyState.ACTIVE}
    fresh = await new.refresh(last_old.refresh_token)
    assert fresh.access_token.partition(".")[0] != first.access_token.partition(".")[0]
    new.clock.advance(10 * MINUTE)
    await new.keys.keyring.load()
    await new.authenticate(last_old)
    new.clock.advance(MINUTE)
    await new.keys.keyring.load()
    assert keys_of(new) == {"EdDSA": KeyState.GONE, "ES256": KeyState.ACTIVE}
    assert {jwk["alg"] for jwk in new.ports.access_tokens.jwks()} == {"ES256"}


async def test_a_change_of_algorithm_is_made_once() -> None:
    """TK-3: further instances and starts find the key that is on its way."""
    service = Service()
    await service.keys.keyring.prepare()
    await restarted(service, SigningAlgorithm.ES256).keys.keyring.prepare()
    async with service.unchanged():
        await restarted(service, SigningAlgorithm.ES256).keys.keyring.prepare()
        await restarted(service, SigningAlgorithm.EDDSA).keys.keyring.prepare()
    assert len(service.store.committed(SIGNING_KEYS).rows) == 2


async def test_a_change_of_algorithm_by_two_instances_at_once_is_made_once() -> None:
    """TK-3, LG-3: one new key, one retirement, and neither of the two fails."""
    service = Service()
    await service.keys.keyring.prepare()
    changed = [restarted(service, SigningAlgorithm.ES256) for _ in range(2)]
    await asyncio.gather(*(instance.keys.keyring.prepare() for instance in changed))
    assert keys_of(service) == {"EdDSA": KeyState.ACTIVE, "ES256": KeyState.PUBLISHED}
    assert len(service.store.committed(SIGNING_KEYS).rows) == 2
    *first, fourth, fifth = kinds(service.audited())
    change = [fourth, fifth]
    assert first == ["signing_key.published", "signing_key.promoted"]
    assert sorted(change) == ["signing_key.published", "signing_key.retired"]
    assert all(instance.keys.keyring.is_loaded for instance in changed)


async def test_a_key_is_made_outside_of_any_unit_of_work_and_off_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DU-1: an RSA key takes long; no transaction and no event loop waits for it."""
    service = Service()
    made: list[tuple[int, bool]] = []
    generate = service.ports.access_tokens.generate_key

    def watched(algorithm: SigningAlgorithm) -> KeyMaterial:
        on_the_loop = threading.current_thread() is threading.main_thread()
        made.append((service.store.open_units, on_the_loop))
        return generate(algorithm)

    monkeypatch.setattr(service.ports.access_tokens, "generate_key", watched)
    await service.keys.keyring.prepare()
    assert made == [(0, False)]


async def test_two_instances_that_start_together_accept_each_others_tokens() -> None:
    """TK-3: they make one key between them."""
    issued: dict[str, AccessClaims] = {}
    one = Service(issued=issued)
    other = Service(store=one.store, clock=one.clock, issued=issued)
    await asyncio.gather(one.keys.keyring.prepare(), other.keys.keyring.prepare())
    assert keys_of_all(one) == [KeyState.ACTIVE]
    assert kinds(one.audited()) == ["signing_key.published", "signing_key.promoted"]
    await one.verified_user()
    first = await one.sign_in()
    second = await other.sign_in()
    assert first.access_token.partition(".")[0] == second.access_token.partition(".")[0]
    await one.authenticate(second)
    await other.authenticate(first)


@pytest.mark.parametrize("algorithm", SigningAlgorithm)
async def test_a_wrong_secret_key_is_said_in_plain_words(algorithm: SigningAlgorithm) -> None:
    """TK-4, CF-1: the start fails, and the message names the setting."""
    service = Service(algorithm=algorithm)
    await service.keys.keyring.prepare()
    wrong = restarted(service, algorithm, secret_key=b"w" * 32)
    with pytest.raises(SigningKeyUnreadable, match="SECRET_KEY is not the one"):
        await wrong.keys.keyring.prepare()
    assert not wrong.keys.keyring.is_loaded


async def test_without_a_key_nothing_is_signed() -> None:
    """RL-5: a keyring that finds none says that the service is not available."""
    service = Service()
    with pytest.raises(ServiceUnavailable):
        await service.keys.keyring.load()
    await service.verified_user()
    with pytest.raises(ServiceUnavailable):
        await service.factors.sign_in(email=ADA, password=PASSWORD, origin=ORIGIN)


async def test_after_an_emergency_a_new_key_signs_at_once() -> None:
    """TK-3: revoked is gone; the next start does not wait for any cache."""
    service = Service()
    await service.verified_user()
    grant = await service.sign_in()
    async with service.units() as unit:
        (key,) = await unit.signing_keys.list_all()
        key.revoke(now=service.clock.now())
        await unit.signing_keys.save(key)
        await unit.commit()
    with pytest.raises(ServiceUnavailable):
        await service.keys.keyring.load()
    await service.keys.keyring.prepare()
    assert sorted(keys_of_all(service)) == [KeyState.ACTIVE, KeyState.GONE]
    service.clock.advance(SECOND)
    with pytest.raises(Exception, match="not valid"):
        await service.authenticate(grant)
    await service.authenticate(await service.refresh(grant.refresh_token))


def keys_of_all(service: Service) -> list[KeyState]:
    """Return the states of all stored keys."""
    now = service.clock.now()
    keys: list[SigningKey] = list(service.store.committed(SIGNING_KEYS).rows.values())
    return [key.state(now) for key in keys]


async def test_loading_again_changes_nothing_until_a_key_changes_its_state() -> None:
    """TK-3: a periodic load is cheap, and a reload for an unknown key is held back."""
    service = Service()
    await service.keys.keyring.prepare()
    assert not await service.keys.keyring.reload_for_unknown_key()
    service.clock.advance(SECOND)
    assert await service.keys.keyring.reload_for_unknown_key()
    assert not await service.keys.keyring.reload_for_unknown_key()
    service.clock.advance(HOUR + DAY)
    before = service.ports.access_tokens.jwks()
    await service.keys.keyring.load()
    assert service.ports.access_tokens.jwks() == before


async def test_a_principal_is_made_of_what_was_granted() -> None:
    """TK-7: no name and no address in the claims."""
    service = Service()
    await service.verified_user()
    grant = await service.sign_in()
    claims = service.ports.access_tokens.verify(grant.access_token, now=service.clock.now())
    assert UserId(claims.subject) == principal_of(grant).user_id
    assert "ada" not in repr(claims)
    assert claims.expires_at == service.clock.now() + 10 * MINUTE


async def test_five_hundred_unknown_keys_at_once_cost_one_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TK-3, RL-5: every caller can name a key; also while the store is slow, or away."""
    service = Service()
    await service.keys.keyring.prepare()
    loads = 0
    list_all = MemorySigningKeyRepository.list_all

    async def slowly(keys: MemorySigningKeyRepository) -> list[SigningKey]:
        nonlocal loads
        loads += 1
        await asyncio.sleep(0.01)
        return await list_all(keys)

    monkeypatch.setattr(MemorySigningKeyRepository, "list_all", slowly)
    for answers in (True, False):
        service.store.answers, loads = answers, 0
        service.clock.advance(SECOND)
        reloads = (service.keys.keyring.reload_for_unknown_key() for _ in range(500))
        outcomes = await asyncio.gather(*reloads, return_exceptions=True)
        assert loads <= 1
        again = (service.keys.keyring.reload_for_unknown_key() for _ in range(20))
        later = await asyncio.gather(*again, return_exceptions=True)
        if answers:
            assert (outcomes, later) == ([True] * 500, [False] * 20)
        else:  # whether there is such a key cannot be said
            assert {type(outcome) for outcome in (*outcomes, *later)} == {ServiceUnavailable}
        assert loads <= 1


def promotions(service: Service) -> list[AuditEvent]:
    """Return the rows that tell of a key's first day."""
    return [row for row in service.audited() if row.type == "signing_key.promoted"]


async def test_a_key_that_comes_to_sign_is_written_down_once() -> None:
    """LG-3: by whichever instance finds out first, with the time from which it signed."""
    service = Service()
    await service.keys.keyring.prepare()
    key = await service.keys.keyring.rotate(actor=OPERATOR, origin=ORIGIN)
    other = restarted(service, SigningAlgorithm.EDDSA)
    await other.keys.keyring.prepare()
    before = len(promotions(service))
    service.clock.advance(5 * MINUTE + PUBLISHING_MARGIN - SECOND)
    async with service.unchanged():
        await service.keys.keyring.keep_up()
    service.clock.advance(HOUR)
    await asyncio.gather(other.keys.keyring.keep_up(), service.keys.keyring.keep_up())
    async with service.unchanged():
        await other.keys.keyring.keep_up()
    [row] = promotions(service)[before:]
    assert row.data == {"kid": key.kid}
    assert row.occurred_at == key.activates_at
    assert row.actor == Party("system", None)
    assert row.outcome == "success"


async def test_a_successor_in_an_emergency_signs_at_once_and_that_is_written_down() -> None:
    """TK-3, LG-3."""
    service = Service()
    await service.keys.keyring.prepare()
    (old,) = service.store.committed(SIGNING_KEYS).rows.values()
    before = len(service.audited())
    await service.keys.keyring.revoke(old.kid, actor=OPERATOR, origin=ORIGIN)
    assert kinds(service.audited()[before:]) == [
        "signing_key.revoked", "signing_key.published", "signing_key.promoted",
    ]  # fmt: skip


async def test_a_successor_whose_day_is_yet_to_come_is_no_help_in_an_emergency() -> None:
    """TK-3: its day comes all the same; until then a third one signs."""
    service = Service()
    await service.verified_user()
    await service.sign_in()
    (old,) = service.store.committed(SIGNING_KEYS).rows.values()
    service.clock.advance(SECOND)
    await service.keys.keyring.rotate(actor=OPERATOR, origin=ORIGIN)
    service.clock.advance(SECOND)
    await service.keys.keyring.revoke(old.kid, actor=OPERATOR, origin=ORIGIN)
    states = [KeyState.ACTIVE, KeyState.GONE, KeyState.PUBLISHED]
    assert sorted(keys_of_all(service)) == states
    await service.authenticate(await service.sign_in())
    service.clock.advance(HOUR)
    await service.keys.keyring.keep_up()
    assert len(promotions(service)) == 3
    assert sorted(keys_of_all(service)) == [KeyState.ACTIVE, KeyState.GONE, KeyState.GONE]
    await service.authenticate(await service.sign_in())


async def test_a_key_that_was_revoked_before_its_day_never_signs() -> None:
    """TK-3, LG-3: nor does the trail say so; the present key works on until another one can."""
    service = Service()
    await service.verified_user()
    grant = await service.sign_in()
    revoked = await service.keys.keyring.rotate(actor=OPERATOR, origin=ORIGIN)
    service.clock.advance(4 * MINUTE)
    await service.keys.keyring.revoke(revoked.kid, actor=OPERATOR, origin=ORIGIN)
    service.clock.advance(4 * MINUTE)
    await service.keys.keyring.keep_up()
    await service.authenticate(grant)
    service.clock.advance(HOUR)
    await service.keys.keyring.keep_up()
    first, second = (row.data["kid"] for row in promotions(service))
    assert {first, revoked.kid, second} == set(service.store.committed(SIGNING_KEYS).rows)
    await service.authenticate(await service.sign_in())


async def test_keys_serve_although_their_first_day_cannot_be_written_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """LG-4: the next round tries again; starting and revoking do not wait for it."""
    service = Service()
    await service.keys.keyring.prepare()
    key = await service.keys.keyring.rotate(actor=OPERATOR, origin=ORIGIN)
    service.clock.advance(HOUR)
    with monkeypatch.context() as broken:
        broken.setattr(MemorySigningKeyRepository, "hold_all", _away)
        with pytest.raises(ServiceUnavailable):
            await service.keys.keyring.keep_up()
        await restarted(service, SigningAlgorithm.EDDSA).keys.keyring.prepare()
    assert [jwk["kid"] for jwk in service.ports.access_tokens.jwks()] == [key.kid]
    before = len(promotions(service))
    await service.keys.keyring.keep_up()
    assert len(promotions(service)) == before + 1


async def test_two_that_are_due_leave_no_gap_whatever_is_revoked() -> None:
    """TK-3: a change of algorithm while a rotation is under way, and then an emergency."""
    service = Service()
    await service.verified_user()
    await service.sign_in()
    (first,) = service.store.committed(SIGNING_KEYS).rows.values()
    due = await service.keys.keyring.rotate(actor=OPERATOR, origin=ORIGIN)
    service.clock.advance(2 * MINUTE)
    other = restarted(service, SigningAlgorithm.ES256)
    await other.keys.keyring.prepare()
    retirements = [row for row in service.audited() if row.type == "signing_key.retired"]
    assert [row.data["kid"] for row in retirements] == [first.kid, due.kid]
    service.clock.advance(SECOND)
    await other.keys.keyring.revoke(first.kid, actor=OPERATOR, origin=ORIGIN)
    service.clock.advance(SECOND)
    await other.keys.keyring.revoke(due.kid, actor=OPERATOR, origin=ORIGIN)
    for _ in range(20):
        service.clock.advance(MINUTE)
        await other.keys.keyring.keep_up()
    (left,) = (
        k for k in service.store.committed(SIGNING_KEYS).rows.values() if k.retires_at is None
    )
    assert [jwk["kid"] for jwk in other.ports.access_tokens.jwks()] == [left.kid]
    assert left.algorithm is SigningAlgorithm.ES256


async def test_what_is_compromised_goes_although_the_secret_key_is_lost() -> None:
    """TK-3, TK-4: the message names the key that stands in the way; revoking that one helps."""
    service = Service()
    await service.keys.keyring.prepare()
    (present,) = service.store.committed(SIGNING_KEYS).rows.values()
    due = await service.keys.keyring.rotate(actor=OPERATOR, origin=ORIGIN)
    other = restarted(service, SigningAlgorithm.EDDSA, secret_key=b"w" * 32)
    with pytest.raises(SigningKeyUnreadable, match=present.kid):
        await other.keys.keyring.revoke(due.kid, actor=OPERATOR, origin=ORIGIN)
    assert (
        service.store.committed(SIGNING_KEYS).rows[due.kid].state(service.clock.now())
        is KeyState.GONE
    )
    await other.keys.keyring.revoke(present.kid, actor=OPERATOR, origin=ORIGIN)
    assert other.keys.keyring.is_loaded


async def test_keys_that_are_all_gone_are_replaced_and_published_no_longer() -> None:
    """TK-3: rows that were removed by hand sign nothing from memory either."""
    service = Service()
    await service.keys.keyring.prepare()
    (lost,) = service.ports.access_tokens.jwks()
    async with service.ports.units() as unit:
        for key in await unit.signing_keys.hold_all():
            key.revoke(now=service.clock.now())
            await unit.signing_keys.save(key)
        await unit.commit()
    await service.keys.keyring.keep_up()
    (fresh,) = service.ports.access_tokens.jwks()
    assert fresh["kid"] != lost["kid"]
    async with service.unchanged():
        await service.keys.keyring.keep_up()


async def _away(_: MemorySigningKeyRepository) -> list[SigningKey]:
    raise ServiceUnavailable


async def test_a_key_that_only_a_newer_version_can_use_takes_nothing_down() -> None:
    """TK-3, DB-5: an older instance beside it signs and verifies with what it knows."""
    service = Service()
    await service.verified_user()
    await service.sign_in()
    (key,) = service.store.committed(SIGNING_KEYS).rows.values()
    now = service.clock.now()
    strange = replace(key, kid="strange", algorithm=word_of(SigningAlgorithm, "ML-DSA-44"))
    old = replace(key)
    old.retire(at=now, keep=HOUR, now=now)
    service.store.committed(SIGNING_KEYS).apply({"strange": strange, old.kid: old})
    await service.keys.keyring.load()
    await service.authenticate(await service.sign_in())
    shown = await service.keys.manage.listed(principal=OPERATOR, asked=PageRequest(limit=9))
    assert {each.algorithm.value for each in shown.items} == {"EdDSA", "ML-DSA-44"}
