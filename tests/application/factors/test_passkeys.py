"""Passkeys: added, shown beside a password and instead of one (MF-2, MF-3)."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.factors.factors import FACTORS
from adapters.memory.factors.passkeys import MemoryPasskeys
from application.factors.challenges import IssuedChallenge
from application.factors.proofs import Proof, ProofKind
from application.factors.sign_in import SecondFactorRequired
from application.sessions.token_grants import TokenGrant
from domain.assurance import StepUpRequired
from domain.errors import TooManyRequests, ValidationFailed
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import (
    FactorAlreadyEnrolled,
    InvalidProof,
    Passkey,
    TooManyFactors,
)
from domain.identifiers import UserId
from domain.users.user import EmailNotVerified, UserIsSuspended
from tests.application.service import LINKS, MINUTE, SECOND
from tests.application.stories import ADA, ORIGIN, PASSWORD, Service, kinds, principal_of
from tests.support.soft_passkey import BACKED_UP, SoftPasskey, b64, unb64

BOB = "bob@example.com"


def level_of(grant: TokenGrant) -> tuple[str, str]:
    """Return the level and the methods of a session."""
    return grant.session.assurance.acr.value, " ".join(grant.session.assurance.amr)


def kept(service: Service, device: SoftPasskey) -> Passkey:
    """Return the passkey as the store has it."""
    (found,) = [
        factor
        for factor in service.store.committed(FACTORS).rows.values()
        if isinstance(factor, Passkey) and factor.credential_id == device.id
    ]
    return found


def options_of(challenge: IssuedChallenge) -> Any:
    assert challenge.passkey_options is not None
    return challenge.passkey_options


def shown(response: Mapping[str, object]) -> Proof:
    return Proof(ProofKind.PASSKEY, response)


async def with_passkey(service: Service, **facts: Any) -> SoftPasskey:
    """Make Ada with a passkey."""
    device, _ = await service.enrol_passkey(await service.signed_in_user(), service.device(**facts))
    return device


# --- adding one ---------------------------------------------------------------------------------


async def test_a_passkey_is_kept_once_a_device_has_made_it() -> None:
    """A half-finished enrolment leaves nothing behind; the first factor brings recovery codes."""
    service = Service()
    grant = await service.signed_in_user()
    async with service.unchanged():
        begun = await service.factors.begin_passkey(principal=principal_of(grant))
    options: Any = begun.options
    assert options["user"]["name"] == options["user"]["displayName"] == ADA
    assert unb64(options["user"]["id"]) == grant.user.id.value.bytes
    device, codes = await service.enrol_passkey(grant)
    assert len(set(codes)) == 10
    assert kinds(service.audited())[-2:] == ["factor.enrolled", "recovery_codes.generated"]
    (listed, _) = await service.factors.list(principal=principal_of(grant))
    assert (listed.factor.kind.value, listed.factor.name, listed.usable) == (
        "passkey",
        "My key",
        True,
    )
    passkey = kept(service, device)
    assert (passkey.rp_id, passkey.synced, passkey.sign_count) == ("example.com", False, 1)
    assert passkey.transports == ("internal",)
    assert "A passkey" in (await service.mails())[-1].text
    assert service.user().has_second_factor


async def test_the_page_shows_the_name_where_there_is_one() -> None:
    service = Service()
    grant = await service.signed_in_user()
    await service.rename(grant, "Ada Lovelace")
    begun: Any = await service.factors.begin_passkey(principal=principal_of(grant))
    assert begun.options["user"]["displayName"] == "Ada Lovelace"
    assert begun.options["user"]["name"] == ADA


async def test_further_ones_bring_no_codes_and_take_a_proof() -> None:
    """MF-2: a session of the password alone adds no factor to those that are there."""
    service = Service()
    first = await service.signed_in_user()
    device, _ = await service.enrol_passkey(first)
    with pytest.raises(StepUpRequired):
        await service.enrol_passkey(first)
    grant = await service.sign_in_with(device)
    begun: Any = await service.factors.begin_passkey(principal=principal_of(grant))
    assert [unb64(each["id"]) for each in begun.options["excludeCredentials"]] == [device.id]
    _, codes = await service.enrol_passkey(grant)
    assert codes == ()


async def test_a_stale_session_adds_none() -> None:
    """HD-6"""
    service = Service()
    grant = await service.signed_in_user()
    begun = await service.factors.begin_passkey(principal=principal_of(grant))
    service.clock.advance(5 * MINUTE + SECOND)
    with pytest.raises(StepUpRequired):
        await service.factors.begin_passkey(principal=principal_of(grant))
    with pytest.raises(InvalidChallenge):
        await _confirm(service, grant, begun, service.device())


async def _confirm(
    service: Service, grant: TokenGrant, begun: Any, device: SoftPasskey, **changed: Any
) -> None:
    made = device.create(begun.options) | changed
    await service.factors.confirm_passkey(
        principal=principal_of(grant),
        enrolment=begun.enrolment,
        credential=made,
        name=None,
        origin=ORIGIN,
    )


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"verified": False}, "USER_NOT_VERIFIED"),
        ({"present": False}, "WRONG_PASSKEY"),
        ({"origin": "https://evil.example"}, "WRONG_PASSKEY"),
        ({"rp_id": "evil.example"}, "WRONG_PASSKEY"),
        ({"says": {"crossOrigin": True}}, "WRONG_PASSKEY"),
        ({"says": {"challenge": b64(b"c" * 32)}}, "WRONG_PASSKEY"),
        ({"says": {"type": "webauthn.get"}}, "WRONG_PASSKEY"),
    ],
    ids=str,
)
async def test_what_no_verified_user_made_for_it_is_refused(
    facts: dict[str, Any], code: str
) -> None:
    """A device that is only touched is no person: every passkey begins with one."""
    service = Service()
    grant = await service.signed_in_user()
    begun = await service.factors.begin_passkey(principal=principal_of(grant))
    async with service.unchanged():
        with pytest.raises(ValidationFailed) as refused:
            await _confirm(service, grant, begun, service.device(**facts))
    (violation,) = refused.value.details
    assert (violation.field, violation.code) == ("credential", code)
    # What was refused can be tried again with the same enrolment.
    await _confirm(service, grant, begun, service.device())


async def test_an_enrolment_is_good_once_and_for_the_session_that_began_it() -> None:
    """AT-5"""
    service = Service()
    first, second = await service.signed_in_user(), await service.sign_in()
    other = await service.signed_in_user(BOB)
    begun = await service.factors.begin_passkey(principal=principal_of(first))
    for stranger in (second, other):
        with pytest.raises(InvalidChallenge):
            await _confirm(service, stranger, begun, service.device())
    totp = await service.factors.begin_totp(principal=principal_of(first))
    with pytest.raises(InvalidChallenge):
        await service.factors.confirm_passkey(
            principal=principal_of(first),
            enrolment=totp.enrolment,
            credential=service.device().create(begun.options),
            name=None,
            origin=ORIGIN,
        )
    device = service.device()
    await _confirm(service, first, begun, device)
    grant = await service.sign_in_with(device)
    again = await service.factors.begin_passkey(principal=principal_of(grant))
    await _confirm(service, grant, again, service.device())
    with pytest.raises(InvalidChallenge):
        await _confirm(service, grant, again, service.device())


async def test_a_passkey_has_one_owner_over_all_users() -> None:
    service = Service()
    device = await with_passkey(service)
    with pytest.raises(FactorAlreadyEnrolled):
        await service.enrol_passkey(await service.sign_in_with(device), device)
    with pytest.raises(FactorAlreadyEnrolled):
        await service.enrol_passkey(await service.signed_in_user(BOB), device)
    assert not service.user(BOB).has_second_factor
    assert kept(service, device).user_id == service.user().id


async def test_there_are_twenty_factors_at_most() -> None:
    """Recovery codes do not count; of two at once for the last place one gets it."""
    service = Service()
    device = await with_passkey(service)
    grant = await service.sign_in_with(device)
    for _ in range(18):
        await service.enrol_passkey(grant)
    begun = [await service.factors.begin_passkey(principal=principal_of(grant)) for _ in range(2)]
    results = await asyncio.gather(
        *(_confirm(service, grant, each, service.device()) for each in begun),
        return_exceptions=True,
    )
    assert [type(each) for each in results if each] == [TooManyFactors]
    with pytest.raises(TooManyFactors):
        await service.factors.begin_passkey(principal=principal_of(grant))


# --- instead of a password ----------------------------------------------------------------------


@pytest.mark.parametrize(("synced", "amr"), [(False, "hwk mfa"), (True, "swk mfa")])
async def test_a_passkey_is_enough(synced: bool, amr: str) -> None:
    """Nothing is kept of a sign-in that only began."""
    service = Service()
    device = await with_passkey(service, synced=synced)
    async with service.unchanged():
        begun = await service.factors.begin_passkey_sign_in()
    assert begun.expires_at == service.clock.now() + timedelta(seconds=300)
    options: Any = begun.options
    assert not options["allowCredentials"]
    assert options["userVerification"] == "required"
    grant = await service.sign_in_with(device)
    assert level_of(grant) == ("phr", amr)
    assert kept(service, device).last_used_at == service.clock.now()
    (started,) = service.audited("session.started")[-1:]
    assert (started.data["acr"], started.data["amr"]) == ("phr", amr)
    refreshed = await service.refresh(grant.refresh_token)
    assert level_of(refreshed) == ("phr", amr)


async def test_a_touch_is_not_a_person() -> None:
    """Whatever the client asked of the device: what the device signed counts."""
    service = Service()
    device = await with_passkey(service)
    device.verified = False
    with pytest.raises(InvalidProof):
        await service.sign_in_with(device)
    assert kinds(service.audited())[-1] == "factor.refused"
    device.verified = True
    await service.sign_in_with(device)


@pytest.mark.parametrize("handle", [None, "bob", "nobody"])
async def test_the_device_has_to_say_whose_it_is(handle: str | None) -> None:
    """The handle is compared with the owner of the passkey, whose signature is right."""
    service = Service()
    device = await with_passkey(service)
    await service.signed_in_user(BOB)
    right = device.user_handle
    device.user_handle = {None: None, "bob": service.user(BOB).id.value.bytes, "nobody": b"n" * 16}[
        handle
    ]
    with pytest.raises(InvalidProof):
        await service.sign_in_with(device)
    device.user_handle = right
    await service.sign_in_with(device)


async def test_a_passkey_that_nobody_has_is_wrong_and_recorded() -> None:
    service = Service()
    await with_passkey(service)
    stranger = service.device(user_handle=service.user().id.value.bytes)
    with pytest.raises(InvalidProof):
        await service.sign_in_with(stranger)
    (refused,) = service.audited("session.refused")
    assert (refused.reason, refused.target) == ("INVALID_PROOF", None)


async def test_the_name_of_a_passkey_is_not_the_passkey() -> None:
    """Another device under the identifier and handle of the right one."""
    service = Service()
    device = await with_passkey(service)
    thief = service.device(id=device.id, user_handle=device.user_handle)
    with pytest.raises(InvalidProof):
        await service.sign_in_with(thief)
    assert kinds(service.audited())[-1] == "factor.refused"


async def test_a_challenge_works_once_and_for_five_minutes() -> None:
    service = Service()
    device = await with_passkey(service)
    begun = await service.factors.begin_passkey_sign_in()
    first = device.get(begun.options)
    await service.complete(begun.challenge, shown(first))
    for response in (first, device.get(begun.options)):
        with pytest.raises(InvalidChallenge):
            await service.complete(begun.challenge, shown(response))
    assert service.audited("passkey.counter_regressed") == [], "a request that was sent twice"
    old = await service.factors.begin_passkey_sign_in()
    service.clock.advance(timedelta(seconds=300))
    with pytest.raises(InvalidChallenge):
        await service.complete(old.challenge, shown(device.get(old.options)))


async def test_of_ten_at_once_with_one_challenge_one_gets_in() -> None:
    service = Service(attempts=0)
    device = await with_passkey(service)
    begun = await service.factors.begin_passkey_sign_in()
    proof = shown(device.get(begun.options))

    async def get_in() -> bool:
        try:
            await service.complete(begun.challenge, proof)
        except InvalidChallenge:
            return False
        return True

    assert sum(await asyncio.gather(*(get_in() for _ in range(10)))) == 1
    assert service.audited("passkey.counter_regressed") == []


async def test_the_response_to_one_challenge_answers_no_other() -> None:
    service = Service()
    device = await with_passkey(service)
    one, other = [await service.factors.begin_passkey_sign_in() for _ in range(2)]
    with pytest.raises(InvalidProof):
        await service.complete(other.challenge, shown(device.get(one.options)))


@pytest.mark.parametrize("value", ["text", "123456", ""])
@pytest.mark.parametrize("kind", list(ProofKind))
async def test_it_is_answered_with_a_passkey_and_nothing_else(kind: ProofKind, value: str) -> None:
    service = Service()
    app, codes = await service.enrol_totp(await service.signed_in_user())
    begun = await service.factors.begin_passkey_sign_in()
    service.clock.advance(timedelta(seconds=30))
    for proof in (Proof(kind, value), app.proof(), Proof(ProofKind.RECOVERY_CODE, codes[0])):
        with pytest.raises(InvalidProof):
            await service.complete(begun.challenge, proof)


async def test_suspended_and_unproven_users_are_told_after_the_right_passkey() -> None:
    """LG-3: and it is on record."""
    service = Service()
    device = await with_passkey(service)
    await service.suspend()
    thief = service.device(id=device.id, user_handle=device.user_handle)
    with pytest.raises(InvalidProof):
        await service.sign_in_with(thief)
    with pytest.raises(UserIsSuspended):
        await service.sign_in_with(device)
    assert service.audited()[-1].type == "session.refused"
    assert service.audited()[-1].reason == "USER_SUSPENDED"
    await service.reinstate()
    await service.sign_in_with(device)
    async with service.units() as unit:
        user = await unit.users.get(service.user().id)
        assert user is not None
        user.email_verified_at = None
        await unit.users.save(user)
        await unit.commit()
    for _ in range(20):  # which are no guesses
        with pytest.raises(EmailNotVerified):
            await service.sign_in_with(device)
    assert service.audited()[-1].reason == "EMAIL_NOT_VERIFIED"


async def test_a_passkey_survives_a_reset_of_the_password() -> None:
    service = Service()
    device = await with_passkey(service)
    await service.reset_password(await service.forgotten_password())
    assert level_of(await service.sign_in_with(device)) == ("phr", "hwk mfa")


async def test_wrong_ones_are_counted_with_all_other_guesses() -> None:
    """RL-1"""
    service = Service(attempts=3)
    device = await with_passkey(service)
    thief = service.device(id=device.id, user_handle=device.user_handle)
    for _ in range(3):
        with pytest.raises(InvalidProof):
            await service.sign_in_with(thief)
    with pytest.raises(TooManyRequests):
        await service.sign_in_with(device)
    challenge = await service.challenged()
    with pytest.raises(TooManyRequests):
        await service.complete(challenge.token, shown(device.get(options_of(challenge))))


# --- beside a password --------------------------------------------------------------------------


@pytest.mark.parametrize(("synced", "amr"), [(False, "pwd hwk mfa"), (True, "pwd swk mfa")])
@pytest.mark.parametrize("verified", [True, False])
async def test_beside_a_password_any_passkey_will_do(
    synced: bool, verified: bool, amr: str
) -> None:
    service = Service()
    device = await with_passkey(service, synced=synced)
    device.verified = verified
    challenge = await service.challenged()
    assert list(challenge.methods) == ["passkey", "recovery_code"]
    options = options_of(challenge)
    assert [unb64(each["id"]) for each in options["allowCredentials"]] == [device.id]
    assert challenge.members["passkey_options"] == options
    grant = await service.complete(challenge.token, shown(device.get(options)))
    assert level_of(grant) == ("phr", amr)


async def test_beside_a_password_the_device_need_not_know_whose_it_is() -> None:
    """Those that are not discoverable do not; but one that names another user is refused."""
    service = Service()
    device = await with_passkey(service)
    device.user_handle = UserId.parse("01933f6a-7c1b-7d2e-8a4f-0123456789ab").value.bytes
    challenge = await service.challenged()
    with pytest.raises(InvalidProof):
        await service.complete(challenge.token, shown(device.get(options_of(challenge))))
    device.user_handle = None
    await service.complete(challenge.token, shown(device.get(options_of(challenge))))


async def test_another_users_passkey_completes_nothing() -> None:
    """AT-5"""
    service = Service()
    await with_passkey(service)
    theirs, _ = await service.enrol_passkey(await service.signed_in_user(BOB))
    challenge = await service.challenged()
    for handle in (theirs.user_handle, service.user().id.value.bytes, None):
        theirs.user_handle = handle
        with pytest.raises(InvalidProof):
            await service.complete(challenge.token, shown(theirs.get(options_of(challenge))))


async def test_a_passkey_signs_a_challenge_so_it_cannot_come_up_front() -> None:
    service = Service()
    device = await with_passkey(service)
    begun = await service.factors.begin_passkey_sign_in()
    with pytest.raises(InvalidProof):
        await service.sign_in(proof=shown(device.get(begun.options)))


async def test_challenges_for_one_purpose_serve_no_other() -> None:
    """AT-5: what was signed for a sign-in with the passkey alone completes no password."""
    service = Service()
    device = await with_passkey(service)
    begun, challenge = await service.factors.begin_passkey_sign_in(), await service.challenged()
    with pytest.raises(InvalidProof):
        await service.complete(challenge.token, shown(device.get(begun.options)))
    with pytest.raises(InvalidProof):
        await service.complete(begun.challenge, shown(device.get(options_of(challenge))))


async def test_without_a_passkey_there_are_no_options() -> None:
    service = Service()
    await service.enrol_totp(await service.signed_in_user())
    challenge = await service.challenged()
    assert list(challenge.methods) == ["totp", "recovery_code"]
    assert challenge.passkey_options is None
    assert "passkey_options" not in challenge.members


async def test_a_passkey_of_another_domain_is_offered_and_taken_nowhere() -> None:
    """It is kept, shown as not usable, and the account is as safe as before."""
    service = Service()
    grant = await service.signed_in_user()
    device, _ = await service.enrol_passkey(grant)
    moved = Service(store=service.store, clock=service.clock)
    moved.ports = _with_passkeys(moved, MemoryPasskeys(rp_id="example.org", origins=[LINKS]))
    challenge = await moved.challenged()
    assert list(challenge.methods) == ["recovery_code"]
    assert challenge.passkey_options is None
    (listed, _) = await moved.factors.list(principal=principal_of(grant))
    assert listed.usable is False
    device.rp_id = "example.org"
    with pytest.raises(InvalidProof):
        await moved.sign_in_with(device)
    with pytest.raises(SecondFactorRequired):
        await moved.sign_in()


def _with_passkeys(service: Service, passkeys: MemoryPasskeys) -> Any:
    from dataclasses import replace

    return replace(service.ports, passkeys=passkeys)


# --- counters and copies ------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 40, 41])
async def test_a_bound_key_that_counts_backwards_may_be_a_copy(count: int) -> None:
    """MF-3: it is refused, and recorded as what it is."""
    service = Service()
    device = await with_passkey(service, count=40)
    device.counts, device.count = False, count
    with pytest.raises(InvalidProof):
        await service.sign_in_with(device)
    challenge = await service.challenged()
    with pytest.raises(InvalidProof):
        await service.complete(challenge.token, shown(device.get(options_of(challenge))))
    rows = service.audited("passkey.counter_regressed", "factor.refused")
    assert kinds(rows) == ["passkey.counter_regressed"] * 2
    assert rows[0].outcome == "failure"
    assert rows[0].data["factor_id"] == str(kept(service, device).id)
    assert kept(service, device).sign_count == 41
    device.count = 42
    await service.sign_in_with(device)
    assert kept(service, device).sign_count == 42


async def test_a_copy_that_says_it_was_synced_all_along_is_refused() -> None:
    """What counts is what was known of the key: a thief's copy can sign any flags."""
    service = Service()
    device = await with_passkey(service, count=40)
    device.counts, device.count, device.synced = False, 3, True
    with pytest.raises(InvalidProof):
        await service.sign_in_with(device)
    assert kept(service, device).synced is False


