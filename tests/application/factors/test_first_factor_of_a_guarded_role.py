"""A stolen password does not crown its thief: the mailbox is asked as well (MF-2)."""

import re

import pytest

from application.factors.totp import TotpEnrolment
from application.sessions.token_grants import TokenGrant
from domain.assurance import Level, StepUpRequired
from domain.errors import TooManyRequests, ValidationFailed
from domain.factors.factor import InvalidProof
from domain.principal import ADMINISTRATOR, Principal
from tests.application.service import MINUTE, SECOND
from tests.application.stories import (
    ADA,
    ORIGIN,
    PASSWORD,
    AuthenticatorApp,
    Service,
    kinds,
)


async def guarded(*, attempts: int = 10) -> tuple[Service, TokenGrant]:
    """Return a service in which Ada's role sleeps, and her session."""
    service = Service(administrator_acr=Level.AAL2, attempts=attempts)
    await service.verified_user()
    await service.set_role(service.user(), ADMINISTRATOR)
    grant = await service.sign_in()
    await service.deliver()
    return service, grant


async def mailed_code(service: Service) -> str:
    """Return the code of the newest mail."""
    (mail,) = [each for each in await service.mails() if "code to add" in each.subject][-1:]
    found = re.findall(r"^[0-9]{8}$", mail.text, re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


async def begin(service: Service, grant: TokenGrant) -> TotpEnrolment:
    return await service.factors.begin_totp(principal=(await service.authenticate(grant)).principal)


async def confirm(
    service: Service, grant: TokenGrant, begun: TotpEnrolment, email_code: str | None
) -> None:
    await service.factors.confirm_totp(
        principal=(await service.authenticate(grant)).principal,
        enrolment=begun.enrolment,
        code=AuthenticatorApp(service, begun.secret).code(),
        name=None,
        email_code=email_code,
        origin=ORIGIN,
    )


async def test_the_first_factor_takes_the_mailed_code() -> None:
    service, grant = await guarded()
    begun = await begin(service, grant)
    code = await mailed_code(service)
    await confirm(service, grant, begun, code)
    assert "factor.enrolled" in kinds(service.audited())


async def test_without_the_code_nothing_is_added() -> None:
    service, grant = await guarded()
    begun = await begin(service, grant)
    async with service.unchanged():
        with pytest.raises(ValidationFailed) as refused:
            await confirm(service, grant, begun, None)
    assert [(each.field, each.code) for each in refused.value.details] == [
        ("email_code", "MISSING")
    ]


@pytest.mark.parametrize("wrong", ["00000000", "", "1234567", "１２３４５６７８", "dwm_x"])
async def test_a_wrong_code_adds_nothing(wrong: str) -> None:
    service, grant = await guarded()
    begun = await begin(service, grant)
    code = await mailed_code(service)
    with pytest.raises(InvalidProof):
        await confirm(service, grant, begun, wrong)
    assert await service.factors.list(principal=(await service.authenticate(grant)).principal) == []
    await confirm(service, grant, begun, code)


async def test_guesses_at_it_are_counted_with_all_others() -> None:
    """RL-1"""
    service, grant = await guarded(attempts=3)
    for _ in range(3):
        begun = await begin(service, grant)
        with pytest.raises(InvalidProof):
            await confirm(service, grant, begun, "00000000")
    begun = await begin(service, grant)
    with pytest.raises(TooManyRequests):
        await confirm(service, grant, begun, await mailed_code(service))


async def test_a_code_counts_with_its_own_enrolment_once_and_in_time() -> None:
    """AT-4, AT-5"""
    service, grant = await guarded(attempts=0)
    first = await begin(service, grant)
    old = await mailed_code(service)
    service.clock.advance(SECOND)
    second = await begin(service, grant)
    new = await mailed_code(service)
    assert old != new
    for begun, code in ((first, new), (second, old), (first, old)):
        with pytest.raises(InvalidProof):
            await confirm(service, grant, begun, code)
    await confirm(service, grant, second, new)


async def test_the_store_does_not_hold_the_code() -> None:
    """RF-5"""
    service, grant = await guarded()
    await begin(service, grant)
    await service.deliver()
    assert await mailed_code(service) not in repr(service.snapshot())


async def test_who_has_no_dormant_role_gets_no_mail() -> None:
    service = Service(administrator_acr=Level.AAL2)
    grant = await service.signed_in_user()
    service.clock.advance(MINUTE)
    before = len(await service.mails(ADA))
    await service.enrol_totp(grant)
    subjects = [mail.subject for mail in await service.mails(ADA)]
    assert len(subjects) == before + 1
    assert "Your code to add a second factor" not in subjects


async def test_the_mailbox_is_not_moved_by_what_a_password_can_do() -> None:
    """MF-2, AT-8: else the code would come to the thief, whose own mailbox it is by then."""
    service, grant = await guarded()
    principal = (await service.authenticate(grant)).principal

    async def move(principal: Principal, password: str | None) -> None:
        await service.accounts.request_email_change(
            principal=principal, new_email="thief@example.org", password=password, origin=ORIGIN
        )

    for password in (PASSWORD, None):
        with pytest.raises(StepUpRequired) as refusal:
            await move(principal, password)
        assert refusal.value.acr is Level.AAL2
    assert await service.mails("thief@example.org") == []
    bob = await service.signed_in_user("bob@example.org")
    await service.ask_to_move(bob, "bob@example.net")  # no role of his sleeps
    begun = await begin(service, grant)
    await confirm(service, grant, begun, await mailed_code(service))
    with pytest.raises(StepUpRequired):
        await move(principal, PASSWORD)
