"""SECRET_KEY is changed: nothing that is kept is lost, and the old one is worth nothing (TK-4)."""

from dataclasses import replace

import pytest

from adapters.memory.audit.tables import AUDIT, CHAIN_HEADS, RETIRED_KEYS
from adapters.memory.factors.factors import MemoryFactorRepository
from adapters.memory.keys.signing_keys import SIGNING_KEYS
from adapters.memory.mail.tables import OUTBOX
from application.audit.chaining import AuditChainBroken
from application.audit.seals import Seals
from application.factors import renewal
from application.factors.proofs import Proof, ProofKind
from application.keys.ports import AccessClaims
from application.keys.secret_key import WrongSecretKey
from application.mail.renewal import BATCH
from domain.assurance import Level
from domain.audit.event import AuditEvent
from domain.audit.retired_key import EarlierKey, RetiredAuditKey, RetiredAuditKeyId
from domain.factors.factor import InvalidProof, Totp
from domain.mail.message import MessageStatus
from domain.principal import OPERATOR
from tests.application.doubles import overtake
from tests.application.service import HOUR, SECOND
from tests.application.stories import ADA, ORIGIN, AuthenticatorApp, Service, kinds, principal_of
from tests.contracts.samples import in_parallel

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32
ISSUED: dict[str, AccessClaims] = {}


def under(service: Service, secret_key: bytes, previous_key: bytes | None = None) -> Service:
    """Return another instance over the same store, a moment later."""
    service.clock.advance(SECOND)
    return Service(
        store=service.store,
        clock=service.clock,
        issued=ISSUED,
        secret_key=secret_key,
        previous_key=previous_key,
    )


async def started(
    service: Service, secret_key: bytes, previous_key: bytes | None = None
) -> Service:
    """Return another instance that has started as a process does."""
    instance = under(service, secret_key, previous_key)
    await instance.keys.secret_key.ensure_right()
    if previous_key is not None:
        await instance.keys.change_secret_key()
    await instance.audit.chain.begin()
    await instance.keys.keyring.prepare()
    return instance


@pytest.fixture
async def first() -> Service:
    """An installation under A, with a signing key and a trail of which part has no place yet."""
    service = await started(Service(issued=ISSUED), A)
    await service.signed_in_user()
    await service.audit.chain()
    await service.signed_in_user("bob@example.com")
    return service


async def faults(service: Service) -> list[str]:
    """Return what the verification finds."""
    found = await service.audit.verify(principal=OPERATOR)
    return [finding.fault.value for finding in found.findings]


async def test_nothing_is_lost_over_two_changes(first: Service) -> None:
    """TK-4, LG-3: the same signing key, the whole trail, and each step without the key before."""
    grant = await first.sign_in()
    kids = set(first.store.committed(SIGNING_KEYS).rows)
    service = first
    for present, previous in ((B, A), (B, None), (C, B), (C, None)):
        service = await started(service, present, previous)
        await service.authenticate(grant)
        grant = await service.refresh(grant.refresh_token)
        await service.sign_in()
        assert set(service.store.committed(SIGNING_KEYS).rows) == kids
        assert await faults(service) == []
        await service.audit.chain()
        assert await faults(service) == []
    assert len(service.store.committed(RETIRED_KEYS).rows) == 2
    assert kinds(service.audited()).count("secret_key.changed") == 2
    for key in (A, B):
        with pytest.raises(WrongSecretKey):
            await under(service, key).keys.secret_key.ensure_right()
    with pytest.raises(WrongSecretKey):
        await under(service, b"d" * 32, A).keys.secret_key.ensure_right()


async def test_the_change_is_made_once(first: Service) -> None:
    """Of instances that start together one makes it, and the next start has nothing to do."""
    instances = [under(first, B, A) for _ in range(5)]
    made = await in_parallel(each.keys.change_secret_key() for each in instances)
    assert [made.count(outcome) for outcome in (True, False)] == [1, 4]
    async with first.unchanged():
        assert not await under(first, B, A).keys.change_secret_key()
    assert kinds(first.audited()).count("secret_key.changed") == 1


async def test_the_change_is_one_commit(first: Service) -> None:
    instance = under(first, B, A)
    await instance.keys.change_secret_key()
    assert instance.units.commits == 1


