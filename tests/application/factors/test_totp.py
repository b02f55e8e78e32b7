"""An authenticator app: added, asked for at every door, each code good once (MF-1, MF-2)."""

import asyncio
from datetime import timedelta

import pytest

from adapters.memory.factors.factors import FACTORS
from application.factors.proofs import Proof, ProofKind
from application.factors.sign_in import InvalidCredentials, SecondFactorRequired
from application.factors.totp import TotpEnrolment
from application.mail.allowance import ADDITION
from application.sessions.token_grants import TokenGrant
from domain.assurance import Level, StepUpRequired
from domain.errors import DomainError, TooManyRequests, ValidationFailed
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import FactorAlreadyEnrolled, FactorNotFound, InvalidProof, Totp
from domain.principal import OPERATOR
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


async def enrolled(service: Service) -> tuple[AuthenticatorApp, list[str]]:
    """Make Ada with an authenticator app, of which no code was shown in this step."""
    app, codes = await service.enrol_totp(await service.signed_in_user())
    service.clock.advance(STEP)
    return app, list(codes)


def level_of(grant: TokenGrant) -> tuple[str, str]:
    """Return the level and the methods of a session."""
    return grant.session.assurance.acr.value, " ".join(grant.session.assurance.amr)


async def test_without_a_factor_nothing_is_different() -> None:
    service = Service()
    grant = await service.signed_in_user()
    assert level_of(grant) == ("aal1", "pwd")
    with_one = await service.sign_in(proof=Proof(ProofKind.TOTP, "123456"))
    assert level_of(with_one) == ("aal1", "pwd")


async def test_an_app_is_kept_once_it_has_shown_a_code() -> None:
    """A half-finished enrolment leaves nothing behind."""
    service = Service()
    grant = await service.signed_in_user()
    async with service.unchanged():
        begun = await service.factors.begin_totp(principal=principal_of(grant))
        assert len(begun.secret) == 32
        assert (begun.issuer, begun.account) == ("Doorward", ADA)
    await service.sign_in()
    app, codes = await service.enrol_totp(grant)
    assert len(set(codes)) == len(codes) == 10
    rows = service.audited()
    assert kinds(rows)[-2:] == ["factor.enrolled", "recovery_codes.generated"]
    (listed, recovery) = await service.factors.list(principal=principal_of(grant))
    assert (listed.factor.kind.value, listed.usable, listed.factor.name) == (
        "totp",
        True,
        "My phone",
    )
    assert (recovery.factor.kind.value, recovery.usable) == ("recovery_codes", True)
    assert app.code() not in repr(listed)


async def test_the_password_alone_opens_nothing_any_more() -> None:
    """MF-2: and the right one alone is told apart from a wrong one by a challenge only."""
    service = Service()
    app, _ = await enrolled(service)
    challenge = await service.challenged()
    (row,) = service.audited()[-1:]
    assert (row.type, row.reason) == ("session.refused", "SECOND_FACTOR_REQUIRED")
    assert list(challenge.methods) == ["totp", "recovery_code"]
    assert challenge.expires_at == service.clock.now() + timedelta(seconds=300)
    with pytest.raises(InvalidCredentials):
        await service.sign_in(password="not the password at all")
    grant = await service.complete(challenge.token, app.proof())
    assert level_of(grant) == ("aal2", "pwd otp mfa")
    caller = await service.authenticate(grant)
    assert caller.principal.has_second_factor
    refreshed = await service.refresh(grant.refresh_token)
    assert level_of(refreshed) == ("aal2", "pwd otp mfa")


async def test_password_and_code_may_come_in_one_request() -> None:
    service = Service()
    app, _ = await enrolled(service)
    grant = await service.sign_in(proof=app.proof())
    assert level_of(grant) == ("aal2", "pwd otp mfa")
    assert grant.session.assurance.acr.reaches(Level.AAL2)


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_a_clock_may_be_one_step_off(steps: int) -> None:
    service = Service()
    app, _ = await enrolled(service)
    service.clock.advance(STEP)
    await service.sign_in(proof=app.proof(steps=steps))


