"""Signing in by mail: a code and a link, worth nothing without the challenge (AT-4, AT-7, EN-1)."""

import asyncio
import re
from datetime import timedelta

import pytest

from application.factors.challenges import IssuedChallenge
from application.factors.methods import SignInMethodOff
from application.factors.proofs import Proof, ProofKind
from application.factors.sign_in import InvalidCredentials, SecondFactorRequired
from application.sessions.token_grants import TokenGrant
from domain.errors import DomainError, TooManyRequests, ValidationFailed
from domain.factors.challenge import InvalidChallenge
from domain.factors.factor import InvalidProof
from domain.users.user import UserIsSuspended
from tests.application.factors.test_totp import level_of
from tests.application.service import MINUTE, SECOND
from tests.application.stories import (
    ADA,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    Service,
    kinds,
    principal_of,
)

ALL = ("password", "passkey", "email")
EVE = "eve@example.com"


def with_mail(**options: int) -> Service:
    """Return a service in which mail is a way to sign in."""
    return Service(sign_in_methods=ALL, attempts=options.get("attempts", 10))


async def ask(service: Service, email: str = ADA) -> IssuedChallenge:
    """Ask for a code, a moment later than whatever was before."""
    if not service.keys.keyring.is_loaded:
        await service.keys.keyring.prepare()
    service.clock.advance(timedelta(milliseconds=1))
    return await service.factors.request_sign_in_code(email=email, origin=ORIGIN)


async def mailed(service: Service, email: str = ADA) -> tuple[Proof, Proof]:
    """Return the code and the secret of the link of the newest mail, as proofs."""
    mail = [each for each in await service.mails(email) if each.subject == "Your code to sign in"][
        -1
    ]
    (code,) = re.findall(r"^[0-9]{8}$", mail.text, re.MULTILINE)
    assert mail.token is not None
    return Proof(ProofKind.EMAIL_CODE, code), Proof(ProofKind.EMAIL_TOKEN, mail.token)


async def test_code_and_link_sign_in_with_the_challenge_they_were_asked_with() -> None:
    service = with_mail()
    await service.verified_user()
    for which in (0, 1):
        challenge = await ask(service)
        grant = await service.complete(challenge.token, (await mailed(service))[which])
        assert level_of(grant) == ("aal1", "email")
    assert kinds(service.audited()).count("sign_in_code.requested") == 2


async def test_neither_is_worth_anything_with_another_challenge() -> None:
    """A scanner that presses the button, or a thief of the mail, has none or another one."""
    service = with_mail(attempts=0)
    await service.verified_user()
    first = await ask(service)
    thieves = await ask(service)
    await service.deliver()
    code, link = await mailed(service)
    for proof in (code, link):
        with pytest.raises(InvalidProof):
            await service.complete(first.token, proof)  # a newer mail has replaced it
    mine = await ask(service)
    code, link = await mailed(service)
    for proof in (code, link):
        with pytest.raises(InvalidProof):
            await service.complete(thieves.token, proof)
    await service.complete(mine.token, code)


async def test_it_works_once_in_time_and_for_one_of_ten_at_once() -> None:
    """AT-4"""
    service = with_mail(attempts=0)
    await service.verified_user()
    challenge = await ask(service)
    code, link = await mailed(service)

    async def get_in(proof: Proof) -> bool:
        try:
            await service.complete(challenge.token, proof)
        except (InvalidProof, InvalidChallenge):
            return False
        return True

    assert sum(await asyncio.gather(*(get_in(proof) for proof in [code, link] * 5))) == 1
    challenge = await ask(service)
    code, _ = await mailed(service)
    service.clock.advance(10 * MINUTE)
    with pytest.raises(InvalidChallenge):
        await service.complete(challenge.token, code)


async def test_nobody_learns_whether_the_mailbox_has_an_account() -> None:
    """EN-1: not by the answer, nor by when guesses are refused."""
    service = with_mail(attempts=3)
    await service.verified_user()
    told: dict[str, list[str]] = {}
    for email in (ADA, "nobody@example.com"):
        challenge = await ask(service, email)
        assert len(challenge.token) > 100
        told[email] = []
        for _ in range(5):
            try:
                await service.complete(challenge.token, Proof(ProofKind.EMAIL_CODE, "00000000"))
            except DomainError as refused:
                told[email].append(refused.code)
    assert told[ADA] == told["nobody@example.com"]
    assert told[ADA][-1] == TooManyRequests.code
    assert await service.mails("nobody@example.com") == []


