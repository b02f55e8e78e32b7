"""Refreshing a session: rotated, replayed, reused, over (RF-2, RF-3, RF-4, SE-3)."""

from datetime import timedelta

import pytest

from adapters.memory.sessions.sessions import SESSIONS
from application.keys.ports import AccessClaims
from application.sessions.authentication import Caller
from application.sessions.token_grants import RefreshOutcome, TokenGrant
from domain.errors import ServiceUnavailable
from domain.principal import ADMINISTRATOR
from domain.sessions.refresh_token import RefreshTokenInvalid
from domain.sessions.session import SessionIsOver
from tests.application.service import DAY, HOUR, MINUTE, SECOND
from tests.application.stories import ADA, Service, kinds

REUSED = "We ended one of your sessions"


async def signed_in(service: Service) -> TokenGrant:
    """Return the grant of a verified user's first session."""
    await service.verified_user()
    return await service.sign_in()


async def ended(service: Service, token: str) -> str:
    """Show the token and return why its session is over."""
    with pytest.raises(SessionIsOver) as over:
        await service.refresh(token)
    return over.value.details[0].code


async def test_a_refresh_rotates_the_token_and_keeps_the_session() -> None:
    """RF-1, LG-3: a successor, a fresh access token, one commit, one row if asked for."""
    service = Service(audit_refreshes=True)
    first = await signed_in(service)
    commits = service.units.commits
    second = await service.refresh(first.refresh_token)
    assert second.refresh_outcome is RefreshOutcome.ROTATED
    assert second.session.id == first.session.id
    assert second.refresh_token != first.refresh_token
    assert second.access_token != first.access_token
    assert service.units.commits == commits + 1
    assert kinds(service.audited("session.refreshed")) == ["session.refreshed"]
    await service.authenticate(second)
    await service.authenticate(first)


async def test_a_refresh_neither_raises_nor_renews_how_the_user_was_recognised() -> None:
    """The level and its time are the sign-in's, in the session and in every token of it."""
    service = Service()
    first = await signed_in(service)
    began = service.clock.now()
    for _ in range(3):
        service.clock.advance(MINUTE)
        grant = await service.refresh(first.refresh_token)
        claims = service.ports.access_tokens.verify(grant.access_token, now=service.clock.now())
        assert (claims.acr, claims.amr) == ("aal1", ("pwd",))
        assert claims.authenticated_at == began
        assert grant.session.assurance == first.session.assurance
        first = grant
    [started] = service.audited("session.started")
    assert (started.data["acr"], started.data["amr"]) == ("aal1", "pwd")


async def test_a_rotation_is_routine_and_leaves_no_row() -> None:
    """LG-3: its time stands in the session; replays, reuse and refusals are always noted."""
    service = Service()
    first = await signed_in(service)
    before = kinds(service.audited())
    service.clock.advance(HOUR)
    second = await service.refresh(first.refresh_token)
    assert kinds(service.audited()) == before
    (session,) = service.living()
    assert session.last_used_at == service.clock.now()
    await service.refresh(first.refresh_token)
    third = await service.refresh(second.refresh_token)
    with pytest.raises(SessionIsOver):
        await service.refresh(first.refresh_token)
    with pytest.raises(SessionIsOver):
        await service.refresh(third.refresh_token)
    assert kinds(service.audited())[len(before) :] == [
        "session.replayed",
        "session.reused",
        "session.refused",
    ]


async def test_a_long_chain_of_refreshes_stays_one_session() -> None:
    """RF-1 (I5): fifty rotations, one living session, one row each."""
    service = Service(audit_refreshes=True)
    grant = await signed_in(service)
    for _ in range(50):
        service.clock.advance(HOUR)
        grant = await service.refresh(grant.refresh_token)
    assert [session.generation for session in service.living()] == [51]
    assert len(service.audited("session.refreshed")) == 50


async def test_a_retry_within_the_grace_gets_the_same_successor() -> None:
    """RF-3: the answer was lost on its way; nothing is written but a row."""
    service = Service()
    first = await signed_in(service)
    second = await service.refresh(first.refresh_token)
    sessions = dict(service.store.committed(SESSIONS).rows)
    service.clock.advance(30 * SECOND)
    again = await service.refresh(first.refresh_token)
    assert again.refresh_outcome is RefreshOutcome.REPLAYED
    assert again.refresh_token == second.refresh_token
    assert service.store.committed(SESSIONS).rows == sessions
    assert kinds(service.audited("session.replayed")) == ["session.replayed"]
    await service.refresh(again.refresh_token)


