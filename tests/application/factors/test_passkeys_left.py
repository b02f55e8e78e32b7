"""A new password leaves passkeys as they are, and its mail lists them (AT-6; CWE ES2605)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from adapters.memory.factors.passkeys import MemoryPasskeys
from application.mail.ports import Mail
from application.sessions.token_grants import TokenGrant
from domain.factors.factor import InvalidProof
from domain.principal import OPERATOR
from tests.application.service import DAY, LINKS
from tests.application.stories import ORIGIN, Service, principal_of
from tests.support.soft_passkey import SoftPasskey

CHANGED = "Your password was changed"
SAID = "These can still be used to sign in"


async def reset_password(service: Service, _: SoftPasskey) -> None:
    await service.reset_password(await service.forgotten_password())


async def change_password(service: Service, device: SoftPasskey) -> None:
    await service.change_password(await service.sign_in_with(device))


type Renew = Callable[[Service, SoftPasskey], Awaitable[None]]
both = pytest.mark.parametrize("renew", [reset_password, change_password])


async def named(service: Service, grant: TokenGrant, name: str | None) -> SoftPasskey:
    """Add a passkey with this name; return its device."""
    begun = await service.factors.begin_passkey(principal=principal_of(grant))
    device = service.device()
    await service.factors.confirm_passkey(
        principal=principal_of(grant),
        enrolment=begun.enrolment,
        credential=device.create(begun.options),
        name=name,
        origin=ORIGIN,
    )
    return device


async def told(service: Service, subject: str = CHANGED) -> Mail:
    """Return the one mail to Ada with this subject."""
    (mail,) = [mail for mail in await service.mails() if mail.subject == subject]
    return mail


async def paragraphs(service: Service) -> list[str]:
    """Return those of the mail that tells of the new password."""
    return (await told(service)).text.strip().split("\n\n")


@both
async def test_the_mail_lists_every_passkey_that_still_opens_the_account(renew: Renew) -> None:
    service = Service()
    device = await named(service, await service.signed_in_user(), "My phone")
    first = service.clock.now().date()
    service.clock.advance(2 * DAY)
    await named(service, await service.sign_in_with(device), None)
    second = service.clock.now().date()
    await renew(service, device)
    (_, intro, *listed, _) = await paragraphs(service)
    assert SAID in intro
    assert listed == [f"“My phone”, added {first}", f"A passkey without a name, added {second}"]
    grant = await service.sign_in_with(device)
    assert grant.session.assurance.acr.value == "phr"


@both
async def test_a_name_in_the_mail_is_no_word_of_ours(renew: Renew) -> None:
    """OP-2: neither a link nor a tag, and no header."""
    service = Service()
    evil = 'Locked! <a href="https://evil.example/in">Unlock</a> evil@evil.example'
    device = await named(service, await service.signed_in_user(), evil)
    await renew(service, device)
    mail = await told(service)
    assert "“Locked a href https evil example in Unl…”" in mail.text
    for found in ("evil.example", "https://", "<a href", "@"):
        assert found not in mail.text + mail.subject
    assert "evil.example" not in mail.html


@pytest.mark.parametrize("has_app", [False, True])
async def test_where_no_passkey_is_left_the_mail_is_as_it_was(has_app: bool) -> None:
    """Those who have none see no difference; an authenticator app opens nothing on its own."""
    service = Service()
    grant = await service.signed_in_user()
    if has_app:
        await service.enrol_totp(grant)
    await service.reset_password(await service.forgotten_password())
    assert len(await paragraphs(service)) == 2
    assert SAID not in " ".join(await paragraphs(service))


async def test_a_passkey_for_another_domain_opens_nothing_and_is_not_listed() -> None:
    before = Service()
    await named(before, await before.signed_in_user(), "Old domain")
    elsewhere = MemoryPasskeys(rp_id="example.org", origins=[LINKS])
    after = Service(store=before.store, clock=before.clock)
    after.ports = replace(after.ports, passkeys=elsewhere)
    await after.reset_password(await after.forgotten_password())
    assert SAID not in " ".join(await paragraphs(after))


async def test_a_passkey_that_went_with_the_reset_is_not_listed() -> None:
    """AT-7: added before the address was proven, maybe by somebody else."""
    service = Service(verified_only=False)
    await service.sign_up()
    await named(service, await service.sign_in(), "Planted")
    await service.reset_password(await service.forgotten_password())
    assert not service.user().has_second_factor
    said = " ".join(await paragraphs(service))
    assert SAID not in said
    assert "Planted" not in said


async def test_a_factor_reset_leaves_no_passkey_and_says_so() -> None:
    """MF-2: a device may offer it still, and cannot tell."""
    service = Service()
    device = await named(service, await service.signed_in_user(), "My phone")
    await service.factors.reset(
        principal=OPERATOR, user_id=service.user().id, reason="Lost.", origin=ORIGIN
    )
    mail = await told(service, "Your second factors were taken away")
    assert "No passkey was left" in mail.text
    assert "My phone" not in mail.text
    with pytest.raises(InvalidProof):
        await service.sign_in_with(device)
