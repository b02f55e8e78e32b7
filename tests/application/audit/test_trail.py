"""The trail as administrators read it, and as the user whom it is about does (LG-3, AZ-6)."""

from datetime import timedelta

import pytest

from application.audit.ports import AuditQuery
from application.paging import InvalidCursor, PageRequest
from domain.errors import DomainError
from domain.origin import NOWHERE, Origin
from domain.principal import OPERATOR, PrincipalKind
from domain.users.events import UserReinstated
from tests.application.service import MINUTE
from tests.application.stories import ORIGIN, OTHER_PASSWORD, Service, kinds, principal_of


async def test_the_events_come_page_by_page_the_newest_first() -> None:
    """AZ-6: a cursor is its caller's and its list's."""
    service = Service()
    grant = await service.signed_in_user()
    for _ in range(3):
        service.clock.advance(MINUTE)
        await service.sign_in()
    seen, cursor = [], None
    while True:
        page = await service.audit.list_own_events(
            principal=principal_of(grant), asked=PageRequest(2, cursor)
        )
        seen += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert kinds(seen[:3]) == ["session.started"] * 3
    assert sorted(kinds(seen[3:])) == ["session.started", "user.email_verified", "user.registered"]

    bob = await service.signed_in_user("bob@example.com")
    first = await service.audit.list_own_events(principal=principal_of(grant), asked=PageRequest(1))
    with pytest.raises(InvalidCursor):
        await service.audit.list_own_events(
            principal=principal_of(bob), asked=PageRequest(1, first.next_cursor)
        )
    sessions = await service.sessions.list(principal=principal_of(grant), asked=PageRequest(1))
    with pytest.raises(InvalidCursor):
        await service.audit.list_own_events(
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
        await service.audit.recorder.record(unit, event, actor=principal_of(other), origin=ORIGIN)
        await unit.commit()
    page = await service.audit.list_own_events(principal=principal_of(grant), asked=PageRequest(9))
    by_type = {event.type: event for event in page.items}
    assert by_type["session.refused"].origin.ip_address == "203.0.113.9"
    assert by_type["user.reinstated"].origin == NOWHERE
    assert by_type["user.reinstated"].actor.kind == PrincipalKind.USER
    assert by_type["session.started"].origin == ORIGIN


async def test_the_trail_is_read_page_by_page_and_narrowed_down() -> None:
    """LG-3, AZ-6."""
    service = Service()
    grant = await service.signed_in_user()
    everything, cursor = [], None
    while True:
        page = await service.audit.list_events(
            principal=OPERATOR, query=AuditQuery(), asked=PageRequest(2, cursor)
        )
        everything += page.items
        if (cursor := page.next_cursor) is None:
            break
    assert len(everything) == len(service.audited())
    narrowed = await service.audit.list_events(
        principal=OPERATOR,
        query=AuditQuery(
            actor=str(grant.user.id),
            type="session.started",
            after=service.clock.now() - timedelta(days=1),
        ),
        asked=PageRequest(9),
    )
    assert kinds(narrowed.items) == ["session.started"]