@pytest.mark.parametrize(("grace", "late"), [(30, 31), (0, 0), (1, 2), (60, 61)])
async def test_a_second_showing_after_the_grace_ends_the_session_for_good(
    grace: int, late: int
) -> None:
    """RF-2: committed before it is told; the newest token is dead as well, and so is access."""
    service = Service(grace=grace * SECOND)
    first = await signed_in(service)
    second = await service.refresh(first.refresh_token)
    await service.deliver()
    service.clock.advance(late * SECOND)
    assert await ended(service, first.refresh_token) == "REFRESH_TOKEN_REUSED"
    stored = service.store.committed(SESSIONS).rows[first.session.id]
    assert stored.end_reason == "REFRESH_TOKEN_REUSED"
    assert stored.sealed_successor is None
    (row,) = service.audited("session.reused")
    assert (row.outcome, row.actor.id) == ("failure", str(first.user.id))
    for token in (first.refresh_token, second.refresh_token):
        assert await ended(service, token) == "REFRESH_TOKEN_REUSED"
    for grant in (first, second):
        with pytest.raises(SessionIsOver):
            await service.authenticate(grant)
    assert len(service.audited("session.reused")) == 1
    assert (await service.subjects()).count(REUSED) == 1


async def test_a_reuse_is_still_known_to_another_process() -> None:
    """RF-2: durable, not remembered: a second instance over the same store refuses as well."""
    service = Service(grace=timedelta())
    first = await signed_in(service)
    second = await service.refresh(first.refresh_token)
    await ended(service, first.refresh_token)
    restarted = Service(store=service.store, clock=service.clock, grace=timedelta())
    await restarted.keys.keyring.prepare()
    assert await ended(restarted, second.refresh_token) == "REFRESH_TOKEN_REUSED"


async def test_the_grandparent_is_reuse_even_within_the_grace() -> None:
    """RF-3: the successor was used, so the first one is no lost answer."""
    service = Service()
    first = await signed_in(service)
    second = await service.refresh(first.refresh_token)
    third = await service.refresh(second.refresh_token)
    assert await ended(service, first.refresh_token) == "REFRESH_TOKEN_REUSED"
    assert await ended(service, third.refresh_token) == "REFRESH_TOKEN_REUSED"


async def test_reuse_ends_one_session_and_not_the_others() -> None:
    """RF-2: the family is one sign-in."""
    service = Service(grace=timedelta())
    first = await signed_in(service)
    other = await service.sign_in()
    await service.refresh(first.refresh_token)
    await ended(service, first.refresh_token)
    await service.authenticate(other)
    await service.refresh(other.refresh_token)


async def test_a_token_that_is_none_of_ours_changes_nothing() -> None:
    """RF-3, TK-2, AT-5: guesses, variants, other kinds, another session's parts."""
    service = Service()
    await service.verified_user()
    grant, other = await service.sign_in(), await service.sign_in()
    token = grant.refresh_token
    mailed = await service.forgotten_password()
    # The session of one with the secrets of the other: 22 characters hold the identifier.
    spliced = token[:26] + other.refresh_token[26:]
    wrong = ["", "null", token[:-1], token + "A", token.swapcase(), f" {token}", token + "=",
             grant.access_token, mailed, spliced, str(grant.session.id)]  # fmt: skip
    async with service.unchanged():
        for text in wrong:
            with pytest.raises(RefreshTokenInvalid):
                await service.refresh(text)
    await service.refresh(token)


async def test_a_genuine_token_of_a_session_that_was_removed_is_invalid() -> None:
    """AZ-7: an erased user's tokens stay dead, also after the address signs up again."""
    service = Service()
    grant = await signed_in(service)
    await service.erase()
    await service.verified_user()
    with pytest.raises(RefreshTokenInvalid):
        await service.refresh(grant.refresh_token)


async def test_a_suspended_user_gets_no_new_tokens() -> None:
    """RF-4, LG-3: refused with a row, and nothing is rotated."""
    service = Service()
    grant = await signed_in(service)
    await service.suspend()
    sessions = dict(service.store.committed(SESSIONS).rows)
    assert await ended(service, grant.refresh_token) == "USER_SUSPENDED"
    assert service.store.committed(SESSIONS).rows == sessions
    assert [row.reason for row in service.audited("session.refused")] == ["USER_SUSPENDED"]