@pytest.mark.parametrize("steps", [-2, 2, 3])
async def test_more_than_one_step_is_wrong(steps: int) -> None:
    """MF-1"""
    service = Service()
    app, _ = await enrolled(service)
    service.clock.advance(4 * STEP)
    with pytest.raises(InvalidProof):
        await service.sign_in(proof=app.proof(steps=steps))


async def test_a_code_is_good_once_over_all_doors() -> None:
    """MF-1: nor any older one after it."""
    service = Service()
    app, _ = await enrolled(service)
    service.clock.advance(STEP)
    older, code = app.proof(steps=-1), app.proof()
    await service.sign_in(proof=code)
    challenge = await service.challenged()
    for used in (code, older):
        with pytest.raises(InvalidProof):
            await service.sign_in(proof=used)
        with pytest.raises(InvalidProof):
            await service.complete(challenge.token, used)
    service.clock.advance(STEP)
    await service.complete(challenge.token, app.proof())


async def test_the_code_that_confirmed_the_app_opens_nothing() -> None:
    """MF-1: it was shown once already."""
    service = Service()
    app, _ = await service.enrol_totp(await service.signed_in_user())
    with pytest.raises(InvalidProof):
        await service.sign_in(proof=app.proof())


async def test_of_twenty_at_once_with_one_code_one_gets_in() -> None:
    """MF-1"""
    service = Service(attempts=0)
    app, _ = await enrolled(service)
    challenges = [(await service.challenged()).token for _ in range(20)]
    proof = app.proof()

    async def get_in(challenge: str) -> bool:
        try:
            await service.complete(challenge, proof)
        except InvalidProof:
            return False
        return True

    assert sum(await asyncio.gather(*map(get_in, challenges))) == 1


@pytest.mark.parametrize(
    "code",
    [
        "",
        "12345",
        "1234567",
        "abcdef",
        "７３９７６６",
        "-12345",
        " 123456",
        "123456\n",
        "1 2345",
    ],
)
async def test_what_is_no_code_is_wrong_and_nothing_else(code: str) -> None:
    """TK-2: digits are those of ASCII."""
    service = Service()
    await enrolled(service)
    with pytest.raises(InvalidProof):
        await service.sign_in(proof=Proof(ProofKind.TOTP, code))


async def test_the_right_code_in_other_digits_is_wrong() -> None:
    """TK-2: also where they have the same value."""
    service = Service()
    app, _ = await enrolled(service)
    wide = "".join(chr(ord("０") + int(digit)) for digit in app.code())
    with pytest.raises(InvalidProof):
        await service.sign_in(proof=Proof(ProofKind.TOTP, wide))
    await service.sign_in(proof=app.proof())


async def test_a_challenge_works_once() -> None:
    service = Service()
    app, codes = await enrolled(service)
    challenge = await service.challenged()
    await service.complete(challenge.token, app.proof())
    service.clock.advance(STEP)
    for proof in (app.proof(), Proof(ProofKind.RECOVERY_CODE, codes[0])):
        with pytest.raises(InvalidChallenge):
            await service.complete(challenge.token, proof)
    # What the refused attempts showed was not used up.
    await service.sign_in(proof=Proof(ProofKind.RECOVERY_CODE, codes[0]))


async def test_a_challenge_is_good_for_five_minutes() -> None:
    service = Service()
    app, _ = await enrolled(service)
    challenge = await service.challenged()
    service.clock.advance(timedelta(seconds=300))
    with pytest.raises(InvalidChallenge):
        await service.complete(challenge.token, app.proof())


async def test_a_challenge_is_bound_to_its_user() -> None:
    """AT-5: another user's code does not complete it."""
    service = Service()
    await enrolled(service)
    challenge = await service.challenged()
    other = "bob@example.com"
    app, codes = await service.enrol_totp(await service.signed_in_user(other))
    service.clock.advance(STEP)
    for proof in (app.proof(), Proof(ProofKind.RECOVERY_CODE, codes[0])):
        with pytest.raises(InvalidProof):
            await service.complete(challenge.token, proof)


async def test_a_change_of_the_password_kills_it() -> None:
    """AT-6"""
    service = Service()
    app, _ = await enrolled(service)
    challenge = await service.challenged()
    await service.reset_password(await service.forgotten_password())
    with pytest.raises(InvalidChallenge):
        await service.complete(challenge.token, app.proof())
    # A reset changes the password and nothing else: the factor is asked for as before.
    with pytest.raises(SecondFactorRequired):
        await service.sign_in(password=OTHER_PASSWORD)


