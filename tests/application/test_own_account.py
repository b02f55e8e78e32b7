"""Seeing, taking along and ending one's own account (HD-13, LG-3, AZ-6)."""

import pytest

from application.expectations import ChangedMeanwhile
from application.paging import InvalidCursor, PageRequest
from application.password_checks import WrongPassword
from domain.access import OPERATOR, PrincipalKind
from domain.audit import NOWHERE, Origin
from domain.errors import DomainError
from domain.events import UserReinstated
from domain.one_time_token import InvalidToken, Purpose
from domain.session import SessionIsOver
from tests.application.service import (
    ADA,
    DAY,
    MINUTE,
    ORIGIN,
    OTHER_PASSWORD,
    PASSWORD,
    Service,
    kinds,
    principal_of,
)


async def test_the_events_come_page_by_page_the_newest_first() -> None:
    """AZ-6: a cursor is its caller's and its list's."""
    service = Service()
    grant = await service.signed_in_user()
    for _ in range(3):
        service.clock.advance(MINUTE)
        await service.sign_in()
    seen, cursor = [], None
    while True:
        page = await service.list_security_events(
            principal=principal_of(grant), asked=PageRequest(2, cursor)
        )
        seen += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert kinds(seen[:3]) == ["session.started"] * 3
    assert sorted(kinds(seen[3:])) == ["session.started", "user.email_verified", "user.registered"]

    bob = await service.signed_in_user("bob@example.com")
    first = await service.list_security_events(principal=principal_of(grant), asked=PageRequest(1))
    with pytest.raises(InvalidCursor):
        await service.list_security_events(
            principal=principal_of(bob), asked=PageRequest(1, first.next_cursor)
        )
    sessions = await service.list_sessions(principal=principal_of(grant), asked=PageRequest(1))
    with pytest.raises(InvalidCursor):
        await service.list_security_events(
            principal=principal_of(grant), asked=PageRequest(1, sessions.next_cursor)
        )


async def test_where_an_administrator_was_is_not_the_users_to_know() -> None:
    """LG-3: what they did is; and from where a stranger knocked."""
    service = Service()
    grant = await service.signed_in_user()
    other = await service.signed_in_user("admin@example.com")
    with pytest.raises(DomainError):
        await service.sign_in(
            password=OTHER_PASSWORD, origin=Origin(ip_address="203.0.113.9", user_agent="bot")
        )
    async with service.units() as unit:
        event = UserReinstated(user_id=grant.user.id, occurred_at=service.clock.now())
        await service.recorder.record(unit, event, actor=principal_of(other), origin=ORIGIN)
        await unit.commit()
    page = await service.list_security_events(principal=principal_of(grant), asked=PageRequest(9))
    by_type = {event.type: event for event in page.items}
    assert by_type["session.refused"].origin.ip_address == "203.0.113.9"
    assert by_type["user.reinstated"].origin == NOWHERE
    assert by_type["user.reinstated"].actor.kind == PrincipalKind.USER
    assert by_type["session.started"].origin == ORIGIN


async def test_the_copy_holds_everything_that_is_held() -> None:
    """HD-13: and writing it leaves a row."""
    service = Service()
    await service.operator_makes(OPERATOR, ADA, roles=["administrator"])
    grant, other = await service.sign_in(), await service.sign_in()
    await service.sign_out(other)
    await service.forgotten_password()
    await service.invite(principal_of(grant), "bob@example.com", ["user"])
    service.clock.advance(MINUTE)
    export = await service.export_data(
        principal=principal_of(grant), user_id=grant.user.id, origin=ORIGIN
    )
    assert export.user.email.value == ADA
    assert export.credential is not None
    assert [session.id for session in export.sessions] == sorted(
        [grant.session.id, other.session.id], reverse=True
    )
    assert [token.purpose for token in export.mailed_secrets] == [Purpose.PASSWORD_RESET]
    assert [each.email.value for each in export.invitations] == ["bob@example.com"]
    assert {message.to for message in export.messages} == {ADA}
    assert len(export.security_events) == len(
        [row for row in service.audited() if str(grant.user.id) in repr(row)]
    )
    assert export.security_events[0].type == "user.exported"


async def test_who_erases_the_account_leaves_nothing_but_the_bare_id() -> None:
    """HD-13, AZ-7: rows of every table are gone; the trail says no address and no place."""
    service = Service()
    await service.verified_user()
    grant, other = await service.sign_in(), await service.sign_in()
    reset = await service.forgotten_password()
    await service.erase_own_account(principal=principal_of(grant), password=PASSWORD, origin=ORIGIN)
    for table in (service.store.users, service.store.credentials, service.store.sessions,
                  service.store.one_time_tokens, service.store.attempts):  # fmt: skip
        assert table.rows == {}
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
    await service.erase_own_account(principal=principal_of(grant), password=PASSWORD, origin=ORIGIN)
    fresh = await service.signed_in_user(password=OTHER_PASSWORD)
    assert fresh.user.id != grant.user.id
    page = await service.list_security_events(principal=principal_of(fresh), asked=PageRequest(99))
    assert str(grant.user.id) not in repr(page.items)
    with pytest.raises(SessionIsOver):
        await service.authenticate(grant)


async def test_it_takes_the_password() -> None:
    """HD-6, RL-1: a session alone, or a stolen one, erases nothing."""
    service = Service()
    grant = await service.signed_in_user()
    with pytest.raises(WrongPassword):
        await service.erase_own_account(
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
    await service.erase_own_account(principal=principal_of(grant), password=PASSWORD, origin=ORIGIN)
    service.clock.advance(DAY / 24)
    with pytest.raises(InvalidToken):
        await service.accept_invitation(token)


async def test_a_stale_expectation_costs_no_guess() -> None:
    """RL-1, RL-2: the password was right, and nobody is locked out for it."""
    service = Service(attempts=2)
    principal = principal_of(await service.signed_in_user())
    for _ in range(3):
        with pytest.raises(ChangedMeanwhile):
            await service.erase_own_account(
                principal=principal, password=PASSWORD, origin=ORIGIN, expected=lambda _: False
            )
    await service.sign_in()
