"""A password planted before the mailbox was proven gains its author nothing (AT-7)."""

from collections.abc import Awaitable, Callable

import pytest

from application.factors.sign_in import InvalidCredentials
from domain.credentials.one_time_token import InvalidToken, Purpose
from domain.errors import DomainError, NotAuthenticated
from domain.factors.factor import InvalidProof
from domain.principal import OPERATOR
from domain.sessions.session import EndReason
from domain.users.user import EmailAlreadyRegistered
from tests.application.stories import ADA, ORIGIN, OTHER_PASSWORD, PASSWORD, Service, kinds
from tests.support.soft_passkey import SoftPasskey

THIRD_PASSWORD = "harbour violet mechanic"


async def a_contested_account(service: Service) -> str:
    """An attacker signs up first, then the owner; return the secret in the owner's mail."""
    await service.sign_up(password=OTHER_PASSWORD)
    await service.sign_up(password=PASSWORD)
    return await service.mailed_token()


async def test_after_the_proof_neither_password_works() -> None:
    """AT-7: there is no telling whose is whose, so none counts, and a reset mail goes out."""
    service = Service()
    verified = await service.confirm(await a_contested_account(service))
    assert verified.password_reset_required
    assert verified.user.is_verified
    assert service.credential() is None
    for password in (PASSWORD, OTHER_PASSWORD):
        with pytest.raises(InvalidCredentials):
            await service.sign_in(password=password)
    assert (await service.subjects())[-1] == "Set a new password"
    assert service.purposes() == {Purpose.PASSWORD_RESET}


async def test_the_reset_mail_gives_access_to_the_reader_of_the_mailbox() -> None:
    """AT-7: the owner of the mailbox owns the account, and only the new password works."""
    service = Service()
    await service.confirm(await a_contested_account(service))
    await service.reset_password(await service.mailed_token(), THIRD_PASSWORD)
    for password in (PASSWORD, OTHER_PASSWORD):
        with pytest.raises(InvalidCredentials):
            await service.sign_in(password=password)
    grant = await service.sign_in(password=THIRD_PASSWORD)
    assert (await service.authenticate(grant)).user.email.value == ADA


async def test_a_session_from_before_the_proof_is_ended() -> None:
    """AT-7: where unverified sign-in is allowed, the attacker's session and tokens die."""
    service = Service(verified_only=False)
    await service.sign_up(password=OTHER_PASSWORD)
    stolen = await service.sign_in(password=OTHER_PASSWORD)
    await service.sign_up(password=PASSWORD)
    await service.confirm(await service.mailed_token())
    with pytest.raises(NotAuthenticated) as ended:
        await service.authenticate(stolen)
    assert ended.value.details[0].code == EndReason.PASSWORD_CHANGED
    with pytest.raises(NotAuthenticated):
        await service.refresh(stolen.refresh_token)
    assert service.living() == []
    assert kinds(service.audited("session.ended", "user.email_verified")) == [
        "session.ended",
        "user.email_verified",
    ]


async def test_the_first_password_again_does_not_settle_the_dispute() -> None:
    """AT-7: an attacker who repeats the planted password cannot make it count."""
    service = Service()
    await a_contested_account(service)
    await service.sign_up(password=OTHER_PASSWORD)
    assert (await service.confirm(await service.mailed_token())).password_reset_required


async def test_a_dispute_lasts_over_any_number_of_sign_ups() -> None:
    """AT-7: the third, fourth and fifth password change nothing more."""
    service = Service()
    for number in range(5):
        await service.sign_up(password=f"{PASSWORD} {number}")
    assert (await service.confirm(await service.mailed_token())).password_reset_required


async def test_a_reset_before_the_proof_is_proof_and_ends_the_dispute() -> None:
    """AT-7: the reset mail went to the mailbox, so using it has proven it."""
    service = Service()
    verification = await a_contested_account(service)
    await service.reset_password(await service.forgotten_password(), THIRD_PASSWORD)
    assert service.user().is_verified
    credential = service.credential()
    assert credential is not None
    assert not credential.contested
    await service.sign_in(password=THIRD_PASSWORD)
    with pytest.raises(InvalidToken):
        await service.confirm(verification)