@pytest.mark.parametrize("change", ["cut", "longer", "padded", "case", "empty", "other prefix"])
async def test_no_other_spelling_of_a_challenge_is_taken(change: str) -> None:
    """TK-2"""
    service = Service()
    app, _ = await enrolled(service)
    token = (await service.challenged()).token
    changed = {
        "cut": token[:-1],
        "longer": token + "A",
        "padded": token + "=",
        "case": token.swapcase(),
        "empty": "",
        "other prefix": "dwr_" + token[4:],
    }[change]
    with pytest.raises(InvalidChallenge):
        await service.complete(changed, app.proof())
    await service.complete(token, app.proof())


async def test_an_enrolment_is_no_challenge_and_a_challenge_no_enrolment() -> None:
    """AT-5"""
    service = Service()
    grant = await service.signed_in_user()
    begun = await service.factors.begin_totp(principal=principal_of(grant))
    await service.enrol_totp(await service.sign_in())
    service.clock.advance(STEP)
    with pytest.raises(InvalidChallenge):
        await service.complete(begun.enrolment, Proof(ProofKind.TOTP, "123456"))


async def test_guesses_are_counted_over_all_doors_and_challenges() -> None:
    """RL-1: a new challenge brings no new guesses, and the owner is told."""
    service = Service(attempts=5)
    app, codes = await enrolled(service)
    for number in range(5):
        challenge = (await service.challenged()).token
        with pytest.raises(InvalidProof):
            await service.complete(challenge, Proof(ProofKind.TOTP, f"00000{number}"))
        await service.credentials.unlock_user(
            principal=OPERATOR, user_id=service.user().id, origin=ORIGIN
        )
    challenge = (await service.challenged()).token
    for proof in (app.proof(), Proof(ProofKind.RECOVERY_CODE, codes[0])):
        with pytest.raises(TooManyRequests):
            await service.complete(challenge, proof)
    assert "factor.locked" in kinds(service.audited())
    await service.deliver()
    assert "Somebody knows your password" in [mail.subject for mail in await service.mails()]


async def test_a_right_proof_forgets_the_wrong_ones() -> None:
    """RL-1"""
    service = Service(attempts=3)
    app, _ = await enrolled(service)
    for _ in range(3):
        for _ in range(2):
            challenge = (await service.challenged()).token
            with pytest.raises(InvalidProof):
                await service.complete(challenge, Proof(ProofKind.TOTP, "000000"))
            service.clock.advance(SECOND)
        service.clock.advance(STEP)
        await service.sign_in(proof=app.proof())


async def test_only_a_session_forgets_wrong_passwords() -> None:
    """RL-1: the password alone, though right, does not start the count anew."""
    service = Service(attempts=4)
    await enrolled(service)
    for _ in range(4):
        await service.challenged()
    with pytest.raises(TooManyRequests):
        await service.sign_in()


async def test_a_stale_session_adds_no_factor() -> None:
    """MF-2, HD-6"""
    service = Service()
    grant = await service.signed_in_user()
    service.clock.advance(5 * MINUTE + SECOND)
    with pytest.raises(StepUpRequired) as asked:
        await service.factors.begin_totp(principal=principal_of(grant))
    assert asked.value.members == {"step_up": {"acr": "aal1", "max_age": 300}}


async def test_a_session_without_the_factor_neither_adds_nor_removes_any() -> None:
    """MF-2: a password that was stolen re-points nothing, however fresh it is."""
    service = Service()
    first, second = await service.signed_in_user(), await service.sign_in()
    begun = await service.factors.begin_totp(principal=principal_of(second))
    app, _ = await service.enrol_totp(first)
    (factor, _) = await service.factors.list(principal=principal_of(first))
    attempts = [
        service.factors.begin_totp(principal=principal_of(second)),
        service.factors.confirm_totp(
            principal=principal_of(second),
            enrolment=begun.enrolment,
            code=AuthenticatorApp(service, begun.secret).code(),
            name=None,
            origin=ORIGIN,
        ),
        service.factors.remove(
            principal=principal_of(second), factor_id=factor.factor.id, origin=ORIGIN
        ),
        service.factors.rename(
            principal=principal_of(second), factor_id=factor.factor.id, name="mine"
        ),
        service.factors.renew_recovery_codes(principal=principal_of(second), origin=ORIGIN),
    ]
    for attempt in attempts:
        with pytest.raises(StepUpRequired) as asked:
            await attempt
        assert asked.value.acr is Level.AAL2
    service.clock.advance(STEP)
    await service.sign_in(proof=app.proof())


