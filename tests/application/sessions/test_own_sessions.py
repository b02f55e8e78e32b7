"""Seeing and ending one's own sessions (SE-1, SE-4, AZ-2, AZ-6)."""

import asyncio
import secrets
from dataclasses import fields
from itertools import chain

import pytest

from application.paging import InvalidCursor, PageRequest
from application.sessions.token_grants import TokenGrant
from domain.identifiers import SessionId
from domain.principal import ANONYMOUS, Principal
from domain.sessions.session import EndReason, SessionIsOver, SessionNotFound
from tests.application.service import DAY, SECOND
from tests.application.stories import ADA, ORIGIN, Service, kinds, principal_of

BOB = "bob@example.com"


async def grants_of(service: Service, times: int, email: str = ADA) -> list[TokenGrant]:
    """Return that many sessions of a new user, the oldest first."""
    await service.verified_user(email)
    grants = []
    for _ in range(times):
        service.clock.advance(SECOND)
        grants.append(await service.sign_in(email))
    return grants


async def end(service: Service, principal: Principal, session_id: SessionId) -> None:
    """End one session of the principal's."""
    await service.sessions.end(
        principal=principal,
        session_id=session_id,
        reason=EndReason.REVOKED_BY_USER,
        origin=ORIGIN,
    )


async def pages(service: Service, grant: TokenGrant, limit: int) -> list[list[SessionId]]:
    """Follow the cursors from the first page to the last."""
    found, cursor = [], None
    while True:
        page = await service.sessions.list(
            principal=principal_of(grant), asked=PageRequest(limit, cursor)
        )
        found.append([session.id for session in page.items])
        if (cursor := page.next_cursor) is None:
            return found


async def test_the_list_shows_living_sessions_the_newest_first() -> None:
    """SE-4: not those that ended, and not those of others."""
    service = Service(idle=DAY)
    grants = await grants_of(service, 4)
    await grants_of(service, 2, BOB)
    await service.sign_out(grants[1])
    assert await pages(service, grants[0], 50) == [
        [grants[3].session.id, grants[2].session.id, grants[0].session.id]
    ]
    service.clock.advance(DAY)
    assert await pages(service, grants[0], 50) == [[]]


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (5, [5]), (9, [5])])
async def test_pages_follow_each_other_without_gap_or_double(limit: int, sizes: list[int]) -> None:
    """AZ-6: and the last one says that it is the last."""
    service = Service()
    grants = await grants_of(service, 5)
    found = await pages(service, grants[0], limit)
    assert [len(page) for page in found] == sizes
    assert list(chain(*found)) == [grant.session.id for grant in reversed(grants)]


async def test_pages_are_stable_while_sessions_come_and_go() -> None:
    """AZ-6: what is there all the time is shown once, also if the cursor's own place is gone."""
    service = Service()
    grants = await grants_of(service, 6)
    mine = principal_of(grants[0])
    page = await service.sessions.list(principal=mine, asked=PageRequest(2))
    await service.sign_in()
    await service.sign_out(grants[4])
    page = await service.sessions.list(principal=mine, asked=PageRequest(2, page.next_cursor))
    assert [s.id for s in page.items] == [grants[3].session.id, grants[2].session.id]


async def test_a_tampered_cursor_is_refused() -> None:
    """AZ-6, AT-5: any change, any other token, any other text."""
    service = Service()
    grants = await grants_of(service, 3)
    mine = principal_of(grants[0])
    cursor = (await service.sessions.list(principal=mine, asked=PageRequest(1))).next_cursor
    assert cursor is not None
    wrong = [cursor[:-1], cursor + "A", cursor + "=", f" {cursor}", cursor.swapcase(), "x", "é",
             "A" * len(cursor), grants[0].refresh_token, str(grants[0].session.id),
             "=", "!"]  # fmt: skip
    for place in range(len(cursor)):
        other = "A" if cursor[place] != "A" else "B"
        wrong.append(cursor[:place] + other + cursor[place + 1 :])
    for text in wrong:
        with pytest.raises(InvalidCursor):
            await service.sessions.list(principal=mine, asked=PageRequest(1, text))


async def test_a_cursor_of_another_user_or_another_query_is_refused() -> None:
    """AZ-6: bound to the list and to the caller."""
    service = Service()
    grants, theirs = await grants_of(service, 3), await grants_of(service, 3, BOB)
    page = await service.sessions.list(principal=principal_of(theirs[0]), asked=PageRequest(1))
    mine = principal_of(grants[0])
    foreign = service.kernel.cursors.seal(str(grants[0].session.id), query="users")
    mailed = secrets.token_urlsafe(80)
    for cursor in (page.next_cursor, foreign, mailed):
        with pytest.raises(InvalidCursor):
            await service.sessions.list(principal=mine, asked=PageRequest(1, cursor))


