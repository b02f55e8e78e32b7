"""The end of an account, by its owner and by an administrator (HD-13, AZ-3, AZ-7)."""

import pytest

from adapters.memory.credentials.attempts import ATTEMPTS
from adapters.memory.credentials.one_time_tokens import ONE_TIME_TOKENS
from adapters.memory.sessions.sessions import SESSIONS
from adapters.memory.users.tables import CREDENTIALS, USERS
from application.credentials.reauthentication import WrongPassword
from application.expectations import ChangedMeanwhile
from application.paging import PageRequest
from domain.credentials.one_time_token import InvalidToken
from domain.errors import DomainError
from domain.principal import OPERATOR
from domain.sessions.session import SessionIsOver
from domain.users.user import LastAdministrator
from tests.application.service import DAY
from tests.application.stories import (
    ADA,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    Service,
    principal_of,
)


async def test_an_erased_account_leaves_nothing_but_the_bare_id() -> None:
    """HD-13, AZ-7: rows of every table are gone; the trail says no address and no place."""
    service = Service()
    await service.verified_user()
    grant, other = await service.sign_in(), await service.sign_in()
    reset = await service.forgotten_password()
    await service.accounts.erase_own_account(
        principal=principal_of(grant), password=PASSWORD, origin=ORIGIN
    )
    tables = {USERS.name, CREDENTIALS.name, SESSIONS.name, ONE_TIME_TOKENS.name, ATTEMPTS.name}
    assert tables <= {table.name for table in service.store.tables}
    assert not tables & set(service.snapshot())
    for row in service.audited():
        assert (row.origin.ip_address, row.origin.user_agent) == (None, None)
    assert service.audited("user.erased")[0].target is not None
    assert [entry.message.kind for entry in service.queue()] == ["account_erased"]
    for grant_of_old in (grant, other):
        with pytest.raises(SessionIsOver):
            await service.authenticate(grant_of_old)
        with pytest.raises(DomainError):
            await service.refresh(grant_of_old.refresh_token)
    with pytest.raises(InvalidToken):
        await service.reset_password(reset)
    assert (await service.subjects())[-1] == "Your account was deleted"


async def test_a_new_account_at_the_same_address_inherits_nothing() -> None:
    """AZ-7."""
    service = Service()
    grant = await service.signed_in_user()
    await service.accounts.erase_own_account(
        principal=principal_of(grant), password=PASSWORD, origin=ORIGIN
    )
    fresh = await service.signed_in_user(password=OTHER_PASSWORD)
    assert fresh.user.id != grant.user.id
    page = await service.audit.list_own_events(principal=principal_of(fresh), asked=PageRequest(99))
    assert str(grant.user.id) not in repr(page.items)
    with pytest.raises(SessionIsOver):
        await service.authenticate(grant)


async def test_it_takes_the_password() -> None:
    """HD-6, RL-1: a session alone, or a stolen one, erases nothing."""
    service = Service()
    grant = await service.signed_in_user()
    with pytest.raises(WrongPassword):
        await service.accounts.erase_own_account(
            principal=principal_of(grant), password=OTHER_PASSWORD, origin=ORIGIN
        )
    assert service.user().id == grant.user.id
    assert service.audited("user.erased") == []


async def test_an_inviters_invitations_go_along() -> None:
    """AZ-7."""
    service = Service()
    for email in (ADA, "root@example.com"):
        await service.operator_makes(OPERATOR, email, roles=["administrator"])
    grant = await service.sign_in()
    await service.invite(principal_of(grant), "bob@example.com")
    token = await service.mailed_token("bob@example.com")
    await service.accounts.erase_own_account(
        principal=principal_of(grant), password=PASSWORD, origin=ORIGIN
    )
    service.clock.advance(DAY / 24)
    with pytest.raises(InvalidToken):
        await service.accept_invitation(token)


async def test_a_stale_expectation_costs_no_guess() -> None:
    """RL-1, RL-2: the password was right, and its owner is not locked out for it."""
    service = Service(attempts=2)
    principal = principal_of(await service.signed_in_user())
    for _ in range(3):
        with pytest.raises(ChangedMeanwhile):
            await service.accounts.erase_own_account(
                principal=principal, password=PASSWORD, origin=ORIGIN, expected=lambda _: False
            )
    await service.sign_in()


async def test_an_erased_user_is_gone_with_everything() -> None:
    """HD-13, AZ-3: as if the owner had done it; the last administrator stays."""
    service = Service()
    root = await service.operator_makes(OPERATOR, "root@example.com", roles=["administrator"])
    grant = await service.signed_in_user()
    await service.accounts.erase_user(
        principal=OPERATOR, user_id=grant.user.id, expected=None, origin=ORIGIN
    )
    with pytest.raises(SessionIsOver):
        await service.authenticate(grant)
    assert (await service.subjects())[-1] == "Your account was deleted"
    with pytest.raises(LastAdministrator):
        await service.accounts.erase_user(
            principal=OPERATOR, user_id=root.id, expected=None, origin=ORIGIN
        )
