"""Showing again who one is, within a session (HD-6, MF-2, RFC 9470)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.factors.challenges import SPENT_CHALLENGES
from adapters.memory.sessions.sessions import MemorySessionRepository
from application.credentials.reauthentication import WrongPassword
from application.factors.proofs import Proof, ProofKind
from application.factors.sign_in import InvalidCredentials
from application.sessions.token_grants import RefreshOutcome, TokenGrant
from domain.assurance import Level, StepUpRequired
from domain.errors import TooManyRequests
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import InvalidProof
from domain.sessions.refresh_token import RefreshTokenInvalid
from domain.sessions.session import EndReason, SessionIsOver
from tests.application.doubles import InterruptingHasher, overtake
from tests.application.service import MINUTE, SECOND
from tests.application.stories import (
    ADA,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    AuthenticatorApp,
    Service,
    kinds,
    principal_of,
)

STEP = timedelta(seconds=30)
RIGHT = Proof(ProofKind.PASSWORD, PASSWORD)
WRONG = Proof(ProofKind.PASSWORD, "not the present one")


async def with_a_factor(service: Service) -> tuple[TokenGrant, AuthenticatorApp, list[str]]:
    """Make Ada with an authenticator app, signed in with it, a day ago."""
    app, codes = await service.enrol_totp(await service.signed_in_user())
    service.clock.advance(STEP)
    grant = await service.sign_in(proof=app.proof())
    service.clock.advance(timedelta(days=1))
    return grant, app, list(codes)


async def is_fresh(service: Service, grant: TokenGrant) -> bool:
    """Tell whether the session may do what is dangerous."""
    async with service.units.read_only() as unit:
        found = await unit.sessions.get_with_user(grant.session.id)
    assert found is not None
    session, user = found
    try:
        service.kernel.freshness.ensure(
            replace(
                principal_of(grant),
                assurance=session.assurance,
                has_second_factor=user.has_second_factor,
            )
        )
    except StepUpRequired:
        return False
    return True


def level_of(grant: TokenGrant) -> tuple[str, str]:
    """Return the level and the methods of a session."""
    return grant.session.assurance.acr.value, " ".join(grant.session.assurance.amr)


# --- what it gives ----------------------------------------------------------------------------


async def test_the_session_is_the_same_and_its_tokens_are_new() -> None:
    """ASVS 7.2.4: the old refresh token is spent."""
    service = Service()
    grant, app, _ = await with_a_factor(service)
    assert not await is_fresh(service, grant)
    stepped = await service.step_up(grant, app.proof())
    assert stepped.session.id == grant.session.id
    assert stepped.refresh_outcome is RefreshOutcome.ROTATED
    assert stepped.refresh_token != grant.refresh_token
    assert stepped.session.assurance.at == service.clock.now()
    assert level_of(stepped) == ("aal2", "pwd otp mfa")
    assert await is_fresh(service, stepped)
    again = await service.refresh(stepped.refresh_token)
    assert again.session.assurance == stepped.session.assurance
    service.clock.advance(5 * MINUTE + SECOND)
    assert not await is_fresh(service, again)


@pytest.mark.parametrize("kind", [ProofKind.TOTP, ProofKind.RECOVERY_CODE])
async def test_a_session_from_before_the_factor_rises_by_showing_it(kind: ProofKind) -> None:
    """MF-2: `acr` rises only by a proof."""
    service = Service()
    before = await service.signed_in_user()
    app, codes = await service.enrol_totp(before)
    service.clock.advance(STEP)
    assert level_of(before) == ("aal1", "pwd")
    assert not await is_fresh(service, before)
    proof = app.proof() if kind is ProofKind.TOTP else Proof(kind, codes[0])
    stepped = await service.step_up(before, proof)
    expected = "pwd otp mfa" if kind is ProofKind.TOTP else "pwd rc mfa"
    assert level_of(stepped) == ("aal2", expected)
    assert await is_fresh(service, stepped)


async def test_without_a_factor_the_password_is_the_proof() -> None:
    service = Service()
    grant = await service.signed_in_user()
    service.clock.advance(timedelta(days=1))
    stepped = await service.step_up(grant, RIGHT)
    assert level_of(stepped) == ("aal1", "pwd")
    assert stepped.session.assurance.at == service.clock.now()
    await service.change_password(stepped, None)


async def test_it_is_on_record() -> None:
    """LG-3."""
    service = Service()
    grant, app, _ = await with_a_factor(service)
    await service.step_up(grant, app.proof())
    (row,) = service.audited("session.stepped_up")
    assert (row.actor.id, row.outcome) == (str(grant.user.id), "success")
    assert (row.data["acr"], row.data["amr"]) == ("aal2", "pwd otp mfa")


# --- what counts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "proof",
    [RIGHT, WRONG, Proof(ProofKind.EMAIL_CODE, "12345678"), Proof(ProofKind.EMAIL_TOKEN, "dwm_x")],
    ids=["right password", "wrong password", "code by mail", "link by mail"],
)
async def test_with_a_factor_nothing_less_makes_a_session_young_again(proof: Proof) -> None:
    """HD-6: else a factor that was shown days ago would count as shown just now."""
    service = Service(attempts=1)
    grant, app, _ = await with_a_factor(service)
    spent = service.hasher.evaluations
    async with service.unchanged():
        with pytest.raises(InvalidProof):
            await service.step_up(grant, proof)
    assert service.hasher.evaluations == spent
    assert not await is_fresh(service, grant)
    await service.step_up(grant, app.proof())


async def test_a_code_is_good_once_here_and_at_every_other_door() -> None:
    """MF-1."""
    service = Service()
    grant, app, codes = await with_a_factor(service)
    for proof in (app.proof(), Proof(ProofKind.RECOVERY_CODE, codes[0])):
        grant = await service.step_up(grant, proof)
        with pytest.raises(InvalidProof):
            await service.step_up(grant, proof)
        with pytest.raises(InvalidProof):
            await service.sign_in(proof=proof)


async def test_wrong_proofs_are_counted_with_all_others_until_a_right_one() -> None:
    """RL-1: over all doors."""
    service = Service(attempts=2)
    grant, app, _ = await with_a_factor(service)
    wrong = Proof(ProofKind.TOTP, "000000")
    with pytest.raises(InvalidProof):
        await service.step_up(grant, wrong)
    grant = await service.step_up(grant, app.proof())
    with pytest.raises(InvalidProof):
        await service.step_up(grant, wrong)
    with pytest.raises(InvalidProof):
        await service.sign_in(proof=wrong)
    service.clock.advance(STEP - SECOND)
    with pytest.raises(TooManyRequests):
        await service.step_up(grant, app.proof())
    assert service.audited("factor.refused")[0].actor.id == str(grant.user.id)


async def test_wrong_passwords_are_counted_with_the_sign_ins() -> None:
    """RL-1: and a right one forgets them."""
    service = Service(attempts=3)
    grant = await service.signed_in_user()
    with pytest.raises(InvalidProof):
        await service.step_up(grant, WRONG)
    grant = await service.step_up(grant, RIGHT)
    with pytest.raises(InvalidProof):
        await service.step_up(grant, WRONG)
    with pytest.raises(InvalidCredentials):
        await service.sign_in(ADA, "neither is this one")
    with pytest.raises(WrongPassword):
        await service.change_password(grant, "nor is this one")
    with pytest.raises(TooManyRequests):
        await service.step_up(grant, RIGHT)


async def test_a_factor_forgets_no_wrong_password() -> None:
    """RL-1: neither counter lifts the other."""
    service = Service(attempts=2)
    grant, app, _ = await with_a_factor(service)
    with pytest.raises(InvalidCredentials):
        await service.sign_in(ADA, "not the present one")
    await service.step_up(grant, app.proof())
    with pytest.raises(InvalidCredentials):
        await service.sign_in(ADA, "neither is this one")
    with pytest.raises(TooManyRequests):
        await service.sign_in(proof=app.proof())


# --- the refresh token ------------------------------------------------------------------------


async def test_only_the_refresh_token_of_the_very_session_is_taken() -> None:
    """An access token that was copied guesses at no factor: nothing is counted."""
    service = Service(attempts=1)
    grant, app, _ = await with_a_factor(service)
    others = await service.signed_in_user("bob@example.com")
    with pytest.raises(InvalidProof):  # of another session of Ada's, before it is used
        await service.sign_in(proof=Proof(ProofKind.TOTP, "000000"))
    service.clock.advance(60 * MINUTE)
    own = await service.sign_in(proof=app.proof())
    service.clock.advance(STEP)
    forged = grant.refresh_token[:-4] + ("AAAA" if grant.refresh_token[-4:] != "AAAA" else "BBBB")
    for token in (others.refresh_token, own.refresh_token, forged, "dwr_x"):
        async with service.unchanged():
            with pytest.raises(RefreshTokenInvalid):
                await service.step_up(grant, app.proof(), refresh_token=token)
    await service.step_up(grant, app.proof())


async def test_the_spent_token_gets_its_successor_within_the_grace_with_a_proof_alone() -> None:
    """ASVS 7.2.4: a copy from before has no part in it; RF-2: a lost answer logs nobody out."""
    service = Service()
    grant, app, codes = await with_a_factor(service)
    stepped = await service.step_up(grant, app.proof())
    with pytest.raises(InvalidProof):
        await service.step_up(grant, app.proof())
    with pytest.raises(RefreshTokenInvalid):
        await service.refresh(grant.refresh_token)
    assert service.audited("session.refused")[-1].reason == "STEPPED_UP"
    service.clock.advance(SECOND)
    again = await service.step_up(grant, Proof(ProofKind.RECOVERY_CODE, codes[0]))
    assert again.refresh_outcome is RefreshOutcome.REPLAYED
    assert again.refresh_token == stepped.refresh_token
    assert level_of(again) == ("aal2", "pwd otp rc mfa")
    await service.refresh(stepped.refresh_token)  # and the session lives on


async def test_a_token_that_was_refreshed_before_the_proof_has_no_part_in_it_either() -> None:
    """ASVS 7.2.4: the proof came with a token that had a successor already."""
    service = Service()
    grant, app, _ = await with_a_factor(service)
    refreshed = await service.refresh(grant.refresh_token)
    stepped = await service.step_up(grant, app.proof())
    assert stepped.refresh_token == refreshed.refresh_token
    with pytest.raises(RefreshTokenInvalid):
        await service.refresh(grant.refresh_token)
    assert level_of(await service.refresh(stepped.refresh_token))[0] == "aal2"


async def test_a_copied_token_ends_the_session_whatever_is_shown() -> None:
    """RF-3."""
    service = Service()
    grant, app, _ = await with_a_factor(service)
    await service.refresh(grant.refresh_token)
    service.clock.advance(MINUTE)
    with pytest.raises(SessionIsOver) as refused:
        await service.step_up(grant, app.proof())
    assert refused.value.details[0].code == EndReason.REFRESH_TOKEN_REUSED.value
    assert service.audited("session.stepped_up") == []
    assert len(service.audited("session.reused")) == 1
    await service.sign_in(proof=app.proof())  # and the code was not used up


# --- the challenge ----------------------------------------------------------------------------


async def test_a_challenge_says_what_can_be_shown_and_keeps_nothing() -> None:
    service = Service()
    plain = await service.signed_in_user("bob@example.com")
    grant, _, _ = await with_a_factor(service)
    async with service.unchanged():
        with_factor = await service.factors.begin_step_up(principal=principal_of(grant))
        without = await service.factors.begin_step_up(principal=principal_of(plain))
    assert with_factor.methods == ["totp", "recovery_code"]
    assert without.methods == ["password"]
    assert with_factor.expires_at - service.clock.now() == 5 * MINUTE


async def test_a_challenge_is_good_once_for_its_session_and_its_purpose() -> None:
    service = Service()
    grant, app, codes = await with_a_factor(service)
    other = await service.sign_in(proof=Proof(ProofKind.RECOVERY_CODE, codes[0]))
    begun = await service.factors.begin_step_up(principal=principal_of(grant))
    asked = await service.challenged()
    for session, challenge in ((other, begun.token), (grant, asked.token), (grant, "dwc_x")):
        async with service.unchanged():
            with pytest.raises(InvalidChallenge):
                await service.step_up(session, app.proof(), challenge=challenge)
    with pytest.raises(InvalidChallenge):
        await service.complete(begun.token, app.proof())
    spent = len(service.store.committed(SPENT_CHALLENGES).rows)
    grant = await service.step_up(grant, app.proof(), challenge=begun.token)
    assert len(service.store.committed(SPENT_CHALLENGES).rows) == spent + 1
    with pytest.raises(InvalidChallenge):
        await service.step_up(
            grant, Proof(ProofKind.RECOVERY_CODE, codes[1]), challenge=begun.token
        )
    assert len(service.audited("recovery_code.used")) == 1


async def test_a_challenge_dies_with_time_and_with_a_change_of_the_account() -> None:
    service = Service()
    grant, app, _ = await with_a_factor(service)
    begun = await service.factors.begin_step_up(principal=principal_of(grant))
    service.clock.advance(5 * MINUTE)
    with pytest.raises(InvalidChallenge):
        await service.step_up(grant, app.proof(), challenge=begun.token)
    begun = await service.factors.begin_step_up(principal=principal_of(grant))
    await service.rename(grant, "Countess")
    with pytest.raises(InvalidChallenge):
        await service.step_up(grant, app.proof(), challenge=begun.token)


# --- at once ----------------------------------------------------------------------------------


async def test_of_many_at_once_with_one_code_one_counts() -> None:
    """MF-1."""
    service = Service(attempts=0)
    grant, app, _ = await with_a_factor(service)
    outcomes = await asyncio.gather(
        *(service.step_up(grant, app.proof()) for _ in range(8)), return_exceptions=True
    )
    names = sorted(type(each).__name__ for each in outcomes)
    assert names == ["InvalidProof"] * 7 + ["TokenGrant"]
    assert len(service.audited("session.stepped_up")) == 1


async def test_two_proofs_and_a_refresh_at_once_leave_one_successor_and_the_level() -> None:
    """RF-2, MF-2: whichever comes first, nothing that was shown is lost."""
    service = Service()
    grant, app, codes = await with_a_factor(service)
    by_code, by_recovery, refreshed = await asyncio.gather(
        service.step_up(grant, app.proof()),
        service.step_up(grant, Proof(ProofKind.RECOVERY_CODE, codes[0])),
        service.refresh(grant.refresh_token),
        return_exceptions=True,
    )
    assert isinstance(by_code, TokenGrant)
    assert isinstance(by_recovery, TokenGrant)
    assert isinstance(refreshed, TokenGrant | RefreshTokenInvalid)  # before the proofs, or after
    found = (by_code, by_recovery, refreshed)
    tokens = {each.refresh_token for each in found if isinstance(each, TokenGrant)}
    assert len(tokens) == 1
    last = await service.refresh(tokens.pop())
    assert level_of(last) == ("aal2", "pwd otp rc mfa")
    assert last.session.assurance.at == service.clock.now()


async def test_a_refresh_in_the_moment_of_the_write_takes_nothing_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = Service()
    grant, app, _ = await with_a_factor(service)
    refreshed: list[TokenGrant] = []

    async def refresh() -> None:
        refreshed.append(await service.refresh(grant.refresh_token))

    overtake(monkeypatch, MemorySessionRepository, "save", refresh)
    stepped = await service.step_up(grant, app.proof())
    assert stepped.refresh_token == refreshed[0].refresh_token
    assert stepped.refresh_outcome is RefreshOutcome.REPLAYED
    assert await is_fresh(service, stepped)


async def remove_the_factor(service: Service, grant: TokenGrant) -> None:
    """Take the app away, by a session that has just shown it."""
    (listed, *_) = await service.factors.list(principal=principal_of(grant))
    async with service.units() as unit:
        user = await unit.users.get(grant.user.id)
        assert user is not None
        user.factors_changed(any_left=False, now=service.clock.now())
        await unit.users.save(user)
        await unit.factors.remove(listed.factor)
        await unit.commit()


async def sign_out(service: Service, grant: TokenGrant) -> None:
    """End the session."""
    await service.sign_out(grant)


async def suspend(service: Service, _: TokenGrant) -> None:
    """Suspend Ada."""
    await service.operator_suspends(service.user())


@pytest.mark.parametrize(
    ("happening", "refusal"),
    [(remove_the_factor, InvalidProof), (sign_out, SessionIsOver), (suspend, SessionIsOver)],
)
@pytest.mark.parametrize("reading", [0, 1], ids=["before it is read", "before it is written"])
async def test_what_happens_meanwhile_decides(
    happening: Callable[[Service, TokenGrant], Awaitable[None]],
    refusal: type[Exception],
    reading: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RF-4: what the proof was checked against has to be there still."""
    service = Service()
    grant, app, _ = await with_a_factor(service)
    seen = 0

    async def meanwhile() -> None:
        nonlocal seen
        if seen == reading:
            await happening(service, grant)
        seen += 1

    overtake(monkeypatch, MemorySessionRepository, "get_with_user", meanwhile, times=2)
    with pytest.raises(refusal):
        await service.step_up(grant, app.proof())
    assert service.audited("session.stepped_up") == []