async def test_new_codes_bring_no_new_guesses() -> None:
    """RL-1"""
    service = with_mail(attempts=3)
    await service.verified_user()
    for _ in range(3):
        challenge = await ask(service)
        with pytest.raises(InvalidProof):
            await service.complete(challenge.token, Proof(ProofKind.EMAIL_CODE, "00000000"))
    challenge = await ask(service)
    code, _ = await mailed(service)
    with pytest.raises(TooManyRequests):
        await service.complete(challenge.token, code)


async def test_strangers_who_guess_at_it_lock_no_factor() -> None:
    """RL-2: anybody may ask for a code; a right one forgets the wrong ones."""
    service = with_mail(attempts=3)
    app, _ = await service.enrol_totp(await service.signed_in_user())
    service.clock.advance(timedelta(seconds=30))
    for _ in range(3):
        challenge = await ask(service)
        with pytest.raises(InvalidProof):
            await service.complete(challenge.token, Proof(ProofKind.EMAIL_CODE, "00000000"))
    await service.sign_in(proof=app.proof())
    assert "Somebody knows your password" not in [mail.subject for mail in await service.mails()]
    service.clock.advance(MINUTE)
    for _ in range(5):
        challenge = await ask(service)
        code, _ = await mailed(service)
        with pytest.raises(SecondFactorRequired):
            await service.complete(challenge.token, code)


@pytest.mark.parametrize("code", ["", "1234567", "123456789", "１２３４５６７８", " 1234567"])
async def test_what_is_no_code_is_wrong_and_nothing_else(code: str) -> None:
    service = with_mail()
    await service.verified_user()
    challenge = await ask(service)
    for kind in (ProofKind.EMAIL_CODE, ProofKind.EMAIL_TOKEN):
        with pytest.raises(InvalidProof):
            await service.complete(challenge.token, Proof(kind, code))


async def test_an_account_with_a_second_factor_is_asked_for_it() -> None:
    """MF-2: the mailbox and the app are two; the mailbox and the password it can reset are not."""
    service = with_mail()
    app, _ = await service.enrol_totp(await service.signed_in_user())
    service.clock.advance(timedelta(seconds=30))
    challenge = await ask(service)
    code, link = await mailed(service)
    with pytest.raises(SecondFactorRequired) as asked:
        await service.complete(challenge.token, code)
    assert asked.value.challenge is not None
    assert list(asked.value.challenge.methods) == ["totp", "recovery_code"]
    grant = await service.complete(asked.value.challenge.token, app.proof())
    assert level_of(grant) == ("aal2", "email otp mfa")
    by_password = await service.challenged()
    await ask(service)
    for proof in await mailed(service):
        with pytest.raises(InvalidProof):
            await service.complete(by_password.token, proof)
        with pytest.raises(InvalidProof):
            await service.sign_in(proof=proof)
    with pytest.raises((InvalidProof, InvalidChallenge)):
        await service.complete(challenge.token, link)


async def test_whoever_proves_the_mailbox_has_the_account_and_a_planted_password_counts_not() -> (
    None
):
    """AT-7"""
    service = with_mail()
    await service.sign_up(ADA, PASSWORD, name="Planted")
    challenge = await ask(service)
    code, _ = await mailed(service)
    grant = await service.complete(challenge.token, code)
    assert service.user().is_verified
    assert service.user().display_name is None
    with pytest.raises(InvalidCredentials):
        await service.sign_in()
    changed = await service.credentials.change_password(
        principal=principal_of(grant),
        current_password=None,
        new_password=OTHER_PASSWORD,
        origin=ORIGIN,
    )
    assert changed.user.id == grant.user.id
    await service.sign_in(password=OTHER_PASSWORD)