async def test_without_a_previous_key_nothing_is_changed(first: Service) -> None:
    async with first.unchanged():
        assert not await under(first, A).keys.change_secret_key()
        assert not await under(first, B, C).keys.change_secret_key()


async def test_a_store_in_which_nothing_was_written_has_nothing_to_change() -> None:
    service = Service()
    async with service.unchanged():
        await under(service, B, A).keys.secret_key.ensure_right()
        assert not await under(service, B, A).keys.change_secret_key()


async def test_a_trail_without_signing_keys_is_taken_over() -> None:
    """The command line writes rows, and makes no signing key."""
    service = Service(secret_key=A)
    await service.audit.chain.begin()
    await service.verified_user()
    changed = under(service, B, A)
    await changed.keys.secret_key.ensure_right()
    assert await changed.keys.change_secret_key()
    alone = under(service, B)
    await alone.keys.secret_key.ensure_right()
    assert await faults(alone) == []


def forged(service: Service, key: bytes) -> AuditEvent:
    """Return a row of now, sealed by one who has that SECRET_KEY."""
    genuine = service.audited()[-1]
    entropy = service.ports.randomness.token_bytes
    row = replace(genuine, id=type(genuine.id).new(service.clock.now(), entropy), outcome="failure")
    return Seals(authenticator=under(service, key).ports.authenticator).sealed(row)


async def test_who_has_the_old_key_forges_no_row(first: Service) -> None:
    """LG-3: neither while SECRET_KEY_PREVIOUS is set nor later, with a place or without."""
    service = first
    for previous in (A, None):
        service = await started(service, B, previous)
        row = forged(service, A)
        service.store.committed(AUDIT).apply({row.id: row})
        assert await faults(service) == ["forged"]
        service.store.committed(AUDIT).apply({row.id: None})
    row = forged(service, A)
    service.store.committed(AUDIT).apply({row.id: row})
    await service.audit.chain()
    assert await faults(service) == ["changed"]


async def test_who_has_the_old_key_does_not_lengthen_its_life(first: Service) -> None:
    """LG-3: how far it counts is sealed under the present key."""
    service = await started(first, B, A)
    thief = under(service, A)
    key = Seals(authenticator=service.ports.authenticator).previous_key
    assert key is not None
    planted = RetiredAuditKey(
        id=RetiredAuditKeyId.new(service.clock.now(), service.ports.randomness.token_bytes),
        sealed=thief.ports.secret_box.seal(
            EarlierKey(key, 10**6).written(), purpose="retired-audit-key"
        ),
        retired_at=service.clock.now(),
    )
    service.store.committed(RETIRED_KEYS).apply({planted.id: planted})
    row = forged(service, A)
    service.store.committed(AUDIT).apply({row.id: row})
    await service.audit.chain()
    for previous in (A, None):
        assert await faults(await started(service, B, previous)) == ["changed"]


async def test_a_planted_key_is_not_taken_over(first: Service) -> None:
    """One from before the change that says that it counts beyond it."""
    thief = under(first, A)
    key = thief.ports.authenticator.tag(b"x", purpose="y")
    planted = RetiredAuditKey(
        id=RetiredAuditKeyId.new(first.clock.now(), first.ports.randomness.token_bytes),
        sealed=thief.ports.secret_box.seal(
            EarlierKey(key, 10**6).written(), purpose="retired-audit-key"
        ),
        retired_at=first.clock.now(),
    )
    first.store.committed(RETIRED_KEYS).apply({planted.id: planted})
    service = await started(first, B, A)
    await service.sign_in()
    await service.audit.chain()
    assert await faults(service) == []


async def test_what_was_wrong_before_the_change_is_found_after_it(first: Service) -> None:
    await first.audit.chain()
    row = first.audited()[2]
    first.store.committed(AUDIT).apply({row.id: replace(row, type="user.erased")})
    assert await faults(await started(first, B, A)) == ["changed"]


