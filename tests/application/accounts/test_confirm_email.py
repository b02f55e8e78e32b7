"""Proving an address with the mailed secret, and asking for another mail (AT-4, AT-5, EN-1)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from adapters.memory.credentials.one_time_tokens import ONE_TIME_TOKENS
from application.accounts.verification import VerifiedUser
from application.mail.allowance import RESET_MAIL, VERIFICATION_MAIL
from domain.credentials.one_time_token import InvalidToken, Purpose
from domain.email_address import EmailAddress
from domain.errors import ValidationFailed
from tests.application.service import DAY, SECOND
from tests.application.stories import ADA, ORIGIN, Service, kinds


async def test_the_mailed_secret_proves_the_address() -> None:
    """AT-4, LG-3: one row, one commit."""
    service = Service()
    await service.sign_up()
    token = await service.mailed_token()
    commits = service.units.commits
    verified = await service.confirm(token)
    assert verified.user.email_verified_at == service.clock.now()
    assert service.user().is_verified
    assert service.units.commits == commits + 1
    assert kinds(service.audited()) == ["user.registered", "user.email_verified"]


async def test_a_secret_is_spent_once() -> None:
    """AT-4: the second time it is an invalid token, like any other."""
    service = Service()
    await service.sign_up()
    token = await service.mailed_token()
    await service.confirm(token)
    async with service.unchanged():
        with pytest.raises(InvalidToken):
            await service.confirm(token)


async def test_of_parallel_confirmations_one_wins() -> None:
    """AT-4: single use under concurrency."""
    service = Service()
    await service.sign_up()
    token = await service.mailed_token()
    outcomes = await asyncio.gather(
        *(service.confirm(token) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(outcome, VerifiedUser) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InvalidToken) for outcome in outcomes) == 19
    assert kinds(service.audited("user.email_verified")) == ["user.email_verified"]


@pytest.mark.parametrize("token", ["", "null", "dwm_", "dwm_" + "A" * 43, "A" * 47])
async def test_a_wrong_secret_changes_nothing(token: str) -> None:
    """AT-1, AT-4: guessed, empty or of another shape."""
    service = Service()
    await service.sign_up()
    async with service.unchanged():
        with pytest.raises(InvalidToken):
            await service.confirm(token)


async def test_variants_of_a_secret_are_wrong() -> None:
    """TK-2: truncated, extended, case-changed, padded, trimmed."""
    service = Service()
    await service.sign_up()
    token = await service.mailed_token()
    variants = [token[:-1], token + "A", token.swapcase(), token + "=", f" {token}", f"{token}\n"]
    async with service.unchanged():
        for variant in variants:
            with pytest.raises(InvalidToken):
                await service.confirm(variant)
    await service.confirm(token)


async def test_a_secret_expires() -> None:
    """AT-4, CK-1: at the very moment, by the service's clock."""
    for late, accepted in [(DAY - SECOND, True), (DAY, False)]:
        service = Service()
        await service.sign_up()
        token = await service.mailed_token()
        service.clock.advance(late)
        if accepted:
            await service.confirm(token)
            continue
        async with service.unchanged():
            with pytest.raises(InvalidToken):
                await service.confirm(token)


async def test_a_newer_secret_replaces_the_older() -> None:
    """AT-4: the old mail is worthless from the newer issue on."""
    service = Service()
    await service.sign_up()
    old = await service.mailed_token()
    await service.accounts.request_email_verification(email=ADA, origin=ORIGIN)
    new = await service.mailed_token()
    with pytest.raises(InvalidToken):
        await service.confirm(old)
    await service.confirm(new)


async def test_a_secret_for_another_purpose_proves_nothing() -> None:
    """AT-5: a reset secret does not confirm, a verification secret does not reset."""
    service = Service()
    await service.sign_up()
    verification = await service.mailed_token()
    reset = await service.forgotten_password()
    async with service.unchanged():
        with pytest.raises(InvalidToken):
            await service.confirm(reset)
        with pytest.raises(InvalidToken):
            await service.reset_password(verification)
    await service.confirm(verification)


async def test_a_refresh_token_or_access_token_proves_nothing() -> None:
    """AT-5: no token of another kind is taken."""
    service = Service()
    await service.verified_user()
    grant = await service.sign_in()
    async with service.unchanged():
        for token in (grant.refresh_token, grant.access_token):
            with pytest.raises(InvalidToken):
                await service.confirm(token)
            with pytest.raises(InvalidToken):
                await service.reset_password(token)


async def test_a_suspended_user_proves_nothing() -> None:
    """AT-4: the account was disabled; the answer does not say so."""
    service = Service()
    await service.sign_up()
    token = await service.mailed_token()
    await service.suspend()
    async with service.unchanged():
        with pytest.raises(InvalidToken):
            await service.confirm(token)


async def test_a_user_who_is_gone_proves_nothing() -> None:
    """AZ-7: the secret went with the account."""
    service = Service()
    await service.sign_up()
    token = await service.mailed_token()
    await service.erase()
    with pytest.raises(InvalidToken):
        await service.confirm(token)
    await service.sign_up()
    with pytest.raises(InvalidToken):
        await service.confirm(token)


async def test_a_secret_dies_with_a_change_of_the_address() -> None:
    """AT-4: it is bound to the exact address that it was mailed to."""
    service = Service()
    await service.sign_up()
    token = await service.mailed_token()
    async with service.units() as unit:
        user = await unit.users.get(service.user().id)
        assert user is not None
        user.change_email(EmailAddress.parse("bob@example.com"), now=service.clock.now())
        await unit.users.save(user)
        await unit.commit()
    with pytest.raises(InvalidToken):
        await service.confirm(token)


