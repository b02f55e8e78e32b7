"""Signing up: one account per mailbox, and no caller learns whether there was one."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import product

import pytest

from adapters.memory.credentials.one_time_tokens import ONE_TIME_TOKENS
from adapters.memory.users.tables import CREDENTIALS, USERS
from application.accounts.registration import SignUpReceipt
from application.credentials.ports import Busy
from application.mail.allowance import ADDRESS_IN_USE_MAIL, VERIFICATION_MAIL
from domain.credentials.one_time_token import Purpose
from domain.credentials.password_policy import PasswordRejected
from domain.errors import ValidationFailed
from domain.users.user import EmailAlreadyRegistered, UserStatus
from tests.application.doubles import InterruptingHasher
from tests.application.service import MINUTE
from tests.application.stories import ADA, ORIGIN, OTHER_PASSWORD, PASSWORD, Service, kinds

CONFIRM, IN_USE = "Confirm your e-mail address", "You already have an account"


async def test_a_newcomer_gets_an_unverified_account_and_a_mail() -> None:
    """AT-7, OB-1: account, secret, message and audit row stand in one commit."""
    service = Service()
    receipt = await service.sign_up("Ada@Example.com", name=" Ada ")
    assert receipt == SignUpReceipt(email="Ada@example.com", display_name="Ada")
    assert service.units.commits == 1
    user = service.user()
    assert (user.status, user.display_name) == (UserStatus.UNVERIFIED, "Ada")
    assert service.purposes() == {Purpose.EMAIL_VERIFICATION}
    assert kinds(service.audited()) == ["user.registered"]
    assert await service.subjects("Ada@example.com") == [CONFIRM]


async def test_the_password_is_kept_as_a_hash_only() -> None:
    """RF-5, PW-1: nothing stored holds it."""
    service = Service()
    await service.sign_up()
    credential = service.credential()
    assert credential is not None
    assert credential.hash.startswith("$fast$")
    assert PASSWORD not in repr(service.snapshot())


async def _with_nobody(service: Service) -> None:
    """The address is free."""


async def _with_an_unverified_user(service: Service) -> None:
    await service.sign_up()


async def _with_a_contested_user(service: Service) -> None:
    await service.sign_up()
    await service.sign_up(password="yet another long password")


async def _with_a_verified_user(service: Service) -> None:
    await service.verified_user()


async def _with_a_suspended_user(service: Service) -> None:
    await service.verified_user()
    await service.suspend()


async def _with_a_user_without_a_password(service: Service) -> None:
    await service.sign_up()
    await service.sign_up(password=OTHER_PASSWORD)
    await service.confirm(await service.mailed_token())


SITUATIONS = [
    _with_nobody,
    _with_an_unverified_user,
    _with_a_contested_user,
    _with_a_verified_user,
    _with_a_suspended_user,
    _with_a_user_without_a_password,
]


@pytest.mark.parametrize(
    ("prepare", "password"), list(product(SITUATIONS, [PASSWORD, OTHER_PASSWORD]))
)
async def test_every_sign_up_has_the_same_answer_and_the_same_price(
    prepare: Callable[[Service], Awaitable[None]], password: str
) -> None:
    """EN-1: at every address, with whatever password: one hash, one commit, one mail."""
    service = Service()
    await prepare(service)
    await service.deliver()
    spent, commits = service.spent_hashes, service.units.commits
    receipt = await service.sign_up(password=password, name="Eve")
    assert receipt == SignUpReceipt(email=ADA, display_name="Eve")
    assert service.spent_hashes == spent + 1
    assert service.units.commits == commits + 1
    assert len(service.queue()) == 1
    assert len(service.store.committed(USERS).rows) == 1


async def test_the_owner_of_a_taken_address_is_told_and_nothing_is_changed() -> None:
    """EN-1, AT-7: the mail goes to the owner, and holds no secret."""
    service = Service()
    await service.verified_user()
    await service.deliver()
    before = service.user(), service.credential()
    await service.sign_up(password=OTHER_PASSWORD, name="Eve")
    assert (service.user(), service.credential()) == before
    assert service.purposes() == set()
    assert await service.subjects() == [CONFIRM, IN_USE]
    assert service.mailbox.mails[-1].link is None
    await service.sign_in()


async def test_the_notice_goes_to_the_address_as_its_owner_wrote_it() -> None:
    """AT-3: never to the string that the caller sent."""
    service = Service()
    await service.verified_user("Ada.Lovelace@example.com")
    receipt = await service.sign_up("ADA.LOVELACE@EXAMPLE.COM")
    assert receipt.email == "ADA.LOVELACE@example.com"
    await service.deliver()
    assert {mail.to for mail in service.mailbox.mails} == {"Ada.Lovelace@example.com"}


async def test_signing_up_again_with_the_same_password_mails_a_fresh_secret() -> None:
    """AT-4: the newer mail replaces the older, and nothing is in dispute."""
    service = Service()
    await service.sign_up()
    first = await service.mailed_token()
    await service.sign_up(name="Another Name")
    second = await service.mailed_token()
    assert first != second
    assert service.user().display_name is None
    assert (await service.confirm(second)).password_reset_required is False
    await service.sign_in()


async def test_where_nothing_is_concealed_a_taken_address_is_refused() -> None:
    """REGISTRATION_CONCEALS_EXISTING=false: unproven or proven; nothing is written once proven."""
    service = Service(conceal_existing=False)
    await service.sign_up()
    before = service.user(), service.credential()
    with pytest.raises(EmailAlreadyRegistered):
        await service.sign_up()
    assert (service.user(), service.credential()) == before
    await service.confirm(await service.mailed_token())
    spent = service.spent_hashes
    async with service.unchanged():
        for password in (PASSWORD, OTHER_PASSWORD):
            with pytest.raises(EmailAlreadyRegistered):
                await service.sign_up(password=password)
    assert service.spent_hashes == spent
    assert await service.subjects() == [CONFIRM, CONFIRM]


@pytest.mark.parametrize(
    ("email", "password", "name"),
    [
        ("nobody", PASSWORD, None),
        ("ada@example.com,eve@evil.com", PASSWORD, None),
        ("ada@example.com\r\nBcc: eve@evil.com", PASSWORD, None),
        (ADA, "short", None),
        (ADA, "passwordpassword", None),
        (ADA, "walnut\0tangent ceiling", None),
        (ADA, "x" * 300, None),
        ("lovelace@example.com", "the lovelace engine", None),
        (ADA, PASSWORD, "a\nb"),
        (ADA, PASSWORD, "x" * 101),
    ],
)
async def test_bad_input_writes_nothing_and_costs_no_hash(
    email: str, password: str, name: str | None
) -> None:
    """PW-2, PW-4, AT-3 (I2): refused before anything slow, and before the mail is counted."""
    service = Service()
    async with service.unchanged():
        with pytest.raises((ValidationFailed, PasswordRejected)):
            await service.sign_up(email, password, name=name)
    assert service.spent_hashes == 0
    for _ in range(VERIFICATION_MAIL.burst):
        await service.sign_up()
    assert len(service.queue()) == VERIFICATION_MAIL.burst


async def test_a_busy_hasher_is_said_and_nothing_is_written() -> None:
    """PW-2: bounded hashing answers at once."""
    service = Service()
    service.hasher.capacity = 0
    async with service.unchanged():
        with pytest.raises(Busy):
            await service.sign_up()


@pytest.mark.parametrize("same_password", [True, False])
async def test_parallel_sign_ups_of_one_address_make_one_account(same_password: bool) -> None:
    """DU-4, AT-10 (I4): in every spelling; the answers differ in nothing but the spelling."""
    service = Service()
    spellings = ["ada@example.com", "ADA@example.com", "Ada@EXAMPLE.com", "aDa@Example.Com"] * 4
    receipts = await asyncio.gather(
        *(
            service.sign_up(email, PASSWORD if same_password else f"{PASSWORD} {number}")
            for number, email in enumerate(spellings)
        )
    )
    assert {receipt.email.lower() for receipt in receipts} == {ADA}
    assert (
        len(service.store.committed(USERS).rows)
        == len(service.store.committed(CREDENTIALS).rows)
        == 1
    )
    credential = service.credential()
    assert credential is not None
    assert credential.contested is not same_password
    assert kinds(service.audited()) == ["user.registered"]
    assert len(service.store.committed(ONE_TIME_TOKENS).rows) == 1


async def test_a_sign_up_that_is_overtaken_pays_each_hash_once() -> None:
    """DU-4, EN-1: the loser of a race looks again and does not hash the same again."""
    hasher = InterruptingHasher()
    service = Service(hasher=hasher)
    hasher.meanwhile = service.sign_up
    await service.sign_up(password=OTHER_PASSWORD)
    # One by the winner; the loser made a hash for a new account and compared with the old one.
    assert (hasher.hashes, hasher.evaluations) == (2, 1)
    credential = service.credential()
    assert credential is not None
    assert credential.contested


async def test_a_sign_up_that_a_confirmation_overtakes_tells_the_owner() -> None:
    """AT-7: the address was proven while the newcomer's password was hashed."""
    hasher = InterruptingHasher()
    service = Service(hasher=hasher)
    await service.sign_up()
    token = await service.mailed_token()
    hasher.meanwhile = lambda: service.confirm(token)
    await service.sign_up(password=OTHER_PASSWORD)
    assert await service.subjects() == [CONFIRM, IN_USE]
    credential = service.credential()
    assert credential is not None
    assert not credential.contested
    await service.sign_in()


