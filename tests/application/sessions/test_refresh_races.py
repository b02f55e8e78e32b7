"""Many requests with one refresh token, and refreshes against everything that ends them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from adapters.memory.sessions.sessions import SESSIONS
from application.sessions.token_grants import RefreshOutcome, TokenGrant
from domain.errors import ConcurrentChange
from domain.sessions.session import SessionIsOver
from tests.application.service import SECOND
from tests.application.stories import ORIGIN, Service, kinds, principal_of


async def signed_in(service: Service) -> TokenGrant:
    """Return the grant of a verified user's first session."""
    await service.verified_user()
    return await service.sign_in()


async def all_at_once(
    service: Service, token: str, times: int
) -> tuple[list[TokenGrant], list[BaseException]]:
    """Show one token many times in parallel; return the grants and the refusals."""
    outcomes = await asyncio.gather(
        *(service.refresh(token) for _ in range(times)), return_exceptions=True
    )
    grants = [o for o in outcomes if isinstance(o, TokenGrant)]
    return grants, [o for o in outcomes if isinstance(o, BaseException)]


async def test_fifty_parallel_refreshes_advance_by_exactly_one() -> None:
    """RF-1: all of them get the same successor, and one of them the word "rotated"."""
    service = Service(audit_refreshes=True)
    first = await signed_in(service)
    grants, refusals = await all_at_once(service, first.refresh_token, 50)
    assert refusals == []
    assert len({grant.refresh_token for grant in grants}) == 1
    outcomes = [grant.refresh_outcome for grant in grants]
    assert outcomes.count(RefreshOutcome.ROTATED) == 1
    assert outcomes.count(RefreshOutcome.REPLAYED) == 49
    (session,) = service.living()
    assert session.generation == 2
    assert len({grant.access_token for grant in grants}) == 50
    assert sorted(kinds(service.audited("session.refreshed", "session.replayed"))) == [
        "session.refreshed",
        *["session.replayed"] * 49,
    ]
    await service.refresh(grants[0].refresh_token)


async def test_without_a_grace_exactly_one_of_fifty_succeeds_and_the_session_dies() -> None:
    """RF-1, RF-2: strict: parallel or not, a second use is reuse."""
    service = Service(grace=0 * SECOND)
    first = await signed_in(service)
    grants, refusals = await all_at_once(service, first.refresh_token, 50)
    assert [grant.refresh_outcome for grant in grants] == [RefreshOutcome.ROTATED]
    assert {type(refusal) for refusal in refusals} == {SessionIsOver}
    assert service.living() == []
    assert kinds(service.audited("session.reused")) == ["session.reused"]
    assert (await service.subjects()).count("We ended one of your sessions") == 1
    with pytest.raises(SessionIsOver):
        await service.refresh(grants[0].refresh_token)


async def test_waves_of_parallel_refreshes_stay_one_family() -> None:
    """RF-1 (I5): ten tabs, five rounds."""
    service = Service()
    grant = await signed_in(service)
    for generation in range(2, 7):
        grants, refusals = await all_at_once(service, grant.refresh_token, 10)
        assert refusals == []
        grant = grants[-1]
        assert [session.generation for session in service.living()] == [generation]


async def test_a_refresh_that_was_overtaken_starts_again_from_what_is_there() -> None:
    """RF-1: it conflicts at the save and then finds its token spent a moment ago."""
    service = Service()
    first = await signed_in(service)
    grants, _ = await all_at_once(service, first.refresh_token, 2)
    rotated, replayed = sorted(grants, key=lambda grant: grant.refresh_outcome, reverse=True)
    assert (rotated.refresh_outcome, replayed.refresh_outcome) == ("rotated", "replayed")
    assert rotated.refresh_token == replayed.refresh_token


type Ending = Callable[[Service, TokenGrant, str], Awaitable[object]]

ENDINGS: dict[str, Ending] = {
    "sign-out": lambda service, grant, _: service.sign_out(grant),
    "all sessions": lambda service, grant, _: service.sessions.end_all(
        principal=principal_of(grant), origin=ORIGIN
    ),
    "reset": lambda service, _, token: service.reset_password(token),
    "suspension": lambda service, _, __: service.suspend(end_sessions=True),
    "erasure": lambda service, _, __: service.erase(),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
@pytest.mark.parametrize("place", [0, 1, 5, 10])
async def test_no_refresh_survives_what_ends_the_session(ending: Ending, place: int) -> None:
    """RF-4, SE-1, AT-6 (I6): wherever the end falls among ten refreshes, afterwards all is dead."""
    service = Service()
    grant = await signed_in(service)
    token = await service.forgotten_password()
    calls: list[Awaitable[object]] = [service.refresh(grant.refresh_token) for _ in range(10)]
    calls.insert(place, ending(service, grant, token))
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert not isinstance(outcomes[place], BaseException)
    assert not any(isinstance(outcome, ConcurrentChange) for outcome in outcomes)
    grants = [grant, *(o for o in outcomes if isinstance(o, TokenGrant))]
    sessions = service.store.committed(SESSIONS).rows.values()
    assert all(session.over(service.clock.now()) for session in sessions)
    for each in grants:
        with pytest.raises(Exception, match=r"session|refresh token"):
            await service.refresh(each.refresh_token)
        with pytest.raises(SessionIsOver):
            await service.authenticate(each)