async def test_a_reuse_during_a_suspension_is_not_forgotten() -> None:
    """RF-2: the copy is a copy; a reinstated user does not get the stolen session back."""
    service = Service(grace=timedelta())
    first = await signed_in(service)
    second = await service.refresh(first.refresh_token)
    await service.suspend()
    with pytest.raises(SessionIsOver):
        await service.refresh(first.refresh_token)
    await service.reinstate()
    assert await ended(service, second.refresh_token) == "REFRESH_TOKEN_REUSED"
    assert kinds(service.audited("session.reused")) == ["session.reused"]


async def test_the_first_reason_stands_also_for_a_suspended_user() -> None:
    """SE-1: the same answer as the access token gets."""
    service = Service()
    grant = await signed_in(service)
    await service.sign_out(grant)
    await service.suspend()
    assert await ended(service, grant.refresh_token) == "SIGNED_OUT"


async def test_an_idle_session_ends() -> None:
    """SE-3: at the very moment, and each use pushes it on."""
    service = Service(idle=DAY)
    grant = await signed_in(service)
    service.clock.advance(DAY - SECOND)
    grant = await service.refresh(grant.refresh_token)
    service.clock.advance(DAY)
    assert await ended(service, grant.refresh_token) == "IDLE"
    assert [row.reason for row in service.audited("session.refused")] == ["IDLE"]


async def test_the_absolute_life_is_never_prolonged() -> None:
    """SE-3: neither by refreshing nor by retrying; what is told shrinks towards the end."""
    service = Service(absolute=HOUR, idle=DAY)
    grant = await signed_in(service)
    for minute in range(1, 60):
        service.clock.advance(MINUTE)
        spent, grant = grant, await service.refresh(grant.refresh_token)
        again = await service.refresh(spent.refresh_token)
        assert grant.refresh_expires_in == again.refresh_expires_in == 3600 - 60 * minute
        assert grant.expires_in == min(600, 3600 - 60 * minute)
    service.clock.advance(MINUTE)
    assert await ended(service, grant.refresh_token) == "EXPIRED"


async def test_a_clock_that_is_set_back_revives_no_ended_session() -> None:
    """CK-1: what was ended is ended in the store and not by the time."""
    service = Service()
    grant = await signed_in(service)
    service.clock.advance(HOUR)
    await service.sign_out(grant)
    service.clock.advance(-2 * HOUR)
    assert await ended(service, grant.refresh_token) == "SIGNED_OUT"


async def test_roles_are_read_anew_at_each_refresh() -> None:
    """TK-7: a role that was given or taken meanwhile is in the next access token."""
    service = Service()
    grant = await signed_in(service)
    async with service.units() as unit:
        user = await unit.users.get(grant.user.id)
        assert user is not None
        user.grant(ADMINISTRATOR, now=service.clock.now())
        await unit.users.save(user)
        await unit.commit()
    grant = await service.refresh(grant.refresh_token)
    claims = service.ports.access_tokens.verify(grant.access_token, now=service.clock.now())
    assert claims.roles == frozenset({"user", "administrator"})
    caller: Caller = await service.authenticate(grant)
    assert caller.user.email.value == ADA


async def test_no_refresh_token_can_be_found_in_the_store() -> None:
    """RF-5: neither the current one nor its predecessor, inside the window too."""
    service = Service()
    first = await signed_in(service)
    second = await service.refresh(first.refresh_token)
    everything = repr(service.snapshot())
    for token in (first.refresh_token, second.refresh_token):
        assert token not in everything
        assert token.removeprefix("dwr_")[40:] not in everything


async def test_without_a_key_to_sign_with_no_token_is_spent() -> None:
    """SE-1, RF-1 (I2): a grant that cannot be made is not committed; the client tries again."""
    issued: dict[str, AccessClaims] = {}
    service = Service(grace=0 * SECOND, issued=issued)
    grant = await signed_in(service)
    keyless = Service(store=service.store, clock=service.clock, grace=0 * SECOND, issued=issued)
    async with service.unchanged():
        for _ in range(3):
            with pytest.raises(ServiceUnavailable):
                await keyless.refresh(grant.refresh_token)
    await keyless.keys.keyring.prepare()
    await keyless.authenticate(await keyless.refresh(grant.refresh_token))