async def test_an_enrolment_is_of_one_session_one_user_and_one_use() -> None:
    """AT-5, SE-2"""
    service = Service()
    first, second = await service.signed_in_user(), await service.sign_in()
    bob = await service.signed_in_user("bob@example.com")
    begun = await service.factors.begin_totp(principal=principal_of(first))
    app = AuthenticatorApp(service, begun.secret)
    for other in (second, bob):
        with pytest.raises(InvalidChallenge):
            await service.factors.confirm_totp(
                principal=principal_of(other),
                enrolment=begun.enrolment,
                code=app.code(),
                name=None,
                origin=ORIGIN,
            )


async def test_a_wrong_code_adds_nothing_and_may_be_tried_again() -> None:
    service = Service()
    grant = await service.signed_in_user()
    begun = await service.factors.begin_totp(principal=principal_of(grant))
    app = AuthenticatorApp(service, begun.secret)
    for code in (app.code(steps=5), "", "１２３４５６"):
        async with service.unchanged():
            with pytest.raises(ValidationFailed) as refused:
                await service.factors.confirm_totp(
                    principal=principal_of(grant),
                    enrolment=begun.enrolment,
                    code=code,
                    name=None,
                    origin=ORIGIN,
                )
        assert [(each.field, each.code) for each in refused.value.details] == [
            ("code", "WRONG_CODE")
        ]
    await service.factors.confirm_totp(
        principal=principal_of(grant),
        enrolment=begun.enrolment,
        code=app.code(),
        name=None,
        origin=ORIGIN,
    )


async def test_there_is_one_app_and_the_second_attempt_leaves_it_alone() -> None:
    """A half-finished or a refused enrolment displaces nothing."""
    service = Service()
    app, _ = await enrolled(service)
    grant = await service.sign_in(proof=app.proof())
    with pytest.raises(FactorAlreadyEnrolled):
        await service.factors.begin_totp(principal=principal_of(grant))
    service.clock.advance(STEP)
    await service.sign_in(proof=app.proof())


async def test_who_has_added_too_much_adds_no_app_and_still_removes_one() -> None:
    """RL-4: what is added is told by mail, so that has an end; what undoes it has none."""
    service = Service()
    app, _ = await enrolled(service)
    grant = await service.sign_in(proof=app.proof())
    (factor, _) = await service.factors.list(principal=principal_of(grant))
    for _ in range(ADDITION.burst - 1):
        await service.mail.count_addition(principal_of(grant))
    await service.factors.remove(
        principal=principal_of(grant), factor_id=factor.factor.id, origin=ORIGIN
    )
    grant = await service.sign_in()
    async with service.unchanged():
        with pytest.raises(TooManyRequests):
            await service.enrol_totp(grant)
    service.clock.advance(ADDITION.interval)
    await service.enrol_totp(await service.sign_in())


