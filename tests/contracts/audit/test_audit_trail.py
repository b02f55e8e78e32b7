"""What every audit trail promises (LG-3)."""

import secrets
from dataclasses import replace

from application.audit.ports import AuditQuery
from application.ports.unit_of_work import UnitOfWorkFactory
from application.service import ServiceUnit
from domain.audit.event import AuditEvent, Party
from domain.origin import NOWHERE, Origin
from domain.principal import Principal, PrincipalKind
from domain.sessions.session import EndReason
from tests.contracts.samples import MINUTE, NOW, a_session, a_user, an_audit_event, in_parallel


async def test_what_a_user_did_and_what_happened_to_them_is_found_the_newest_first(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """LG-3."""
    user, other = a_user(), a_user()
    did = an_audit_event(at=NOW, actor=user.id, target=other.id)
    suffered = an_audit_event(at=NOW + 2 * MINUTE, actor=other.id, target=user.id)
    both = an_audit_event(at=NOW + MINUTE, actor=user.id, target=user.id)
    unrelated = an_audit_event(at=NOW + MINUTE, actor=other.id, target=other.id)
    nobody = an_audit_event(at=NOW + MINUTE)
    for event in (did, suffered, both, unrelated, nobody):
        await _append(units, event)
    async with units.read_only() as work:
        assert await work.audit.about(user.id, limit=10) == [suffered, both, did]
        assert await work.audit.count_about(user.id) == 3
        assert await work.audit.about(user.id, limit=2) == [suffered, both]
        assert await work.audit.about(a_user().id, limit=10) == []


async def test_what_an_administrator_did_to_ones_session_happened_to_oneself(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """LG-3: the target of such a row is the session, and it is found all the same."""
    user, administrator = a_user(), a_user()
    session, _ = a_session(user)
    ended = session.end(EndReason.REVOKED_BY_ADMIN, now=NOW)
    assert ended is not None
    actor = Principal(kind=PrincipalKind.USER, user_id=administrator.id)
    row = AuditEvent.of(ended, actor=actor, origin=NOWHERE, entropy=secrets.token_bytes)
    await _append(units, row)
    async with units.read_only() as work:
        assert await work.audit.about(user.id, limit=10) == [row]
        assert await work.audit.about(administrator.id, limit=10) == [row]


async def test_a_row_appears_with_the_commit_around_it(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """LG-3: same transaction."""
    user = a_user()
    async with units() as work:
        await work.audit.append(an_audit_event(actor=user.id))
    async with units() as work:
        assert await work.audit.about(user.id, limit=10) == []


async def test_a_row_says_with_which_key_it_was_done(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    """LG-3: of a user and of a program; a row without one has none."""
    user = a_user()
    bare = an_audit_event(target=user.id)
    rows = [
        replace(bare, id=an_audit_event(at=NOW + n * MINUTE).id, actor=actor)
        for n, actor in enumerate(
            [
                Party("user", str(user.id), "0192-key"),
                Party("service", "0192-program", "0192-key"),
                Party("user", str(user.id)),
            ]
        )
    ]
    for row in rows:
        await _append(units, row)
    async with units.read_only() as work:
        found = await work.audit.about(user.id, limit=9)
    assert {row.id: row.actor for row in found} == {row.id: row.actor for row in rows}


async def test_many_rows_at_once_are_all_kept(units: UnitOfWorkFactory[ServiceUnit]) -> None:
    user = a_user()
    rows = [an_audit_event(actor=user.id) for _ in range(20)]
    await in_parallel(_append(units, row) for row in rows)
    async with units.read_only() as work:
        found = await work.audit.about(user.id, limit=100)
    assert {row.id for row in found} == {row.id for row in rows}


async def test_the_trail_of_a_user_is_read_page_by_page(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """AZ-6: a page begins behind the row that ended the one before, also among equals in time."""
    user = a_user()
    rows = [an_audit_event(at=NOW + (n // 3) * MINUTE, actor=user.id) for n in range(9)]
    for row in rows:
        await _append(units, row)
    ordered = sorted(rows, key=lambda row: (row.occurred_at, row.id), reverse=True)
    found: list[AuditEvent] = []
    async with units.read_only() as work:
        while True:
            before = (found[-1].occurred_at, found[-1].id) if found else None
            page = await work.audit.about(user.id, limit=2, before=before)
            if not page:
                break
            found += page
        assert await work.audit.count_about(user.id) == len(rows)
        assert await work.audit.count_about(a_user().id) == 0
    assert found == ordered


async def test_of_an_erased_user_the_trail_forgets_from_where_and_nothing_else(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """HD-13: what an administrator did keeps the administrator's origin."""
    user, administrator = a_user(), a_user()
    own = an_audit_event(at=NOW, actor=user.id, target=user.id)
    stranger = an_audit_event(at=NOW + MINUTE, target=user.id)
    foreign = an_audit_event(at=NOW + 2 * MINUTE, actor=administrator.id, target=user.id)
    unrelated = an_audit_event(at=NOW, actor=administrator.id)
    for row in (own, stranger, foreign, unrelated):
        await _append(units, row)
    async with units() as work:
        await work.audit.forget_origins(user.id)
        await work.commit()
    blank = Origin(request_id=own.origin.request_id)
    async with units.read_only() as work:
        assert await work.audit.about(user.id, limit=9) == [
            foreign,
            replace(stranger, origin=blank),
            replace(own, origin=blank),
        ]
        assert await work.audit.about(administrator.id, limit=9) == [foreign, unrelated]


async def test_rows_are_found_by_each_of_their_traits(
    units: UnitOfWorkFactory[ServiceUnit],
) -> None:
    """LG-3: whose doing, what it happened to, of which type, and when; page by page."""
    user, other = a_user(), a_user()
    rows = [
        an_audit_event(at=NOW, actor=user.id, target=other.id),
        an_audit_event(at=NOW + MINUTE, actor=other.id, target=user.id),
        an_audit_event(at=NOW + 2 * MINUTE, actor=other.id, data={"user_id": str(user.id)}),
        replace(an_audit_event(at=NOW + 3 * MINUTE), type="session.started"),
    ]
    for row in rows:
        await _append(units, row)
    expected: list[tuple[AuditQuery, list[int]]] = [
        (AuditQuery(), [3, 2, 1, 0]),
        (AuditQuery(actor=str(user.id)), [0]),
        (AuditQuery(target=str(user.id)), [2, 1]),
        (AuditQuery(type="session.started"), [3]),
        (AuditQuery(after=NOW), [3, 2, 1]),
        (AuditQuery(before=NOW + 2 * MINUTE), [1, 0]),
        (AuditQuery(actor=str(other.id), target=str(user.id), after=NOW + MINUTE), [2]),
        (AuditQuery(actor="nobody"), []),
    ]
    for query, numbers in expected:
        found: list[AuditEvent] = []
        async with units.read_only() as work:
            while True:
                before = (found[-1].occurred_at, found[-1].id) if found else None
                page = await work.audit.search(query, limit=2, before=before)
                if not page:
                    break
                found += page
            count = await work.audit.count(query)
        assert found == [rows[number] for number in numbers], query
        assert count == len(numbers), query


async def _append(units: UnitOfWorkFactory[ServiceUnit], event: AuditEvent) -> None:
    async with units() as work:
        await work.audit.append(event)
        await work.commit()