async def test_a_single_password_from_before_the_proof_still_counts() -> None:
    """AT-7: the ordinary case: one person, one password, one mail."""
    service = Service()
    await service.sign_up()
    assert not (await service.confirm(await service.mailed_token())).password_reset_required
    await service.sign_in()


async def test_an_operators_password_is_contested_as_well() -> None:
    """AT-7: a second password for the unproven address, no matter who set the first."""
    service = Service()
    await service.operator_makes(OPERATOR, verified=False)
    await service.sign_up(password=OTHER_PASSWORD)
    assert (await service.confirm(await service.mailed_token())).password_reset_required


async def test_a_planted_password_is_contested_where_nothing_is_concealed_as_well() -> None:
    """AT-7: the owner is told 409, and still the attacker's password never counts."""
    service = Service(conceal_existing=False)
    await service.sign_up(password=OTHER_PASSWORD)
    with pytest.raises(EmailAlreadyRegistered):
        await service.sign_up(password=PASSWORD)
    assert (await service.confirm(await service.mailed_token())).password_reset_required
    for password in (PASSWORD, OTHER_PASSWORD):
        with pytest.raises(InvalidCredentials):
            await service.sign_in(password=password)
    await service.reset_password(await service.mailed_token(), THIRD_PASSWORD)
    await service.sign_in(password=THIRD_PASSWORD)


async def test_a_planted_session_cannot_settle_a_dispute_by_changing_the_password() -> None:
    """AT-7: where unverified accounts may sign in, changing a password proves no mailbox."""
    service = Service(verified_only=False)
    await service.sign_up(password=PASSWORD)
    planted = await service.sign_in()
    await service.sign_up(password=OTHER_PASSWORD)
    await service.change_password(planted, PASSWORD, "a third one of the planter")
    await service.accounts.request_email_verification(email=ADA, origin=ORIGIN)
    verified = await service.confirm(await service.mailed_token())
    assert verified.password_reset_required
    with pytest.raises(DomainError):
        await service.sign_in(ADA, "a third one of the planter")


# --- second factors from before the proof -------------------------------------------------------


async def a_planted_passkey(service: Service) -> SoftPasskey:
    """Somebody signs up with Ada's address and adds a passkey of their own."""
    await service.sign_up(password=OTHER_PASSWORD)
    grant = await service.sign_in(password=OTHER_PASSWORD)
    device, _ = await service.enrol_passkey(grant)
    return device


async def by_reset(service: Service) -> None:
    await service.reset_password(await service.forgotten_password(), THIRD_PASSWORD)


async def by_verification(service: Service) -> None:
    tokens = [mail.token for mail in await service.mails() if mail.token]
    await service.confirm(tokens[0])  # the newest is the one that undoes the factor


async def by_verification_of_a_contested_account(service: Service) -> None:
    await service.sign_up(password=PASSWORD)
    await service.confirm(await service.mailed_token())


async def by_invitation(service: Service) -> None:
    await service.invite(OPERATOR)
    await service.accept_invitation(await service.mailed_token(), THIRD_PASSWORD)


@pytest.mark.parametrize(
    "proof",
    [by_reset, by_verification, by_verification_of_a_contested_account, by_invitation],
)
async def test_a_planted_passkey_gives_nothing_after_the_proof(
    proof: Callable[[Service], Awaitable[None]],
) -> None:
    """AT-7: it would outlive every password; and the owner is told that there was one."""
    service = Service(verified_only=False)
    device = await a_planted_passkey(service)
    await proof(service)
    with pytest.raises(InvalidProof):
        await service.sign_in_with(device)
    user = service.user()
    assert not user.has_second_factor
    async with service.units.read_only() as unit:
        assert await unit.factors.list_of(user.id) == []
    assert Purpose.FACTOR_UNDO not in service.purposes()
    assert len(service.audited("factor.removed")) == 2  # its recovery codes, too
    assert "A way to sign in was removed" in await service.subjects()


async def test_a_factor_from_after_the_proof_outlives_a_reset() -> None:
    """AT-7, MF-2: the address was proven before, so it is the owner's."""
    service = Service()
    device, _ = await service.enrol_passkey(await service.signed_in_user())
    await by_reset(service)
    await service.sign_in_with(device)