async def test_a_cursor_tells_nothing() -> None:
    """AZ-6: sealed; two for the same place differ, and neither shows it."""
    service = Service()
    one, other = (service.kernel.cursors.seal("position", query="list") for _ in range(2))
    assert one != other
    assert "position" not in one
    assert service.kernel.cursors.open(one, query="list") == "position"


async def test_signing_out_ends_the_session_at_once() -> None:
    """SE-1, LG-3: the access token fails on the very next request."""
    service = Service()
    (grant,) = await grants_of(service, 1)
    commits = service.units.commits
    await service.sign_out(grant)
    assert service.units.commits == commits + 1
    with pytest.raises(SessionIsOver) as over:
        await service.authenticate(grant)
    assert over.value.details[0].code == "SIGNED_OUT"
    with pytest.raises(SessionIsOver):
        await service.refresh(grant.refresh_token)
    (row,) = service.audited("session.ended")
    assert (row.reason, row.actor.id) == ("SIGNED_OUT", str(grant.user.id))


async def test_one_of_the_other_sessions_can_be_ended() -> None:
    """SE-4: the one that asked goes on."""
    service = Service()
    grants = await grants_of(service, 2)
    await end(service, principal_of(grants[1]), grants[0].session.id)
    await service.authenticate(grants[1])
    with pytest.raises(SessionIsOver) as over:
        await service.authenticate(grants[0])
    assert over.value.details[0].code == "REVOKED_BY_USER"


async def test_a_foreign_an_ended_and_an_unknown_session_are_all_alike() -> None:
    """AZ-2: same error, same words, and nothing is written."""
    service = Service()
    (grant,) = await grants_of(service, 1)
    (theirs,) = await grants_of(service, 1, BOB)
    ended = await service.sign_in()
    await service.sign_out(ended)
    unknown = SessionId.new(service.clock.now(), secrets.token_bytes)
    heard = set()
    async with service.unchanged():
        for session_id in (theirs.session.id, ended.session.id, unknown):
            with pytest.raises(SessionNotFound) as refused:
                await end(service, principal_of(grant), session_id)
            heard.add((refused.value.code, str(refused.value), refused.value.details))
    assert len(heard) == 1
    await service.authenticate(theirs)


async def test_of_parallel_sign_outs_one_ends_the_session() -> None:
    """LG-3, SE-1: the others find it done already, and the trail has one row."""
    service = Service()
    (grant,) = await grants_of(service, 1)
    outcomes = await asyncio.gather(
        *(service.sign_out(grant) for _ in range(10)), return_exceptions=True
    )
    assert outcomes.count(None) == 10
    assert kinds(service.audited("session.ended")) == ["session.ended"]


@pytest.mark.parametrize(("keep_current", "ended"), [(True, 2), (False, 3)])
async def test_all_sessions_or_all_others_end_at_once(keep_current: bool, ended: int) -> None:
    """SE-1, SE-4: in one commit with one row; a stranger's stay."""
    service = Service()
    grants = await grants_of(service, 3)
    (theirs,) = await grants_of(service, 1, BOB)
    mine = principal_of(grants[1])
    commits = service.units.commits
    call = service.sessions.end_all(principal=mine, keep_current=keep_current, origin=ORIGIN)
    assert await call == ended
    assert service.units.commits == commits + 1
    kept = [grants[1].session.id] if keep_current else []
    assert [session.id for session in service.living()] == kept
    assert kinds(service.audited("session.ended")) == ["session.ended"]
    await service.authenticate(theirs)


async def test_ending_all_others_when_there_are_none_writes_nothing() -> None:
    """LG-3: a change that was none leaves no row."""
    service = Service()
    (grant,) = await grants_of(service, 1)
    async with service.unchanged():
        call = service.sessions.end_all(
            principal=principal_of(grant), keep_current=True, origin=ORIGIN
        )
        assert await call == 0


async def test_an_anonymous_caller_has_no_sessions() -> None:
    """AZ-1: a principal without a user finds nothing."""
    service = Service()
    (grant,) = await grants_of(service, 1)
    with pytest.raises(SessionNotFound):
        await service.sessions.list(principal=ANONYMOUS, asked=PageRequest(1))
    with pytest.raises(SessionNotFound):
        await end(service, ANONYMOUS, grant.session.id)
    with pytest.raises(SessionNotFound):
        await service.sessions.end_all(principal=ANONYMOUS, origin=ORIGIN)


async def test_what_is_listed_holds_no_token() -> None:
    """SE-4: digests only, and nothing that could be presented."""
    service = Service()
    (grant,) = await grants_of(service, 1)
    page = await service.sessions.list(principal=principal_of(grant), asked=PageRequest(9))
    (session,) = page.items
    values = [getattr(session, field.name) for field in fields(session)]
    assert grant.refresh_token not in map(str, values)
    assert grant.access_token not in map(str, values)