async def test_an_old_end_that_was_put_back_is_not_signed_anew(first: Service) -> None:
    """LG-3: also by one who waits until SECRET_KEY_PREVIOUS is still set."""
    older = dict(first.store.committed(CHAIN_HEADS).rows)
    service = await started(first, B, A)
    service.store.committed(CHAIN_HEADS).apply(older)
    again = await started(service, B, A)
    assert again.store.committed(CHAIN_HEADS).rows == older
    with pytest.raises(AuditChainBroken):
        await again.audit.chain()
    assert "head" in await faults(again)


async def test_a_forged_end_stays_a_finding_and_does_not_stop_the_change(first: Service) -> None:
    await first.audit.chain()
    ((name, head),) = first.store.committed(CHAIN_HEADS).rows.items()
    first.store.committed(CHAIN_HEADS).apply({name: replace(head, signature=b"x" * 32)})
    for previous in (A, None):
        assert set(await faults(await started(first, B, previous))) == {"head"}
    assert len(first.store.committed(RETIRED_KEYS).rows) == 1


async def test_a_change_is_taken_back_by_another_change(first: Service) -> None:
    """Back to the key before, and on: each place of the trail keeps the key of its time."""
    service = first
    for present, previous in ((B, A), (A, B), (C, A)):
        service = await started(service, present, previous)
        await service.sign_in()
        await service.audit.chain()
        assert await faults(service) == []


async def test_mail_that_waits_is_sealed_anew(first: Service) -> None:
    """OB-5: waiting and dead messages, more than a batch of them, and none twice."""
    for number in range(BATCH + 5):
        await first.sign_up(f"u{number}@example.com")
    entries = first.store.committed(OUTBOX).rows
    dead = next(entry for entry in entries.values() if entry.message.sealed_secret)
    parked = replace(dead, status=MessageStatus.DEAD)
    first.store.committed(OUTBOX).apply({dead.message.id: parked})
    held = sum(entry.message.sealed_secret is not None for entry in entries.values())
    service = await started(first, B, A)
    renew = service.mail.renew_secrets
    assert (await renew.outstanding(), await renew()) == (held, held)
    assert (await renew.outstanding(), await renew()) == (0, 0)
    alone = await started(service, B)
    token = await alone.mailed_token("u3@example.com")
    assert (await alone.confirm(token)).user.email.value == "u3@example.com"


async def test_mail_is_sent_under_either_key_meanwhile(first: Service) -> None:
    await first.sign_up("eve@example.com")
    service = await started(first, B, A)
    proven = await service.confirm(await service.mailed_token("eve@example.com"))
    assert proven.user.email.value == "eve@example.com"


async def test_a_secret_that_neither_key_opens_is_left_to_the_relay(first: Service) -> None:
    await first.sign_up("eve@example.com")
    for key, entry in list(first.store.committed(OUTBOX).rows.items()):
        broken = replace(entry, message=replace(entry.message, sealed_secret=b"x" * 60))
        first.store.committed(OUTBOX).apply({key: broken})
    assert await (await started(first, B, A)).mail.renew_secrets() == 0


# --- factors ----------------------------------------------------------------------------------


async def enrolled(service: Service) -> tuple[AuthenticatorApp, list[str]]:
    """Give Ada an authenticator app, of which no code was shown in this step."""
    app, codes = await service.enrol_totp(await service.sign_in())
    service.clock.advance(30 * SECOND)
    return app, list(codes)


async def test_no_factor_is_lost_when_the_key_before_is_taken_away(first: Service) -> None:
    """TK-4: neither an authenticator app nor recovery codes, and a passkey holds nothing sealed."""
    app, codes = await enrolled(first)
    await first.enrol_passkey(await first.sign_in("bob@example.com"))
    service = await started(first, B, A)
    renew = service.factors.renew_sealed
    async with service.unchanged():
        assert await renew.outstanding() == 3  # Ada's app and codes, and Bob's codes
    assert (await service.sign_in(proof=app.proof())).session.assurance.acr.value == "aal2"
    assert (await renew(), await renew.outstanding(), await renew()) == (3, 0, 0)
    alone = await started(service, B)
    alone.clock.advance(30 * SECOND)
    by_app = await alone.sign_in(proof=app.proof())
    by_code = await alone.sign_in(proof=Proof(ProofKind.RECOVERY_CODE, codes[0]))
    assert by_app.session.assurance.acr == by_code.session.assurance.acr == Level.AAL2
    listed = await alone.factors.list(principal=principal_of(by_app))
    assert [each.usable for each in listed] == [True, True]
    assert (await alone.factors.renew_sealed.unreadable()).count == 0


