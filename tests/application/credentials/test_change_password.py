"""A new password for a user who knows the old one (AT-6, PW-6, SE-2)."""

import asyncio

import pytest

from application.credentials.ports import Busy
from application.credentials.reauthentication import WrongPassword
from application.sessions.token_grants import RefreshOutcome
from domain.credentials.one_time_token import InvalidToken
from domain.credentials.password_policy import PasswordRejected
from domain.email_address import EmailAddress
from domain.errors import DomainError, TooManyRequests
from domain.sessions.session import EndReason, SessionIsOver
from tests.application.doubles import InterruptingHasher
from tests.application.stories import ADA, OTHER_PASSWORD, PASSWORD, Service, principal_of


def reasons(error: DomainError) -> set[tuple[str, str]]:
    """Return what is wrong with which field."""
    return {(each.field, each.code) for each in error.details}


async def test_the_new_password_counts_and_the_old_one_does_not() -> None:
    service = Service()
    grant = await service.signed_in_user()
    await service.change_password(grant)
    with pytest.raises(DomainError, match="not right"):
        await service.sign_in(ADA, PASSWORD)
    assert (await service.sign_in(ADA, OTHER_PASSWORD)).user.id == grant.user.id


async def test_every_older_session_ends_and_the_caller_gets_a_new_one() -> None:
    """AT-6, SE-2: at once, and under a new id."""
    service = Service()
    grant, other = await service.signed_in_user(), await service.sign_in()
    fresh = await service.change_password(grant)
    assert fresh.refresh_outcome is RefreshOutcome.ISSUED
    assert fresh.session.id not in {grant.session.id, other.session.id}
    assert [session.id for session in service.living()] == [fresh.session.id]
    assert (await service.authenticate(fresh)).user.id == grant.user.id
    for old in (grant, other):
        with pytest.raises(SessionIsOver) as refused:
            await service.authenticate(old)
        assert reasons(refused.value) == {("session", EndReason.PASSWORD_CHANGED.value)}
        with pytest.raises(SessionIsOver):
            await service.refresh(old.refresh_token)


async def test_every_mailed_secret_dies() -> None:
    """AT-4, AT-6: a reset that is under way, and a pending change of the address."""
    service = Service()
    grant = await service.signed_in_user()
    reset = await service.forgotten_password()
    await service.ask_to_move(grant, "new@example.com")
    move = await service.mailed_token("new@example.com")
    await service.change_password(grant)
    assert service.purposes() == set()
    with pytest.raises(InvalidToken):
        await service.reset_password(reset)
    with pytest.raises(InvalidToken):
        await service.confirm_move(move)


async def test_the_owner_is_told_and_the_trail_knows() -> None:
    """HD-7, LG-3."""
    service = Service()
    grant = await service.signed_in_user()
    await service.change_password(grant)
    assert (await service.subjects())[-1] == "Your password was changed"
    [row] = service.audited("password.changed")
    assert (row.actor.id, row.outcome) == (str(grant.user.id), "success")


async def test_a_wrong_password_changes_nothing_and_counts_with_the_sign_ins() -> None:
    """RL-1: one count over all doors; PW-6."""
    service = Service(attempts=3)
    grant = await service.signed_in_user()
    for _ in range(2):
        with pytest.raises(WrongPassword):
            await service.change_password(grant, "not the present one", OTHER_PASSWORD)
    with pytest.raises(DomainError, match="not right"):
        await service.sign_in(ADA, "neither is this one")
    with pytest.raises(TooManyRequests):
        await service.change_password(grant)
    refusals = service.audited("session.refused")
    assert [row.reason for row in refusals][:2] == ["WRONG_PASSWORD", "WRONG_PASSWORD"]
    assert (await service.authenticate(grant)).session.id == grant.session.id


async def test_the_right_password_is_forgiven_the_wrong_ones() -> None:
    """RL-1."""
    service = Service(attempts=2)
    grant = await service.signed_in_user()
    with pytest.raises(WrongPassword):
        await service.change_password(grant, "not the present one", OTHER_PASSWORD)
    grant = await service.change_password(grant)
    with pytest.raises(WrongPassword):
        await service.change_password(grant, "not the present one", PASSWORD)
    await service.change_password(grant, OTHER_PASSWORD, PASSWORD)


async def test_a_new_password_must_be_good_and_another_one_and_a_refusal_costs_no_guess() -> None:
    """PW-3, PW-4, PW-6: every reason at once, before anything is counted or hashed."""
    service = Service(attempts=1)
    grant = await service.signed_in_user()
    spent = service.spent_hashes
    async with service.unchanged():
        with pytest.raises(PasswordRejected) as same:
            await service.change_password(grant, PASSWORD, PASSWORD)
        with pytest.raises(PasswordRejected) as short:
            await service.change_password(grant, "short", "short")
    assert reasons(same.value) == {("new_password", "SAME_AS_BEFORE")}
    assert {code for _, code in reasons(short.value)} >= {"TOO_SHORT", "SAME_AS_BEFORE"}
    assert service.spent_hashes == spent
    await service.change_password(grant)


async def test_of_two_changes_at_once_one_wins_and_leaves_one_session() -> None:
    """AT-6, RF-4: the loser's old password is wrong by then."""
    service = Service()
    grant, other = await service.signed_in_user(), await service.sign_in()
    outcomes = await asyncio.gather(
        service.change_password(grant, PASSWORD, "first new password here"),
        service.change_password(other, PASSWORD, "second new password here"),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["TokenGrant", "WrongPassword"]
    assert len(service.living()) == 1


async def test_a_suspension_meanwhile_stops_the_change() -> None:
    """RF-4: nothing revives a suspended account."""
    hasher = InterruptingHasher()
    service = Service(hasher=hasher)
    grant = await service.signed_in_user()
    hasher.meanwhile = service.suspend
    with pytest.raises(SessionIsOver):
        await service.change_password(grant)
    assert service.audited("password.changed") == []


async def test_an_erased_user_is_told_that_the_session_is_over() -> None:
    service = Service()
    grant = await service.signed_in_user()
    await service.erase()
    with pytest.raises(SessionIsOver):
        await service.change_password(grant)


async def test_a_busy_hasher_gives_the_guess_back() -> None:
    """PW-2, RL-1: what was never evaluated was no guess."""
    service = Service(attempts=1)
    grant = await service.signed_in_user()
    service.hasher.capacity = 0
    with pytest.raises(Busy):
        await service.change_password(grant)
    service.hasher.capacity = None
    await service.change_password(grant)
    assert service.audited("session.refused") == []


async def test_a_caller_without_an_account_changes_nothing() -> None:
    service = Service()
    grant = await service.signed_in_user()
    other = await service.signed_in_user("bob@example.com")
    assert principal_of(other).user_id != principal_of(grant).user_id
    await service.change_password(other)
    credential = service.credential(EmailAddress.parse(ADA).value)
    assert credential is not None
    assert await service.hasher.verify(PASSWORD, credential.hash)