async def test_a_factor_that_is_added_while_the_password_is_checked_counts_already() -> None:
    """HD-6."""
    hasher = InterruptingHasher()
    service = Service(hasher=hasher)
    grant = await service.signed_in_user()
    hasher.meanwhile = lambda: service.enrol_totp(grant)
    with pytest.raises(InvalidProof):
        await service.step_up(grant, RIGHT)
    assert "session.stepped_up" not in kinds(service.audited())


async def test_another_session_stays_as_it_is() -> None:
    service = Service()
    grant, app, codes = await with_a_factor(service)
    other = await service.sign_in(proof=Proof(ProofKind.RECOVERY_CODE, codes[0]))
    service.clock.advance(10 * MINUTE)
    await service.step_up(grant, app.proof())
    assert not await is_fresh(service, other)
    with pytest.raises(StepUpRequired):
        await service.factors.renew_recovery_codes(principal=principal_of(other), origin=ORIGIN)


async def test_a_copy_of_an_older_access_token_rises_with_no_proof() -> None:
    """ASVS 7.2.4: what was shown is in the tokens of the answer, and in none that was before."""
    service = Service()
    app, _ = await service.enrol_totp(await service.signed_in_user())
    challenge = await service.challenged()
    service.clock.advance(timedelta(seconds=30))
    before = await service.complete(challenge.token, app.proof())
    service.clock.advance(timedelta(minutes=6))
    after = await service.factors.step_up(
        principal=principal_of(before),
        refresh_token=before.refresh_token,
        proof=app.proof(),
        origin=ORIGIN,
    )
    copied = (await service.authenticate(before)).principal
    with pytest.raises(StepUpRequired):
        await service.factors.renew_recovery_codes(principal=copied, origin=ORIGIN)
    fresh = (await service.authenticate(after)).principal
    await service.factors.renew_recovery_codes(principal=fresh, origin=ORIGIN)