async def test_a_key_that_never_counts_is_let_in() -> None:
    """Counters stand still, on honest devices."""
    service = Service()
    device = await with_passkey(service, counts=False)
    for _ in range(3):
        await service.sign_in_with(device)
    assert kept(service, device).sign_count == 0


async def test_a_synced_key_may_count_as_it_likes() -> None:
    service = Service()
    device = await with_passkey(service, synced=True, count=40)
    for count in (7, 7, 0, 3):
        device.counts, device.count = False, count
        await service.sign_in_with(device)
        assert kept(service, device).sign_count == count


async def test_a_key_may_become_synced_and_cease_to_be() -> None:
    """Flags are noted, and are no reason to refuse: not even where they contradict each other."""
    service = Service()
    device = await with_passkey(service)
    device.synced = True
    assert level_of(await service.sign_in_with(device)) == ("phr", "swk mfa")
    assert kept(service, device).synced is True
    device.synced, device.extra_flags = False, BACKED_UP
    assert level_of(await service.sign_in_with(device)) == ("phr", "hwk mfa")
    assert kept(service, device).synced is False


async def test_the_password_is_of_use_beside_it() -> None:
    """MF-2: with a passkey the password alone opens nothing any more."""
    service = Service()
    await with_passkey(service)
    with pytest.raises(SecondFactorRequired):
        await service.sign_in(ADA, PASSWORD)