async def test_more_factors_than_a_batch_are_sealed_anew(
    first: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "BATCH", 1)
    await enrolled(first)
    await first.enrol_totp(await first.sign_in("bob@example.com"))
    service = await started(first, B, A)
    renew = service.factors.renew_sealed
    assert (await renew.outstanding(), await renew(), await renew.outstanding()) == (4, 4, 0)


async def test_a_factor_that_is_used_meanwhile_is_sealed_anew_all_the_same(
    first: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MF-1: and the code that was used stays used."""
    app, _ = await enrolled(first)
    service = await started(first, B, A)
    proof, user = app.proof(), service.user(ADA)

    async def use_it() -> None:
        async with service.units() as unit:
            for factor in await unit.factors.list_of(user.id):
                if isinstance(factor, Totp):
                    factor.use(factor.last_counter + 1, now=service.clock.now())
                    await unit.factors.save(factor)
            await unit.commit()

    overtake(monkeypatch, MemoryFactorRepository, "save", use_it)
    assert await service.factors.renew_sealed() == 2
    alone = await started(service, B)
    with pytest.raises(InvalidProof):
        await alone.sign_in(proof=proof)
    assert (await alone.factors.renew_sealed.unreadable()).count == 0


async def test_what_no_key_opens_is_counted_shown_and_taken_away(first: Service) -> None:
    """Trap 10: the key before was taken away too early; no code passes, and that is told."""
    app, _ = await enrolled(first)
    await started(first, B, A)
    alone = await started(first, B)
    found = await alone.factors.renew_sealed.unreadable()
    assert (found.count, found.first_of) == (2, alone.user(ADA).id)
    assert await alone.factors.renew_sealed() == 0
    with pytest.raises(InvalidProof):
        await alone.sign_in(proof=app.proof())
    listed = await alone.factors.list(principal=OPERATOR, user_id=found.first_of)
    assert [each.usable for each in listed] == [False, False]
    await alone.factors.reset(
        principal=OPERATOR, user_id=alone.user(ADA).id, reason="key lost", origin=ORIGIN
    )
    assert (await alone.factors.renew_sealed.unreadable()).count == 0
    await alone.sign_in()
    assert (await alone.factors.renew_sealed.unreadable()).first_of is None


async def test_what_is_kept_of_the_previous_key_is_told(first: Service) -> None:
    examine = under(first, B, A).keys.secret_key
    async with first.unchanged():
        standing = await examine.previous()
    assert (standing.is_in_use, standing.retired_at) == (True, None)
    service = await started(first, B, A)
    changed_at = service.clock.now()
    service.clock.advance(HOUR)
    standing = await service.keys.secret_key.previous()
    assert (standing.is_in_use, standing.retired_at) == (False, changed_at)
    unknown = await under(service, B, C).keys.secret_key.previous()
    assert (unknown.is_in_use, unknown.retired_at) == (False, None)


async def test_an_instance_under_the_old_key_signs_on_and_finds_out(first: Service) -> None:
    """TK-4: it never signs with what it cannot open, and knows that nothing opens any more."""
    assert first.keys.keyring.opens_some_key()
    await started(first, B, A)
    await first.keys.keyring.keep_up()
    assert not first.keys.keyring.opens_some_key()
    await first.authenticate(await first.sign_in(ADA))
    with pytest.raises(WrongSecretKey):
        await first.keys.secret_key.ensure_right()


async def test_a_repeated_request_gets_its_answer_after_the_change() -> None:
    """DB-2: while both keys are known."""
    service = Service(secret_key=A)
    begin, keep = service.kernel.idempotent_requests.begin, service.kernel.idempotent_requests.keep
    ticket = await begin(caller="c", key="k", request=b"r")
    assert not isinstance(ticket, bytes)
    await keep(ticket, b"answer")
    changed = under(service, B, A)
    changed.kernel.idempotent_requests._store = service.ports.idempotency_store
    again = await changed.kernel.idempotent_requests.begin(caller="c", key="k", request=b"r")
    assert again == b"answer"
