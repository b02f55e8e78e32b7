"""Moving to another address (AT-8, EN-1, HD-7)."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from adapters.memory.mail.tables import OUTBOX
from adapters.memory.users.users import MemoryUserRepository
from application.credentials.reauthentication import WrongPassword
from application.mail.allowance import ADDITION
from domain.credentials.one_time_token import InvalidToken, Purpose
from domain.errors import DomainError, TooManyRequests, ValidationFailed
from domain.users.user import EmailAlreadyRegistered, UserStatus
from tests.application.doubles import overtake
from tests.application.service import DAY
from tests.application.stories import ADA, ORIGIN, OTHER_PASSWORD, PASSWORD, Service

NEW = "lovelace@example.org"


async def test_nothing_changes_until_the_new_address_is_proven() -> None:
    """AT-8: then the account is there, verified, and keeps its sessions."""
    service = Service()
    grant = await service.signed_in_user()
    await service.ask_to_move(grant, NEW)
    token = await service.mailed_token(NEW)
    assert service.user().email.value == ADA
    assert (await service.sign_in(ADA)).user.id == grant.user.id

    moved = await service.confirm_move(token)
    assert (moved.email.value, moved.status) == (NEW, UserStatus.ACTIVE)
    assert (await service.authenticate(grant)).user.email.value == NEW
    assert (await service.sign_in(NEW)).user.id == grant.user.id
    with pytest.raises(DomainError, match="not right"):
        await service.sign_in(ADA)


async def test_the_old_address_is_told_twice_and_never_gets_the_secret() -> None:
    """HD-7, AT-3, AT-8: when it is asked for, and when it is done."""
    service = Service()
    grant = await service.signed_in_user()
    await service.ask_to_move(grant, NEW)
    await service.confirm_move(await service.mailed_token(NEW))
    mails = await service.mails(ADA)
    subjects = [mail.subject for mail in mails]
    assert subjects[-2:] == [
        "Your e-mail address is about to change",
        "Your e-mail address was changed",
    ]
    assert all(NEW not in mail.text and mail.token is None for mail in mails[-2:])
    rows = service.audited("email.change_requested", "email.changed")
    assert [row.actor.kind for row in rows] == ["user", "anonymous"]


async def test_who_asks_too_often_is_refused_and_the_old_address_is_told_of_all_the_rest() -> None:
    """RL-4: also where the new address has had its mail; nothing is asked for in silence."""
    service = Service()
    grant = await service.signed_in_user()
    for _ in range(ADDITION.burst):
        await service.ask_to_move(grant, NEW)
    async with service.unchanged():
        with pytest.raises(TooManyRequests):
            await service.ask_to_move(grant, NEW)
    told = [mail.subject for mail in await service.mails(ADA)]
    assert told.count("Your e-mail address is about to change") == ADDITION.burst


async def test_it_takes_the_password_and_a_wrong_one_is_counted() -> None:
    """AT-8, RL-1, HD-6."""
    service = Service()
    grant = await service.signed_in_user()
    with pytest.raises(WrongPassword):
        await service.ask_to_move(grant, NEW, OTHER_PASSWORD)
    assert await service.mails(NEW) == []
    assert Purpose.EMAIL_CHANGE not in service.purposes()
    assert [row.reason for row in service.audited("session.refused")] == ["WRONG_PASSWORD"]


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b", "a@example.com,b@example.com", "a@example.com\r\nBcc: x"]
)
async def test_what_is_no_address_is_refused_before_anything_else(address: str) -> None:
    """AT-3: and the field is named."""
    service = Service()
    grant = await service.signed_in_user()
    async with service.unchanged():
        with pytest.raises(ValidationFailed) as refused:
            await service.ask_to_move(grant, address)
    assert [each.field for each in refused.value.details] == ["new_email"]


async def test_an_address_that_is_taken_looks_the_same_and_its_owner_hears_of_it() -> None:
    """EN-1: the same answer, the same number of hashes, commits and rows."""
    service = Service()
    await service.verified_user("bob@example.com")
    grant = await service.signed_in_user()
    costs = []
    for address in (NEW, "bob@example.com"):
        before = (service.spent_hashes, service.units.commits, len(service.audited()))
        queued = len(service.store.committed(OUTBOX).rows)
        await service.ask_to_move(grant, address)
        after = (service.spent_hashes, service.units.commits, len(service.audited()))
        costs.append(
            (*map(int.__sub__, after, before), len(service.store.committed(OUTBOX).rows) - queued)
        )
    assert costs[0] == costs[1]
    assert (await service.subjects("bob@example.com"))[-1] == "You already have an account"
    assert [mail.token for mail in await service.mails("bob@example.com")][-1] is None


async def test_a_newer_request_replaces_the_older_one() -> None:
    """AT-4: also where the newer address turns out to be taken."""
    service = Service()
    await service.verified_user("bob@example.com")
    grant = await service.signed_in_user()
    await service.ask_to_move(grant, NEW)
    first = await service.mailed_token(NEW)
    await service.ask_to_move(grant, "third@example.net")
    with pytest.raises(InvalidToken):
        await service.confirm_move(first)
    second = await service.mailed_token("third@example.net")
    await service.ask_to_move(grant, "bob@example.com")
    with pytest.raises(InvalidToken):
        await service.confirm_move(second)
    assert service.user().email.value == ADA


async def test_the_account_that_had_the_address_first_keeps_it() -> None:
    """AT-10: the mailbox has one account, and the secret's holder owns the mailbox."""
    service = Service()
    grant = await service.signed_in_user()
    await service.ask_to_move(grant, NEW)
    token = await service.mailed_token(NEW)
    await service.sign_up(NEW)
    with pytest.raises(EmailAlreadyRegistered):
        await service.confirm_move(token)
    assert service.user().email.value == ADA