async def test_a_new_password_by_an_older_token_gives_a_session_that_knows_no_more() -> None:
    """MF-2: a session that takes the place of a copied token's is no surer than that token."""
    service = Service()
    grant = await service.signed_in_user()
    app, _ = await service.enrol_totp(grant)
    device, _ = await service.enrol_passkey(await service.step_up(grant, app.proof(steps=1)))
    service.clock.advance(2 * STEP)
    before = await service.sign_in(proof=app.proof())
    service.clock.advance(MINUTE)
    begun = await service.factors.begin_step_up(principal=principal_of(before))
    assert begun.passkey_options is not None
    proof = Proof(ProofKind.PASSKEY, device.get(begun.passkey_options))
    after = await service.step_up(before, proof, challenge=begun.token)
    assert after.session.assurance.acr is Level.PHR
    copied = (await service.authenticate(before)).principal
    changed = await service.credentials.change_password(
        principal=copied, current_password=None, new_password=OTHER_PASSWORD, origin=ORIGIN
    )
    assert changed.session.assurance.acr is Level.AAL2
    assert changed.session.assurance.at < after.session.assurance.at


async def test_a_copy_from_the_second_of_the_proof_does_not_rise_either() -> None:
    """ASVS 7.2.4: tokens say when to the second, and their level tells them apart."""
    service = Service()
    grant = await service.signed_in_user()
    app, _ = await service.enrol_totp(grant)
    device, _ = await service.enrol_passkey(await service.step_up(grant, app.proof(steps=1)))
    service.clock.advance(2 * STEP)
    before = await service.sign_in(proof=app.proof())
    begun = await service.factors.begin_step_up(principal=principal_of(before))
    assert begun.passkey_options is not None
    proof = Proof(ProofKind.PASSKEY, device.get(begun.passkey_options))
    after = await service.step_up(before, proof, challenge=begun.token)
    levels = [(await service.authenticate(each)).principal.assurance for each in (before, after)]
    assert [each and each.acr for each in levels] == [Level.AAL2, Level.PHR]