async def test_an_enrolment_that_is_refused_uses_up_nothing() -> None:
    """RL-4: by a session that is no longer fresh, or with an enrolment that was used."""
    service = Service()
    grant = await service.signed_in_user()
    service.clock.advance(4 * MINUTE + 59 * SECOND)
    begun = await service.factors.begin_totp(principal=principal_of(grant))
    service.clock.advance(2 * SECOND)

    async def confirm(grant: TokenGrant, enrolment: TotpEnrolment) -> None:
        await service.factors.confirm_totp(
            principal=principal_of(grant),
            enrolment=enrolment.enrolment,
            code=AuthenticatorApp(service, enrolment.secret).code(),
            name="My phone",
            origin=ORIGIN,
        )

    for _ in range(ADDITION.burst + 1):
        with pytest.raises(StepUpRequired):
            await confirm(grant, begun)
    app, _ = await service.enrol_totp(await service.sign_in())
    service.clock.advance(STEP)
    fresh = await service.sign_in(proof=app.proof())
    device = service.device()
    key = await service.factors.begin_passkey(principal=principal_of(fresh))
    for times in range(ADDITION.burst):
        confirmed = service.factors.confirm_passkey(
            principal=principal_of(fresh),
            enrolment=key.enrolment,
            credential=device.create(key.options),
            name="My key",
            origin=ORIGIN,
        )
        if times == 0:
            await confirmed
            continue
        with pytest.raises(InvalidChallenge):
            await confirmed
    known = service.device()
    await service.enrol_passkey(fresh, known)
    for _ in range(ADDITION.burst):
        with pytest.raises(FactorAlreadyEnrolled):
            await service.enrol_passkey(fresh, known)
    await service.enrol_passkey(fresh)


async def test_of_two_enrolments_at_once_one_is_kept() -> None:
    service = Service()
    grant = await service.signed_in_user()

    async def enrol() -> bool:
        try:
            await service.enrol_totp(grant)
        except DomainError:
            return False
        return True

    assert sum(await asyncio.gather(*(enrol() for _ in range(5)))) == 1
    rows = service.store.committed(FACTORS).rows.values()
    assert sum(isinstance(row, Totp) for row in rows) == 1


async def test_the_last_factor_takes_the_recovery_codes_along() -> None:
    service = Service()
    app, codes = await enrolled(service)
    grant = await service.sign_in(proof=app.proof())
    (factor, _) = await service.factors.list(principal=principal_of(grant))
    await service.factors.remove(
        principal=principal_of(grant), factor_id=factor.factor.id, origin=ORIGIN
    )
    assert await service.factors.list(principal=principal_of(grant)) == []
    again = await service.sign_in(proof=Proof(ProofKind.RECOVERY_CODE, codes[0]))
    assert level_of(again) == ("aal1", "pwd")
    await service.deliver()
    assert "A way to sign in was removed" in [mail.subject for mail in await service.mails()]
    assert kinds(service.audited()).count("factor.removed") == 2


async def test_another_users_factor_is_answered_like_none() -> None:
    """AZ-2"""
    service = Service()
    ada, bob = await service.signed_in_user(), await service.signed_in_user("bob@example.com")
    await service.enrol_totp(ada)
    (factor, _) = await service.factors.list(principal=principal_of(ada))
    for attempt in (
        service.factors.remove(
            principal=principal_of(bob), factor_id=factor.factor.id, origin=ORIGIN
        ),
        service.factors.rename(principal=principal_of(bob), factor_id=factor.factor.id, name="x"),
    ):
        with pytest.raises(FactorNotFound):
            await attempt


async def test_under_another_key_factors_are_shown_as_unusable_and_open_nothing() -> None:
    """TK-4: nobody gets in without, and a copy of the store opens nothing."""
    before = Service(secret_key=b"k" * 32)
    app, codes = await enrolled(before)
    after = Service(store=before.store, clock=before.clock, secret_key=b"l" * 32)

    async def open_with(proof: Proof) -> None:
        await after.factors.sign_in(email=ADA, password=PASSWORD, proof=proof, origin=ORIGIN)

    with pytest.raises(InvalidProof):
        await open_with(app.proof())
    with pytest.raises(InvalidProof):
        await open_with(Proof(ProofKind.RECOVERY_CODE, codes[0]))
    listed = await after.factors.list(principal=OPERATOR, user_id=before.user().id)
    assert [factor.usable for factor in listed] == [False, False]


async def test_the_store_holds_no_secret_of_an_app_and_no_recovery_code() -> None:
    """RF-5"""
    service = Service()
    grant = await service.signed_in_user()
    begun = await service.factors.begin_totp(principal=principal_of(grant))
    _, codes = await service.enrol_totp(grant)
    kept = repr(service.snapshot()).upper()
    for secret in (begun.secret, *codes, *(code.replace("-", "") for code in codes)):
        assert secret.upper() not in kept
    assert PASSWORD.upper() not in kept