async def test_of_two_confirmations_at_once_one_counts() -> None:
    """AT-4: single use under concurrency."""
    service = Service()
    grant = await service.signed_in_user()
    await service.ask_to_move(grant, NEW)
    token = await service.mailed_token(NEW)
    outcomes = await asyncio.gather(
        *(service.confirm_move(token) for _ in range(8)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InvalidToken"] * 7 + ["User"]
    assert len(service.audited("email.changed")) == 1


async def test_the_secret_is_for_nothing_else_and_nothing_else_is_for_it() -> None:
    """AT-5."""
    service = Service()
    grant = await service.signed_in_user()
    reset = await service.forgotten_password()
    await service.ask_to_move(grant, NEW)
    move = await service.mailed_token(NEW)
    with pytest.raises(InvalidToken):
        await service.confirm_move(reset)
    with pytest.raises(InvalidToken):
        await service.reset_password(move)
    with pytest.raises(InvalidToken):
        await service.confirm(move)
    with pytest.raises(InvalidToken):
        await service.accept_invitation(move)
    await service.confirm_move(move)


async def test_it_dies_with_its_time_a_suspension_and_the_account() -> None:
    """AT-4."""
    service = Service()
    grant = await service.signed_in_user()
    await service.ask_to_move(grant, NEW)
    token = await service.mailed_token(NEW)
    await service.suspend()
    with pytest.raises(InvalidToken):
        await service.confirm_move(token)
    await service.reinstate()
    service.clock.advance(DAY)
    with pytest.raises(InvalidToken):
        await service.confirm_move(token)


async def test_moving_ends_every_other_mailed_secret() -> None:
    """AT-4: a reset mail that went to the old address is dead."""
    service = Service()
    grant = await service.signed_in_user()
    reset = await service.forgotten_password()
    await service.ask_to_move(grant, NEW)
    await service.confirm_move(await service.mailed_token(NEW))
    with pytest.raises(InvalidToken):
        await service.reset_password(reset)
    assert service.purposes(NEW) == set()


async def test_a_move_that_was_planted_before_the_address_was_proven_dies_with_the_proof() -> None:
    """AT-7: where unverified accounts may sign in."""
    service = Service(verified_only=False)
    await service.sign_up()
    proof = await service.mailed_token()
    planted = await service.sign_in()
    await service.ask_to_move(planted, "mallory@example.net")
    move = await service.mailed_token("mallory@example.net")
    await service.confirm(proof)
    with pytest.raises(InvalidToken):
        await service.confirm_move(move)


async def test_a_mailbox_gets_only_so_much_of_it() -> None:
    """RL-4: silently, and the older secret stays good when no newer one is mailed."""
    service = Service()
    grant = await service.signed_in_user()
    for _ in range(12):
        service.clock.advance(timedelta(milliseconds=1))
        await service.ask_to_move(grant, NEW)
    mails = await service.mails(NEW)
    assert len(mails) == 10
    moved = await service.confirm_move(mails[-1].token or "")
    assert moved.email.value == NEW


async def test_a_request_that_has_to_start_again_counts_as_one_mail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RL-4: a change of name in the same moment uses up none of the ten."""
    service = Service()
    grant = await service.signed_in_user()
    for number in range(10):
        service.clock.advance(timedelta(milliseconds=1))
        with monkeypatch.context() as patch:
            name = f"Countess {number}"
            overtake(patch, MemoryUserRepository, "save", partial(service.rename, grant, name))
            await service.ask_to_move(grant, NEW)
        assert service.user().display_name == name
    assert len(await service.mails(NEW)) == 10


async def test_another_spelling_of_ones_own_mailbox_is_no_double() -> None:
    """AT-10."""
    service = Service()
    grant = await service.signed_in_user()
    await service.ask_to_move(grant, "Ada@Example.com")
    moved = await service.confirm_move(await service.mailed_token("Ada@example.com"))
    assert (moved.id, moved.email.value) == (grant.user.id, "Ada@example.com")
    assert (await service.sign_in(ADA, PASSWORD)).user.id == grant.user.id
    assert service.audited("email.changed")[-1].origin == ORIGIN