async def test_a_proof_that_comes_again_by_another_mail_changes_nothing_more() -> None:
    """Twice is none: no second row, the first time stays, the password stays."""
    service = Service()
    user = await service.verified_user()
    async with service.units() as unit:
        secrets = service.accounts.confirm_email._secrets
        await secrets.issue(unit, user, Purpose.EMAIL_VERIFICATION, now=service.clock.now())
        await unit.commit()
    service.clock.advance(SECOND)
    verified = await service.confirm(await service.mailed_token())
    assert verified.user.email_verified_at == user.email_verified_at
    assert not verified.password_reset_required
    assert kinds(service.audited("user.email_verified")) == ["user.email_verified"]


async def _nobody(service: Service) -> None:
    """The address has no account."""


async def _unverified(service: Service) -> None:
    await service.sign_up()


async def _verified(service: Service) -> None:
    await service.verified_user()


async def _suspended(service: Service) -> None:
    await service.sign_up()
    await service.suspend()


@pytest.mark.parametrize(
    ("prepare", "mailed"), [(_nobody, 0), (_unverified, 1), (_verified, 0), (_suspended, 0)]
)
async def test_asking_for_the_mail_again_tells_nothing(
    prepare: Callable[[Service], Awaitable[None]], mailed: int
) -> None:
    """EN-1: the same single write at every address; only the worker looks, and mails if due."""
    service = Service()
    await prepare(service)
    await service.deliver()
    mails, commits, rows = len(service.mailbox.mails), service.units.commits, service.audited()
    await service.accounts.request_email_verification(email=ADA, origin=ORIGIN)
    assert service.units.commits == commits + 1
    (entry,) = service.queue()
    assert (entry.message.kind, entry.message.to) == ("verification_requested", ADA)
    assert service.audited() == rows
    assert len(service.mailbox.mails) == mails
    await service.deliver()
    assert len(service.mailbox.mails) == mails + mailed


async def test_the_mail_goes_to_the_stored_address() -> None:
    """AT-3: not to the caller's spelling of it."""
    service = Service()
    await service.sign_up("Ada@example.com")
    await service.deliver()
    await service.accounts.request_email_verification(email="aDA@EXAMPLE.com", origin=ORIGIN)
    await service.deliver()
    assert [mail.to for mail in service.mailbox.mails] == ["Ada@example.com"] * 2


@pytest.mark.parametrize("email", ["", "ada", "ada@example.com,eve@evil.com", "a\r\n@example.com"])
async def test_asking_for_no_address_is_refused(email: str) -> None:
    """AT-3: one mailbox or none."""
    service = Service()
    async with service.unchanged():
        with pytest.raises(ValidationFailed):
            await service.accounts.request_email_verification(email=email, origin=ORIGIN)
        with pytest.raises(ValidationFailed):
            await service.credentials.request_password_reset(email=email, origin=ORIGIN)


async def test_asking_too_often_is_silently_nothing() -> None:
    """RL-4: one mailbox gets its share of each kind of mail, in whatever spelling."""
    service = Service()
    await service.sign_up()
    for number in range(30):
        await service.accounts.request_email_verification(
            email=ADA if number % 2 else ADA.upper(), origin=ORIGIN
        )
        await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
    subjects = Counter(mail.subject for mail in await service.mails())
    assert sorted(subjects.values()) == [RESET_MAIL.burst, VERIFICATION_MAIL.burst]
    purposes = {**service.store.committed(ONE_TIME_TOKENS).rows}
    await service.accounts.request_email_verification(email=ADA, origin=ORIGIN)
    await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
    assert len(await service.mails()) == RESET_MAIL.burst + VERIFICATION_MAIL.burst
    assert service.store.committed(ONE_TIME_TOKENS).rows == purposes


async def test_asking_for_what_is_never_mailed_uses_nothing_up() -> None:
    """RL-2, RL-4: only mail that is queued counts, so no stranger uses up an owner's share."""
    service = Service()
    for _ in range(3 * RESET_MAIL.burst):
        await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
        await service.accounts.request_email_verification(email=ADA, origin=ORIGIN)
    await service.deliver()
    await service.verified_user()
    for _ in range(3 * VERIFICATION_MAIL.burst):
        await service.accounts.request_email_verification(email=ADA, origin=ORIGIN)
    await service.deliver()
    await service.forgotten_password()
    assert await service.subjects() == ["Confirm your e-mail address", "Set a new password"]
    await service.suspend()
    for _ in range(3 * RESET_MAIL.burst):
        await service.credentials.request_password_reset(email=ADA, origin=ORIGIN)
    await service.deliver()
    await service.reinstate()
    await service.forgotten_password()
    await service.erase()
    await service.sign_up()
    assert (await service.subjects())[2:] == ["Set a new password", "Confirm your e-mail address"]


async def test_one_kind_of_mail_does_not_use_up_another() -> None:
    """RL-2: a flood of verification mail cannot keep the reset mail away."""
    service = Service()
    for _ in range(2 * VERIFICATION_MAIL.burst):
        await service.sign_up()
    for _ in range(2 * VERIFICATION_MAIL.burst):
        await service.accounts.request_email_verification(email=ADA, origin=ORIGIN)
    await service.reset_password(await service.forgotten_password())
    for _ in range(10):
        await service.sign_up()
    await service.reset_password(await service.forgotten_password())
    kinds_of_mail = Counter(await service.subjects())
    assert kinds_of_mail["Confirm your e-mail address"] == VERIFICATION_MAIL.burst
    assert kinds_of_mail["Set a new password"] == 2