async def test_a_mailbox_gets_no_more_than_its_share_of_mail() -> None:
    """RL-4: silently: the answers go on, the mails stop and come back with time."""
    service = Service()
    for _ in range(VERIFICATION_MAIL.burst + 5):
        assert (await service.sign_up()).email == ADA
    assert len(await service.mails()) == VERIFICATION_MAIL.burst
    await service.sign_up("bob@example.com")
    assert len(await service.mails("bob@example.com")) == 1
    service.clock.advance(5 * MINUTE)
    await service.sign_up()
    assert len(await service.mails()) == VERIFICATION_MAIL.burst + 1


async def test_a_mailbox_that_had_its_share_still_gets_its_account() -> None:
    """RL-4: the limit stops the mail and not the sign-up; the mail can be asked for later."""
    service = Service()
    for _ in range(VERIFICATION_MAIL.burst):
        await service.sign_up()
    await service.deliver()
    await service.erase()
    await service.sign_up()
    assert service.user().status is UserStatus.UNVERIFIED
    assert service.purposes() == set()
    assert len(await service.mails()) == VERIFICATION_MAIL.burst
    service.clock.advance(5 * MINUTE)
    await service.accounts.request_email_verification(email=ADA, origin=ORIGIN)
    await service.confirm(await service.mailed_token())


async def test_without_limits_every_request_is_mailed() -> None:
    """RATE_LIMITS=false lifts every limit by count, mail included."""
    service = Service(rate_limits=False)
    for _ in range(3 * VERIFICATION_MAIL.burst):
        await service.sign_up()
    assert len(await service.mails()) == 3 * VERIFICATION_MAIL.burst


async def test_a_taken_address_that_had_its_share_is_told_nothing() -> None:
    """RL-4, EN-1: and the answer is as ever."""
    service = Service()
    await service.verified_user()
    for _ in range(ADDRESS_IN_USE_MAIL.burst):
        await service.sign_up()
    async with service.unchanged():
        assert (await service.sign_up()).email == ADA