async def test_a_planted_passkey_goes_with_the_first_proof_of_the_mailbox() -> None:
    """AT-7: it asks nothing of the owner, and gives nothing to whoever added it."""
    service = Service(sign_in_methods=ALL, verified_only=False)
    await service.sign_up(ADA, PASSWORD)
    device, _ = await service.enrol_passkey(await service.sign_in())
    challenge = await ask(service)
    code, _ = await mailed(service)
    grant = await service.complete(challenge.token, code)
    assert level_of(grant) == ("aal1", "email")
    assert not service.user().has_second_factor
    with pytest.raises(InvalidProof):
        await service.sign_in_with(device)
    assert len(service.audited("factor.removed")) == 2  # its recovery codes, too
    assert "A way to sign in was removed" in await service.subjects()


async def test_a_change_of_password_or_a_suspension_kills_the_code() -> None:
    """AT-4, RF-4"""
    service = with_mail()
    user = await service.verified_user()
    challenge = await ask(service)
    code, _ = await mailed(service)
    await service.reset_password(await service.forgotten_password())
    with pytest.raises(InvalidProof):
        await service.complete(challenge.token, code)
    challenge = await ask(service)
    code, _ = await mailed(service)
    await service.operator_suspends(service.user())
    with pytest.raises((InvalidProof, UserIsSuspended)):
        await service.complete(challenge.token, code)
    assert service.user().id == user.id


async def test_an_account_may_do_without_a_password() -> None:
    service = with_mail()
    await service.accounts.sign_up(email=ADA, password=None, display_name="Ada", origin=ORIGIN)
    assert service.credential() is None
    challenge = await ask(service)
    code, _ = await mailed(service)
    grant: TokenGrant = await service.complete(challenge.token, code)
    assert (grant.user.display_name, service.user().is_verified) == ("Ada", True)
    for guess in (PASSWORD, ""):
        with pytest.raises(InvalidCredentials):
            await service.sign_in(password=guess)


async def test_a_confirmed_address_without_a_password_needs_no_reset() -> None:
    service = with_mail()
    await service.accounts.sign_up(email=ADA, password=None, display_name="Ada", origin=ORIGIN)
    verified = await service.confirm(await service.mailed_token())
    assert (verified.password_reset_required, verified.user.display_name) == (False, "Ada")


async def test_who_signs_up_without_a_password_does_not_confirm_a_planted_one() -> None:
    """AT-7"""
    service = with_mail()
    await service.sign_up(ADA, PASSWORD)
    service.clock.advance(SECOND)
    await service.accounts.sign_up(email=ADA, password=None, display_name=None, origin=ORIGIN)
    verified = await service.confirm(await service.mailed_token())
    assert verified.password_reset_required
    with pytest.raises(InvalidCredentials):
        await service.sign_in()


async def test_what_is_switched_off_is_off() -> None:
    service = Service(sign_in_methods=("passkey",))
    with pytest.raises(SignInMethodOff):
        await ask(service)
    with pytest.raises(SignInMethodOff):
        await service.sign_in()
    with pytest.raises(ValidationFailed):
        await service.accounts.sign_up(email=ADA, password=None, display_name=None, origin=ORIGIN)
    no_passkeys = Service(sign_in_methods=("password",))
    with pytest.raises(SignInMethodOff):
        await no_passkeys.factors.begin_passkey_sign_in()


async def test_a_challenge_from_before_mail_was_switched_off_is_of_no_use() -> None:
    before = with_mail()
    await before.verified_user()
    challenge = await ask(before)
    code, _ = await mailed(before)
    after = Service(store=before.store, clock=before.clock)
    with pytest.raises((SignInMethodOff, InvalidChallenge)):
        await after.factors.complete_sign_in(challenge=challenge.token, proof=code, origin=ORIGIN)


async def test_the_store_holds_neither_code_nor_link() -> None:
    """RF-5: nor what they would count with."""
    service = with_mail()
    await service.verified_user(EVE)
    challenge = await ask(service, EVE)
    code, link = await mailed(service, EVE)
    kept = repr(service.snapshot())
    for secret in (code.text, link.text, challenge.token):
        assert secret not in kept


def test_a_proof_does_not_show_itself() -> None:
    """LG-1"""
    assert "12345678" not in repr(Proof(ProofKind.EMAIL_CODE, "12345678"))
