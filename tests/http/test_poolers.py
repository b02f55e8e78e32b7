"""
The service behind PgBouncer, two instances of it on two servers: everything that talks to the
database, from the migration to the chain of the audit trail (DB-1, DB-6, DU-2).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from domain.principal import OPERATOR
from migrations.runner import downgrade
from tests.http.client import NEW_PASSWORD, Api, running_api, settings_for
from tests.support.pgbouncer import pgbouncer_before

READERS = 30


@pytest.fixture(params=["transaction", "session"])
async def pair(request: pytest.FixtureRequest, postgres_url: str) -> AsyncIterator[list[Api]]:
    """
    Two instances that found an empty database and migrated it, both at once.
    """
    await downgrade(postgres_url, "base")
    # A session keeps its server: there have to be as many as our pools hold.
    by_session = request.param == "session"
    with pgbouncer_before(
        postgres_url, mode=request.param, pool_size=7 if by_session else 2
    ) as url:
        settings = settings_for(
            url, migrate_on_start=True, database_pool_size=3 if by_session else 10
        )
        async with AsyncExitStack() as stack:
            both = [running_api(settings) for _ in range(2)]
            yield list(await asyncio.gather(*(stack.enter_async_context(each) for each in both)))


async def test_from_sign_up_to_sign_out_behind_a_pooler(pair: list[Api]) -> None:
    """
    DB-6: mails, sessions, a refresh race with one rotation, a reset, and a trail that verifies.
    """
    one, other = pair
    for api in pair:
        assert (await api.get("/health/ready")).status_code == 200
    tokens = await one.signed_in_user()
    answers = await asyncio.gather(
        *(pair[turn % 2].get("/api/v1/users/me", access=tokens.access) for turn in range(READERS))
    )
    assert {answer.status_code for answer in answers} == {200}

    race = await asyncio.gather(*(pair[turn % 2].try_refresh(tokens) for turn in range(8)))
    assert {answer.status_code for answer in race} == {200}
    outcomes = sorted(answer.json()["data"]["refresh_outcome"] for answer in race)
    assert outcomes.count("rotated") == 1
    newest = await other.sign_in()
    assert len(await one.sessions(newest)) == 2

    assert (await one.reset(await other.reset_token())).status_code == 204
    refused = await other.get("/api/v1/users/me", access=newest.access)
    assert refused.status_code == 401
    last = await one.sign_in(password=NEW_PASSWORD)
    await one.sign_out(last)

    for api in pair:
        await api.container.service().audit.chain()
    found = await one.container.service().audit.verify(principal=OPERATOR)
    assert (found.findings, found.loose) == ([], 0)


async def test_sign_ups_all_at_once_behind_a_pooler(pair: list[Api]) -> None:
    """
    DU-4: of many for one address one account comes, whichever server each of them meets.
    """
    answers = await asyncio.gather(
        *(
            pair[turn % 2].post(
                "/api/v1/users",
                {"email": "ada@example.com", "password": "violet kettle hums softly"},
            )
            for turn in range(10)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    mails = await pair[0].mails("ada@example.com")
    assert mails
